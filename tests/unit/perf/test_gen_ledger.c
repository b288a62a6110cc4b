/* test_gen_ledger.c - batches one after the other: what is missing, what comes again. */
#include "perf/gen_ledger.h"

#include <criterion/criterion.h>

static struct gen_reads reads;
static struct gen_place place;

static void begin(int64_t next)
{
	reads = (struct gen_reads){0};
	place = (struct gen_place){.next = next, .until = -1};
}

static void give(int64_t first, uint32_t offsets, uint32_t records, bool is_sound)
{
	struct record_batch_header h;
	record_batch_build(&h, records, 1, 1);
	record_batch_place(&h, first, 0);
	record_batch_set_size(&h, 100);
	h.last_offset_delta = be32_of(offsets - 1);
	gen_ledger_batch(&reads, &place, &h, is_sound);
}

Test(gen_ledger, batches_that_follow_each_other_are_even)
{
	begin(10);
	give(10, 4, 4, true);
	give(14, 1, 1, true);
	give(15, 100, 100, true);
	cr_assert(place.next == 115 && reads.records == 105 && reads.batches == 3);
	cr_assert(reads.bytes == 300 && !gen_reads_wrong(&reads));
}

Test(gen_ledger, what_is_left_out_is_a_gap)
{
	begin(10);
	give(10, 4, 4, true);
	give(16, 4, 4, true);
	cr_assert(reads.gaps == 2 && reads.records == 8 && place.next == 20);
	cr_assert(gen_reads_wrong(&reads));
}

Test(gen_ledger, a_first_batch_behind_the_offset_asked_for_is_a_gap)
{
	begin(10);
	give(11, 4, 4, true);
	cr_assert(reads.gaps == 1);
}

Test(gen_ledger, offsets_without_records_are_a_gap)
{
	begin(0);
	give(0, 10, 7, true);
	cr_assert(reads.gaps == 3 && reads.records == 7 && place.next == 10);
}

Test(gen_ledger, what_comes_again_is_a_duplicate)
{
	begin(0);
	give(0, 10, 10, true);
	give(0, 10, 10, true);
	cr_assert(reads.duplicates == 10 && reads.records == 10 && place.next == 10);
	give(8, 4, 4, true);
	cr_assert(reads.duplicates == 12 && reads.records == 12 && place.next == 12);
	cr_assert(gen_reads_wrong(&reads));
}

/* Offsets within a batch may be asked for. */
Test(gen_ledger, the_first_batch_may_begin_before_the_offset_asked_for)
{
	begin(4);
	give(0, 10, 10, true);
	cr_assert(reads.duplicates == 0 && reads.records == 6 && place.next == 10);
	give(8, 4, 4, true);
	cr_assert(reads.duplicates == 2, "only the first");
}

Test(gen_ledger, a_first_batch_that_ends_before_the_offset_is_none_that_was_asked_for)
{
	begin(10);
	give(0, 10, 10, true);
	cr_assert(reads.duplicates == 10 && reads.records == 0 && place.next == 10);
}

Test(gen_ledger, a_damaged_batch_is_counted_and_passed_over)
{
	begin(0);
	give(0, 10, 10, false);
	cr_assert(reads.corrupt == 1 && reads.records == 0 && place.next == 10);
	give(10, 1, 1, true);
	cr_assert(reads.gaps == 0 && reads.duplicates == 0 && reads.records == 1);
	cr_assert(gen_reads_wrong(&reads));
}

Test(gen_ledger, offsets_of_a_damaged_batch_that_do_not_follow_are_not_believed)
{
	begin(5);
	give(1000, 10, 10, false);
	cr_assert(reads.corrupt == 1 && place.next == 5);
}

Test(gen_ledger, counts_add_up_and_are_taken_off)
{
	struct gen_reads sum = {.fetches = 5, .sessions_lost = 1};
	struct gen_reads one = {.fetches = 2, .records = 7, .sessions_lost = 1};
	gen_reads_add(&sum, &one, 1);
	cr_assert(sum.fetches == 7 && sum.records == 7 && sum.sessions_lost == 2);
	gen_reads_add(&sum, &one, -1);
	cr_assert(sum.fetches == 5 && sum.records == 0 && sum.sessions_lost == 1);
}
