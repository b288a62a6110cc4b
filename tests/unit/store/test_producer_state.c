/* test_producer_state.c - what a batch with a producer id is to its partition, and what is kept of
 * whom. */
#include "dataplane/store/producer_state.h"

#include <criterion/criterion.h>

enum { IDS = 16, SLOTS = 4, SLOT = 2 };

static struct producers table;
static int64_t next_offset;

static void begin(void)
{
	cr_assert(producers_init(&table, IDS, SLOTS) == 0);
}

static void end(void)
{
	producers_fini(&table);
}

TestSuite(producer_state, .init = begin, .fini = end);

static struct record_batch_header batch(int64_t id, int16_t epoch, int32_t sequence, uint32_t count)
{
	struct record_batch_header h = {
		.base_offset = be64_of((uint64_t)next_offset),
		.last_offset_delta = be32_of(count - 1),
		.max_timestamp = be64_of((uint64_t)(1000 + next_offset)),
		.producer_id = be64_of((uint64_t)id),
		.producer_epoch = be16_of((uint16_t)epoch),
		.base_sequence = be32_of((uint32_t)sequence),
		.count = be32_of(count),
	};
	return h;
}

static struct producer_batch original;

/* As the log does it: what comes next has its offsets from then on. */
static enum producer_verdict take_of(uint32_t slot, int64_t id, int16_t epoch, int32_t sequence,
				     uint32_t count)
{
	struct record_batch_header h = batch(id, epoch, sequence, count);
	enum producer_verdict v =
		producers_take(&table, slot, &h, (uint64_t)next_offset, &original);
	if (v == PRODUCER_NEXT)
		next_offset += count;
	return v;
}

static enum producer_verdict take(int16_t epoch, int32_t sequence, uint32_t count)
{
	return take_of(SLOT, 7, epoch, sequence, count);
}

Test(producer_state, an_unknown_id_may_begin_with_any_sequence)
{
	cr_assert(take(3, 4711, 2) == PRODUCER_NEXT);
	cr_assert(take(3, 4713, 1) == PRODUCER_NEXT);
}

/* ---- a partition that comes back ----------------------------------------------------------- */

static void refuse(int16_t epoch, int32_t sequence, uint32_t count)
{
	struct record_batch_header h = batch(7, epoch, sequence, count);
	producers_await(&table, SLOT, &h, 0);
}

Test(producer_state, an_unknown_id_that_was_refused_goes_on_with_that_batch_and_no_later_one)
{
	refuse(0, INT32_MAX, 2);
	refuse(0, 1, 1);
	cr_assert(take(0, 1, 1) == PRODUCER_OUT_OF_ORDER);
	cr_assert(take(0, INT32_MAX, 2) == PRODUCER_NEXT);
	cr_assert(take(0, INT32_MAX, 2) == PRODUCER_DUPLICATE && original.last_offset == 1);
	cr_assert(take(0, 1, 1) == PRODUCER_NEXT);
	cr_assert(!producer_is_awaited(producers_find(&table, SLOT, 7)));
	refuse(0, 5, 1);
	cr_assert(take(0, 2, 1) == PRODUCER_NEXT, "who is known goes on as before");
}

Test(producer_state, one_that_was_refused_may_begin_anew_with_its_next_epoch)
{
	refuse(3, 4, 2);
	cr_assert(take(2, 4, 2) == PRODUCER_FENCED);
	cr_assert(take(4, 1, 1) == PRODUCER_OUT_OF_ORDER);
	cr_assert(take(4, 0, 1) == PRODUCER_NEXT);
}

/* Nothing of 7 is durable, and of 8 something is: its log knows that when it comes back. */
Test(producer_state, what_was_noted_and_not_stored_is_awaited_when_a_log_comes_back)
{
	take_of(SLOT, 8, 0, 0, 1);
	take(0, 10, 3);
	take(0, 13, 1);
	producers_suspend(&table, SLOT, 1);
	cr_assert(!producers_find(&table, SLOT, 8) && producers_count(&table, SLOT) == 1);
	producers_suspend(&table, SLOT, 1);
	cr_assert(take(0, 13, 1) == PRODUCER_OUT_OF_ORDER);
	cr_assert(take(0, 10, 3) == PRODUCER_NEXT);
}

