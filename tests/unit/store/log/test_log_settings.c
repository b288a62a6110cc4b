/* test_log_settings.c - what a topic's settings ask of its log: how much may be unsynced and for
 * how long, how large its indexes and how early its blocks are, over a disk that completes when the
 * test says. */
#include "dataplane/store/log/log_private.h"
#include "tests/unit/store/disk/fake_disk.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	TURNS_PER_MS = 10,
	SEGMENT_BYTES = 1 << 20,
	SMALL_INDEX_BYTES = 1024, /* the least that may be set */
};

static struct rig *create(void)
{
	struct rig *r = rig_create();
	r->turn_ns = 1000000 / TURNS_PER_MS;
	r->options.segment_bytes = SEGMENT_BYTES;
	return r;
}

static void open_rig(struct rig *r, bool is_eager)
{
	fake_eager(r->disk, is_eager, 1);
	cr_assert(rig_open(r, 0, false));
}

/* Whatever is under way is done, and what that lets go to the disk, but syncs. */
static void complete_all_but_syncs(struct rig *r)
{
	for (bool found = true; found;) {
		found = rig_turn(r);
		for (unsigned i = fake_pending(r->disk); i-- > 0;) {
			struct disk_op *op = fake_op(r->disk, i);
			if (op->kind == DISK_SYNC)
				continue;
			fake_complete(r->disk, op);
			found = true;
		}
	}
}

/* Nobody waits for more of them than that they are written. */
static void write_records(struct rig *r, uint32_t count)
{
	rig_append(r, count, 100, ACK_WRITTEN);
	complete_all_but_syncs(r);
}

static unsigned turns_until(struct rig *r, enum disk_kind kind)
{
	unsigned turns = 0;
	for (; fake_count(r->disk, kind) == 0; turns++) {
		cr_assert(turns < 100 * TURNS_PER_MS);
		rig_turn(r);
	}
	return turns;
}

static void complete_sync(struct rig *r, int64_t result)
{
	struct disk_op *sync = fake_find(r->disk, DISK_SYNC);
	cr_assert(sync);
	fake_fail(r->disk, sync, result);
	complete_all_but_syncs(r);
}

static void close_rig(struct rig *r)
{
	fake_eager(r->disk, true, 1);
	rig_drain(r);
	cr_assert(r->answered == r->append_count && r->failed == 0);
	rig_check_content(r);
	rig_destroy(r);
}

/* ---- flush.ms --------------------------------------------------------------------------- */

Test(log_settings, what_nobody_waits_for_is_synced_within_flush_ms)
{
	static const int64_t flush_ms[] = {0, 1, LOG_GATHER_MS - 1, LOG_GATHER_MS, INT64_MAX};
	for (unsigned i = 0; i < array_len(flush_ms); i++) {
		bool may_gather = flush_ms[i] >= LOG_GATHER_MS;
		struct rig *r = create();
		r->options.flush_ms = flush_ms[i];
		open_rig(r, false);
		write_records(r, 1);
		cr_assert(r->answered == 1 && rig_marks(r).recovery_point == 0);
		unsigned turns = turns_until(r, DISK_SYNC);
		cr_assert(may_gather ? turns > TURNS_PER_MS : turns == 0, "%u: %u", i, turns);
		cr_assert(turns <= 2 * TURNS_PER_MS, "never later: %u", turns);
		complete_sync(r, 0);
		cr_assert(rig_marks(r).recovery_point == 1);
		close_rig(r);
	}
}

Test(log_settings, a_busy_core_gathers_no_write_that_flush_ms_is_too_short_for)
{
	static const int64_t flush_ms[] = {LOG_GATHER_MS - 1, LOG_GATHER_MS};
	for (unsigned i = 0; i < array_len(flush_ms); i++) {
		struct rig *r = create();
		open_rig(r, false);
		write_records(r, 1);
		turns_until(r, DISK_SYNC);
		complete_sync(r, 0);
		r->options.flush_ms = flush_ms[i];
		log_alter(r->log, &r->options);
		r->service.is_core_busy = true;
		rig_append(r, 1, 100, ACK_WRITTEN);
		unsigned turns = turns_until(r, DISK_WRITE);
		cr_assert(i == 0 ? turns <= 1 : turns > TURNS_PER_MS, "%u: %u", i, turns);
		close_rig(r);
	}
}