/* What was not answered was stored for all that. */
Test(producer_state, what_lies_in_a_log_goes_before_what_is_awaited)
{
	struct producers found;
	cr_assert(producers_init(&found, IDS, 1) == 0);
	struct record_batch_header h = batch(7, 0, 10, 3);
	producers_note(&found, 0, &h, 0);
	take(0, 10, 3);
	producers_suspend(&table, SLOT, 0);
	producers_put_all(&table, SLOT, &found, 0);
	producers_fini(&found);
	cr_assert(take(0, 10, 3) == PRODUCER_DUPLICATE && original.last_offset == 2);
	cr_assert(take(0, 13, 1) == PRODUCER_NEXT);
}

Test(producer_state, what_comes_again_is_known_with_its_offsets_and_time)
{
	take(0, 0, 3);
	take(0, 3, 5);
	cr_assert(take(0, 3, 5) == PRODUCER_DUPLICATE);
	cr_assert(original.last_offset == 7 && original.offset_delta == 4);
	cr_assert(original.timestamp == 1003);
	cr_assert(take(0, 0, 3) == PRODUCER_DUPLICATE);
	cr_assert(original.last_offset == 2 && original.timestamp == 1000);
	cr_assert(take(0, 8, 1) == PRODUCER_NEXT);
}

Test(producer_state, five_batches_are_known_and_no_sixth)
{
	for (int32_t s = 0; s < 6; s++)
		cr_assert(take(0, s, 1) == PRODUCER_NEXT);
	for (int32_t s = 1; s < 6; s++) {
		cr_assert(take(0, s, 1) == PRODUCER_DUPLICATE);
		cr_assert(original.last_offset == s);
	}
	cr_assert(take(0, 0, 1) == PRODUCER_OUT_OF_ORDER);
}

Test(producer_state, a_part_of_what_was_stored_is_no_duplicate)
{
	take(0, 0, 4);
	cr_assert(take(0, 0, 3) == PRODUCER_OUT_OF_ORDER);
	cr_assert(take(0, 1, 3) == PRODUCER_OUT_OF_ORDER);
	cr_assert(take(0, 3, 2) == PRODUCER_OUT_OF_ORDER);
}

Test(producer_state, behind_a_gap_nothing_is_taken)
{
	take(0, 0, 1);
	cr_assert(take(0, 2, 1) == PRODUCER_OUT_OF_ORDER);
	cr_assert(take(0, 3, 1) == PRODUCER_OUT_OF_ORDER);
	cr_assert(take(0, 1, 1) == PRODUCER_NEXT);
}

Test(producer_state, the_sequence_after_the_highest_is_0)
{
	cr_assert(take(0, INT32_MAX - 1, 2) == PRODUCER_NEXT);
	cr_assert(take(0, 0, 1) == PRODUCER_NEXT);
	cr_assert(take(0, INT32_MAX - 1, 2) == PRODUCER_DUPLICATE);
	cr_assert(original.last_offset == 1);
}

Test(producer_state, a_batch_may_lie_across_the_highest)
{
	cr_assert(take(0, INT32_MAX, 3) == PRODUCER_NEXT);
	cr_assert(take(0, 1, 1) == PRODUCER_OUT_OF_ORDER);
	cr_assert(take(0, INT32_MAX, 3) == PRODUCER_DUPLICATE);
	cr_assert(take(0, 2, 1) == PRODUCER_NEXT);
}

Test(producer_state, an_older_epoch_is_fenced)
{
	take(5, 0, 1);
	cr_assert(take(4, 1, 1) == PRODUCER_FENCED);
	cr_assert(take(4, 0, 1) == PRODUCER_FENCED, "a duplicate of it, too");
	cr_assert(take(5, 1, 1) == PRODUCER_NEXT);
}

Test(producer_state, a_newer_epoch_begins_with_0_and_forgets_what_was)
{
	for (int32_t s = 0; s < 3; s++)
		take(0, s, 1);
	cr_assert(take(1, 3, 1) == PRODUCER_OUT_OF_ORDER);
	cr_assert(take(1, 0, 1) == PRODUCER_NEXT);
	cr_assert(take(1, 0, 1) == PRODUCER_DUPLICATE);
	cr_assert(original.last_offset == 3);
	cr_assert(take(1, 2, 1) == PRODUCER_OUT_OF_ORDER, "no duplicate of the old epoch's");
	cr_assert(take(1, 1, 1) == PRODUCER_NEXT);
}

Test(producer_state, partitions_and_ids_have_nothing_to_do_with_each_other)
{
	take_of(0, 7, 0, 0, 1);
	cr_assert(take_of(1, 7, 0, 5, 1) == PRODUCER_NEXT);
	cr_assert(take_of(0, 8, 0, 9, 1) == PRODUCER_NEXT);
	cr_assert(take_of(0, 7, 0, 1, 1) == PRODUCER_NEXT);
	cr_assert(producers_count(&table, 0) == 2 && producers_count(&table, 1) == 1);
}

Test(producer_state, who_wrote_longest_ago_goes_first)
{
	for (int64_t id = 0; id < IDS; id++)
		take_of(SLOT, id, 0, 0, 1);
	take_of(SLOT, 0, 0, 1, 1);
	take_of(SLOT, IDS, 0, 0, 1);
	cr_assert(producers_count(&table, SLOT) == IDS);
	cr_assert(take_of(SLOT, 0, 0, 1, 1) == PRODUCER_DUPLICATE);
	cr_assert(take_of(SLOT, 2, 0, 0, 1) == PRODUCER_DUPLICATE);
	cr_assert(take_of(SLOT, 1, 0, 0, 1) == PRODUCER_NEXT, "it was forgotten");
}

Test(producer_state, who_has_not_written_for_long_is_forgotten_some_at_a_time)
{
	for (int64_t id = 0; id < 6; id++)
		take_of(SLOT, id, 0, 0, 1);
	cr_assert(producers_expire(&table, 4, 3) == 3);
	cr_assert(producers_expire(&table, 4, 3) == 1);
	cr_assert(producers_expire(&table, 4, 3) == 0);
	cr_assert(producers_count(&table, SLOT) == 2);
	cr_assert(take_of(SLOT, 4, 0, 0, 1) == PRODUCER_DUPLICATE);
}

Test(producer_state, what_a_partition_knew_goes_with_it)
{
	for (int64_t id = 0; id < 5; id++) {
		take_of(0, id, 0, 0, 1);
		take_of(1, id, 0, 0, 1);
	}
	producers_forget(&table, 0);
	cr_assert(producers_count(&table, 0) == 0 && producers_first(&table, 0) == NULL);
	cr_assert(take_of(0, 3, 0, 9, 1) == PRODUCER_NEXT);
	cr_assert(take_of(1, 3, 0, 0, 1) == PRODUCER_DUPLICATE);
	unsigned n = 0;
	for (const struct producer *p = producers_first(&table, 1); p;
	     p = producers_after(&table, p))
		n++;
	cr_assert(n == 5);
}

Test(producer_state, places_are_used_again_for_ever)
{
	for (int64_t id = 0; id < 1000; id++) {
		cr_assert(take_of((uint32_t)id % SLOTS, id, 0, 0, 1) == PRODUCER_NEXT);
		if (id % 100 == 99)
			producers_forget(&table, (uint32_t)id / 100 % SLOTS);
	}
	cr_assert(table.count <= IDS && table.fresh <= IDS + 1);
}

Test(producer_state, what_lies_in_a_log_is_noted_as_it_is)
{
	struct record_batch_header h = batch(7, 0, 0, 1);
	producers_note(&table, SLOT, &h, 0);
	h = batch(7, 0, 50, 2);
	producers_note(&table, SLOT, &h, 0);
	cr_assert(take(0, 52, 1) == PRODUCER_NEXT);
	cr_assert(take(0, 50, 2) == PRODUCER_DUPLICATE);
}

Test(producer_state, a_table_moves_into_another_in_the_order_of_writing)
{
	struct producers from;
	cr_assert(producers_init(&from, 4, 1) == 0);
	for (int64_t id = 3; id >= 0; id--) {
		struct record_batch_header h = batch(id, 2, 10, 1);
		producers_note(&from, 0, &h, 1);
	}
	take_of(SLOT, 3, 1, 0, 1);
	producers_put_all(&table, SLOT, &from, 5);
	producers_fini(&from);
	cr_assert(producers_count(&table, SLOT) == 4);
	cr_assert(take_of(SLOT, 3, 1, 1, 1) == PRODUCER_FENCED, "what is put holds");
	cr_assert(take_of(SLOT, 3, 2, 10, 1) == PRODUCER_DUPLICATE);
	cr_assert(table.places[table.places[0].newer].id == 3);
	cr_assert(table.places[table.places[0].older].id == 0);
}