/* ---- flush.messages --------------------------------------------------------------------- */

Test(log_settings, at_flush_messages_1_each_batch_is_synced_before_it_is_answered)
{
	struct rig *r = create();
	r->options.flush_messages = 1;
	open_rig(r, false);
	write_records(r, 1);
	cr_assert(fake_count(r->disk, DISK_SYNC) == 1 && r->answered == 0);
	write_records(r, 3);
	cr_assert(rig_marks(r).written_offset == 4 && r->answered == 0);
	complete_sync(r, 0);
	cr_assert(r->answered == 1 && fake_count(r->disk, DISK_SYNC) == 1);
	complete_sync(r, 0);
	cr_assert(r->answered == 2 && rig_marks(r).recovery_point == 4);
	close_rig(r);
}

Test(log_settings, fewer_records_than_flush_messages_are_answered_before_they_are_synced)
{
	struct rig *r = create();
	r->options.flush_messages = 3;
	open_rig(r, false);
	write_records(r, 1);
	write_records(r, 1);
	cr_assert(r->answered == 2 && fake_count(r->disk, DISK_SYNC) == 0);
	write_records(r, 1);
	cr_assert(r->answered == 2 && fake_count(r->disk, DISK_SYNC) == 1);
	write_records(r, 1);
	write_records(r, 1);
	cr_assert(r->answered == 2, "the sync under way does not cover them");
	complete_sync(r, 0);
	cr_assert(r->answered == 5 && fake_count(r->disk, DISK_SYNC) == 0);
	turns_until(r, DISK_SYNC);
	complete_sync(r, 0);
	write_records(r, 4);
	cr_assert(r->answered == 5, "a batch of more than that waits, too");
	complete_sync(r, 0);
	cr_assert(r->answered == 6);
	close_rig(r);
}

Test(log_settings, flush_messages_holds_from_the_next_answer_on)
{
	struct rig *r = create();
	open_rig(r, false);
	write_records(r, 5);
	cr_assert(r->answered == 1 && fake_count(r->disk, DISK_SYNC) == 0);
	r->options.flush_messages = 2;
	log_alter(r->log, &r->options);
	write_records(r, 1);
	cr_assert(r->answered == 1 && fake_count(r->disk, DISK_SYNC) == 1);
	r->options.flush_messages = INT64_MAX;
	log_alter(r->log, &r->options);
	write_records(r, 1);
	cr_assert(r->answered == 3, "and so does its end");
	close_rig(r);
}

Test(log_settings, a_duplicate_of_what_waits_for_its_sync_waits_for_it_too)
{
	struct rig_producer p = {.id = 7};
	struct rig *r = create();
	r->options.flush_messages = 1;
	open_rig(r, false);
	r->producer = &p;
	write_records(r, 1);
	p.sequence = 0;
	write_records(r, 1);
	cr_assert(r->appends[1].is_duplicate && r->answered == 0);
	complete_sync(r, 0);
	cr_assert(r->answered == 2);
	close_rig(r);
}

Test(log_settings, what_waits_for_a_sync_that_fails_is_told_so)
{
	struct rig *r = create();
	r->options.flush_messages = 1;
	open_rig(r, false);
	write_records(r, 1);
	complete_sync(r, -EIO);
	cr_assert(rig_marks(r).is_fenced && r->answered == 1 && r->failed == 1);
	rig_destroy(r);
}

/* ---- segment.index.bytes, index.interval.bytes ------------------------------------------ */

static void fill(struct rig *r, unsigned batches)
{
	for (unsigned i = 0; i < batches; i++) {
		rig_append(r, 1, 100, ACK_DURABLE);
		rig_drain(r);
	}
}

static size_t size_of(const struct rig *r, int64_t base_offset, const char *ending)
{
	char name[64];
	size_t size;
	snprintf(name, sizeof name, "%020lld%s", (long long)base_offset, ending);
	uint8_t *file = rig_load(r, name, &size);
	cr_assert(file, "%s", name);
	free(file);
	return size;
}

/* The time index is full first: its entries are longer, and room for one is kept for the segment's
 * end. The first batch of a segment has no entry. */
Test(log_settings, a_segment_ends_when_one_of_its_indexes_is_full)
{
	enum { BATCHES = SMALL_INDEX_BYTES / INDEX_TIME_ENTRY_BYTES, ENTRIES = BATCHES - 1 };
	struct rig *r = create();
	r->options.index_interval_bytes = 0;
	open_rig(r, true);
	fill(r, 10);
	r->options.segment_index_bytes = SMALL_INDEX_BYTES;
	log_alter(r->log, &r->options);
	fill(r, 2 * BATCHES);
	cr_assert(r->stats.value[STAT_log_rolls] == 2);
	rig_finish(r);
	for (int64_t base = 0; base < 2 * BATCHES; base += BATCHES) {
		cr_assert(size_of(r, base, ".timeindex") == ENTRIES * INDEX_TIME_ENTRY_BYTES);
		cr_assert(size_of(r, base, ".index") == ENTRIES * INDEX_ENTRY_BYTES);
	}
	open_rig(r, true);
	close_rig(r);
}

Test(log_settings, an_index_made_anew_is_no_larger_either)
{
	struct rig *r = create();
	r->options.index_interval_bytes = 0;
	open_rig(r, true);
	fill(r, SMALL_INDEX_BYTES);
	rig_finish(r);
	cr_assert(size_of(r, 0, ".timeindex") > SMALL_INDEX_BYTES);
	r->options.segment_index_bytes = SMALL_INDEX_BYTES;
	rig_store(r, "00000000000000000000.index", "", 0);
	open_rig(r, true);
	cr_assert(rig_marks(r).high_watermark == SMALL_INDEX_BYTES);
	cr_assert(size_of(r, 0, ".timeindex") <= SMALL_INDEX_BYTES);
	cr_assert(size_of(r, 0, ".index") <= SMALL_INDEX_BYTES);
	fill(r, 1);
	cr_assert(r->stats.value[STAT_log_rolls] == 1, "it is full");
	close_rig(r);
}

Test(log_settings, the_distance_of_index_entries_may_change_within_a_segment)
{
	struct rig *r = create();
	open_rig(r, true);
	fill(r, 10);
	r->options.index_interval_bytes = 0;
	log_alter(r->log, &r->options);
	fill(r, 10);
	rig_finish(r);
	cr_assert(size_of(r, 0, ".index") == 10 * INDEX_ENTRY_BYTES);
	open_rig(r, true);
	close_rig(r);
}

/* ---- preallocate ------------------------------------------------------------------------ */

Test(log_settings, a_preallocated_file_has_its_whole_size_from_its_first_record_on)
{
	for (int is_whole = 0; is_whole < 2; is_whole++) {
		struct rig *r = create();
		r->options.preallocate = is_whole;
		open_rig(r, true);
		cr_assert(size_of(r, 0, ".log") == 0, "nobody writes to it");
		fill(r, 1);
		cr_assert((size_of(r, 0, ".log") == SEGMENT_BYTES) == is_whole);
		while (r->expected_bytes < SEGMENT_BYTES / 8 * 7) {
			rig_append(r, 1, 10000, ACK_DURABLE);
			rig_drain(r);
		}
		size_t size;
		free(rig_load(r, "next.log.tmp", &size));
		cr_assert(size == SEGMENT_BYTES || !is_whole, "and so has the next one");
		size_t bytes = r->expected_bytes;
		rig_finish(r);
		cr_assert(size_of(r, 0, ".log") == bytes, "behind the last record it is cut");
		open_rig(r, true);
		close_rig(r);
	}
}

Test(log_settings, preallocate_holds_from_the_next_record_on)
{
	struct rig *r = create();
	open_rig(r, true);
	fill(r, 1);
	cr_assert(size_of(r, 0, ".log") < SEGMENT_BYTES);
	r->options.preallocate = true;
	log_alter(r->log, &r->options);
	fill(r, 1);
	cr_assert(size_of(r, 0, ".log") == SEGMENT_BYTES);
	close_rig(r);
}
