/* test_log_trim.c - what is too old, or too much, of a log; and how its files go, over a disk that
 * completes when and how the test says. */
#include "dataplane/base/clock.h"
#include "dataplane/store/log/log_private.h"
#include "tests/unit/store/cut_watch.h"
#include "tests/unit/store/disk/fake_disk.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Nine batches to a segment. */
enum {
	SEGMENT_BYTES = 100000,
	VALUE_BYTES = 10000,
	OF_SEGMENT = 9,
	DELAY_S = 3,
	CUT_BYTES = 30000,
};

#define FIRST_MS INT64_C(1700000000000)

static struct rig *open_rig(void)
{
	struct rig *r = rig_create();
	r->options.segment_bytes = SEGMENT_BYTES;
	r->options.file_delete_delay_ms = DELAY_S * 1000;
	fake_eager(r->disk, true, 1);
	cr_assert(rig_open(r, 0, false));
	return r;
}

/* A minute between one and the next. */
static void append(struct rig *r, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		r->time_ms = FIRST_MS + 60000 * (int64_t)r->append_count;
		rig_append(r, 1, VALUE_BYTES, ACK_DURABLE);
	}
	rig_drain(r);
}

static int64_t time_of(unsigned batch)
{
	return FIRST_MS + 60000 * (int64_t)batch;
}

static void pass_s(struct rig *r, unsigned seconds)
{
	r->turn_ns = NS_PER_S;
	for (unsigned i = 0; i < seconds; i++)
		rig_turn(r);
	r->turn_ns = NS_PER_S / 1000;
	for (unsigned i = 0; i < 20; i++)
		rig_turn(r);
}

static bool has(const struct rig *r, int64_t base, const char *ending)
{
	char name[64];
	snprintf(name, sizeof name, "%020lld%s", (long long)base, ending);
	return rig_has(r, name);
}

/* Of the three files of a segment, so many. */
static unsigned count_files(const struct rig *r, int64_t base, const char *ending)
{
	static const char *const files[] = {".log", ".index", ".timeindex"};
	unsigned count = 0;
	for (unsigned i = 0; i < array_len(files); i++) {
		char both[32];
		snprintf(both, sizeof both, "%s%s", files[i], ending);
		count += has(r, base, both);
	}
	return count;
}

/* All from the log's start on is there as it was appended, and nothing before. */
static void check_from(struct rig *r, int64_t start)
{
	cr_assert(rig_marks(r).log_start_offset == start);
	size_t batch_bytes = r->expected_bytes / r->append_count;
	for (int64_t at = start; at < (int64_t)r->append_count; at++) {
		struct read_msg read = rig_read(r, at, 4, (uint32_t)batch_bytes);
		cr_assert(read.error == 0 && read.bytes.size == batch_bytes, "%d", read.error);
		uint8_t *found = malloc(batch_bytes);
		chain_copy_out(&read.bytes, 0, found, batch_bytes);
		cr_assert(memcmp(found, r->expected + (size_t)at * batch_bytes, batch_bytes) == 0);
		free(found);
		chain_give(&read.bytes);
	}
	if (start > 0) {
		struct read_msg below = rig_read(r, start - 1, 4, SEGMENT_BYTES);
		cr_assert(below.error == KAFKA_ERROR_OFFSET_OUT_OF_RANGE);
		chain_give(&below.bytes);
	}
}

/* As control does: the start is known to it first. */
static void delete_below(struct rig *r, int64_t start)
{
	r->log_start_offset = start;
	log_delete_records(r->log, start);
}

static void end(struct rig *r)
{
	fake_eager(r->disk, true, 1);
	rig_drain(r);
	rig_finish(r);
	rig_destroy(r);
}

/* ---- which ------------------------------------------------------------------------------- */

Test(log_trim, of_a_large_log_as_much_stays_as_is_to_be_kept)
{
	struct rig *r = open_rig();
	append(r, 3 * OF_SEGMENT + 2);
	size_t batch_bytes = r->expected_bytes / r->append_count;
	cr_assert(log_expire(r->log, INT64_MAX) == 0, "nothing is to go");
	r->options.retention_bytes = (int64_t)(batch_bytes * (OF_SEGMENT + 2));
	log_alter(r->log, &r->options);
	cr_assert(log_expire(r->log, 0) == 2 * OF_SEGMENT);
	r->options.retention_bytes++;
	log_alter(r->log, &r->options);
	cr_assert(log_expire(r->log, 0) == OF_SEGMENT);
	r->options.retention_bytes = 0;
	log_alter(r->log, &r->options);
	cr_assert(log_expire(r->log, 0) == 3 * OF_SEGMENT, "the active one counts for nothing");
	end(r);
}

Test(log_trim, of_a_compacted_log_nothing_goes_for_its_age_or_size_unless_both_are_said)
{
	struct rig *r = open_rig();
	append(r, 3 * OF_SEGMENT + 2);
	r->options.retention_bytes = r->options.retention_ms = 0;
	r->options.cleanup_policy = CLEANUP_COMPACT;
	log_alter(r->log, &r->options);
	cr_assert(log_expire(r->log, INT64_MAX) == 0);
	r->options.cleanup_policy = CLEANUP_COMPACT | CLEANUP_DELETE;
	log_alter(r->log, &r->options);
	cr_assert(log_expire(r->log, 0) == 3 * OF_SEGMENT);
	end(r);
}

Test(log_trim, a_segment_is_as_old_as_the_youngest_of_its_records)
{
	struct rig *r = open_rig();
	append(r, 2 * OF_SEGMENT + 2);
	r->options.retention_ms = 1000;
	log_alter(r->log, &r->options);
	int64_t last_ms = time_of(OF_SEGMENT - 1);
	cr_assert(log_expire(r->log, last_ms + 1000) == 0);
	cr_assert(log_expire(r->log, last_ms + 1001) == OF_SEGMENT);
	cr_assert(log_expire(r->log, time_of(2 * OF_SEGMENT - 1) + 1001) == 2 * OF_SEGMENT);
	cr_assert(log_expire(r->log, time_of(2 * OF_SEGMENT + 1) + 1001) == r->append_count);
	/* A start finds them as old as they were, by their indexes and by their batches. */
	for (unsigned is_clean = 0; is_clean < 2; is_clean++) {
		rig_finish(r);
		cr_assert(rig_open(r, is_clean ? r->append_count : 0, is_clean));
		cr_assert(log_expire(r->log, last_ms + 1000) == 0);
		cr_assert(log_expire(r->log, last_ms + 1001) == OF_SEGMENT);
	}
	end(r);
}

Test(log_trim, what_is_not_durable_does_not_go)
{
	struct rig *r = open_rig();
	append(r, 2);
	r->options.retention_ms = 1000;
	log_alter(r->log, &r->options);
	fake_eager(r->disk, false, 0);
	rig_append(r, 1, VALUE_BYTES, ACK_DURABLE);
	rig_turn(r);
	cr_assert(log_expire(r->log, INT64_MAX) == 2);
	end(r);
}

Test(log_trim, a_batch_much_later_than_the_first_begins_a_segment)
{
	struct rig *r = open_rig();
	r->options.segment_bytes = 1 << 20;
	r->options.segment_ms = 5 * 60000;
	r->options.segment_jitter_ms = 2 * 60000;
	log_alter(r->log, &r->options);
	append(r, 30);
	uint64_t rolls = r->stats.value[STAT_log_rolls];
	cr_assert(rolls >= 30 / 6 && rolls <= 30 / 4, "%lu", (unsigned long)rolls);
	/* So it is after a start. */
	rig_finish(r);
	cr_assert(rig_open(r, r->append_count, true));
	append(r, 7);
	cr_assert(r->stats.value[STAT_log_rolls] > rolls);
	end(r);
}

/* A log without places takes nothing any more; a producer's clock is not to bring it there. */
Test(log_trim, half_of_all_places_are_for_segments_that_are_full)
{
	struct rig *r = open_rig();
	r->options.segment_ms = 1;
	log_alter(r->log, &r->options);
	append(r, 3);
	uint64_t rolls = r->stats.value[STAT_log_rolls];
	cr_assert(rolls == 2);
	r->log->segments.fresh = SEGMENTS_MAX / 2;
	append(r, 3);
	cr_assert(r->stats.value[STAT_log_rolls] == rolls);
	append(r, 2 * OF_SEGMENT);
	cr_assert(r->stats.value[STAT_log_rolls] > rolls, "those that are full end");
	end(r);
}

/* ---- how --------------------------------------------------------------------------------- */

Test(log_trim, files_get_other_names_and_go_a_while_later)
{
	struct rig *r = open_rig();
	append(r, 3 * OF_SEGMENT + 2);
	uint64_t size = rig_marks(r).size_bytes;
	delete_below(r, OF_SEGMENT + 1);
	rig_drain(r);
	cr_assert(count_files(r, 0, "") == 0 && count_files(r, 0, ".deleted") == 3);
	cr_assert(count_files(r, OF_SEGMENT, "") == 3, "a record of it is left");
	cr_assert(r->stats.value[STAT_log_segments_deleted] == 1);
	cr_assert(rig_marks(r).size_bytes ==
		  size - r->stats.value[STAT_log_bytes_deleted]);
	pass_s(r, DELAY_S - 1);
	cr_assert(count_files(r, 0, ".deleted") == 3);
	pass_s(r, 2);
	cr_assert(count_files(r, 0, ".deleted") == 0);
	check_from(r, OF_SEGMENT + 1);
	delete_below(r, 3 * OF_SEGMENT);
	rig_drain(r);
	pass_s(r, DELAY_S + 1);
	cr_assert(count_files(r, OF_SEGMENT, ".deleted") + count_files(r, OF_SEGMENT, "") == 0);
	cr_assert(count_files(r, 2 * OF_SEGMENT, ".deleted") == 0);
	check_from(r, 3 * OF_SEGMENT);
	end(r);
}

Test(log_trim, an_active_segment_without_a_record_left_is_rolled)
{
	struct rig *r = open_rig();
	append(r, 2);
	delete_below(r, 2);
	rig_drain(r);
	pass_s(r, DELAY_S + 1);
	cr_assert(count_files(r, 0, "") + count_files(r, 0, ".deleted") == 0);
	cr_assert(count_files(r, 2, "") == 3);
	cr_assert(rig_marks(r).size_bytes == 0 && rig_marks(r).max_timestamp == -1);
	append(r, 2);
	check_from(r, 2);
	rig_finish(r);
	cr_assert(rig_open(r, 4, true) && !r->found.is_corrupt, "%s", r->found.message);
	end(r);
}

Test(log_trim, the_largest_time_is_that_of_a_record_that_is_left)
{
	struct rig *r = open_rig();
	append(r, 1);
	r->time_ms = time_of(1000);
	rig_append(r, 1, VALUE_BYTES, ACK_DURABLE);
	append(r, 2 * OF_SEGMENT);
	cr_assert(rig_marks(r).max_timestamp == time_of(1000));
	delete_below(r, OF_SEGMENT);
	rig_drain(r);
	struct log_marks marks = rig_marks(r);
	cr_assert(marks.max_timestamp == time_of(r->append_count - 1));
	cr_assert(marks.max_timestamp_offset == r->append_count - 1);
	end(r);
}

Test(log_trim, a_start_does_not_count_the_time_of_a_record_that_is_gone)
{
	struct rig *r = open_rig();
	r->time_ms = time_of(1000);
	rig_append(r, 1, VALUE_BYTES, ACK_DURABLE);
	append(r, 2 * OF_SEGMENT);
	rig_abandon(r);
	r->log_start_offset = OF_SEGMENT;
	cr_assert(rig_open(r, 0, false) && !r->found.is_corrupt);
	struct log_marks marks = rig_marks(r);
	cr_assert(marks.max_timestamp == time_of(r->append_count - 1));
	cr_assert(marks.max_timestamp_offset == r->append_count - 1);
	end(r);
}

Test(log_trim, who_reads_in_a_segment_goes_on)
{
	struct rig *r = open_rig();
	append(r, 2 * OF_SEGMENT);
	fake_eager(r->disk, false, 0);
	struct read_list list;
	struct read_msg read = {.offset = 3, .bytes_max = VALUE_BYTES};
	read_list_init(&list, 0);
	read_list_add(&list, &read);
	for (unsigned i = 0; i < 4; i++)
		chain_push(&read.bytes, chunk_take(&r->pool));
	log_read(r->log, &read);
	rig_turn(r);
	cr_assert(fake_count(r->disk, DISK_READ) == 1);
	struct disk_op *held = fake_find(r->disk, DISK_READ);
	delete_below(r, OF_SEGMENT);
	for (unsigned second = 0; second < 2 * DELAY_S; second++) {
		pass_s(r, 1);
		for (unsigned i = fake_pending(r->disk); i-- > 0;)
			if (fake_op(r->disk, i) != held)
				fake_complete(r->disk, fake_op(r->disk, i));
	}
	cr_assert(count_files(r, 0, ".deleted") == 3, "somebody reads in it");
	fake_eager(r->disk, true, 1);
	rig_drain(r);
	pass_s(r, 2);
	cr_assert(count_files(r, 0, ".deleted") == 0);
	chain_give(&read.bytes);
	end(r);
}

Test(log_trim, a_read_that_waits_while_its_segment_goes_is_out_of_range)
{
	struct rig *r = open_rig();
	void *taken[LOG_READS_MAX];
	append(r, 2 * OF_SEGMENT);
	for (unsigned i = 0; i < LOG_READS_MAX; i++)
		taken[i] = slab_take(&r->service.reads);
	struct read_list list;
	struct read_msg read = {.offset = 3, .bytes_max = VALUE_BYTES};
	read_list_init(&list, 0);
	read_list_add(&list, &read);
	chain_push(&read.bytes, chunk_take(&r->pool));
	log_read(r->log, &read);
	delete_below(r, OF_SEGMENT);
	for (unsigned i = 0; i < 20; i++)
		rig_turn(r);
	cr_assert(count_files(r, 0, "") == 0);
	for (unsigned i = 0; i < LOG_READS_MAX; i++)
		slab_give(&r->service.reads, taken[i]);
	for (unsigned i = 0; i < 20; i++)
		rig_turn(r);
	cr_assert(read.error == KAFKA_ERROR_OFFSET_OUT_OF_RANGE);
	chain_give(&read.bytes);
	end(r);
}

static uint64_t size_of(const struct rig *r, int64_t base)
{
	char path[256];
	struct stat st;
	snprintf(path, sizeof path, "%s/%020lld.log.deleted", r->directory, (long long)base);
	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* What the task has at the disk, all else is done: one operation, of this kind. */
static struct disk_op *step_of(struct rig *r, enum disk_kind kind)
{
	struct disk_op *step = NULL;
	for (unsigned i = fake_pending(r->disk); i-- > 0;) {
		struct disk_op *op = fake_op(r->disk, i);
		if (op->tag == LOG_TAG_TRIM)
			step = op;
		else
			fake_complete(r->disk, op);
	}
	cr_assert(step && step->kind == kind && r->log->at_trim.operations == 1, "%d",
		  step ? step->kind : -1);
	return step;
}

static void complete(struct rig *r, struct disk_op *op)
{
	fake_complete(r->disk, op);
	pass_s(r, 0);
}

/* That it has a new one is made durable, and that it is the only one looked up. */
static void complete_names(struct rig *r)
{
	cr_assert(r->log->at_trim.step == LOG_TRIM_SYNC_NAMES);
	bool is_synced = false;
	for (unsigned i = fake_pending(r->disk); i-- > 0;) {
		struct disk_op *op = fake_op(r->disk, i);
		is_synced |= op->tag == LOG_TAG_TRIM && op->kind == DISK_SYNC &&
			     (op->flags & DISK_FLAG_DIRECTORY);
		cr_assert(op->kind != DISK_COMMIT);
		fake_complete(r->disk, op);
	}
	cr_assert(is_synced);
	pass_s(r, 0);
}

/* Its name first, as a start would see it; then piece by piece. */
Test(log_trim, a_large_file_is_cut_before_it_goes)
{
	struct rig *r = open_rig();
	r->service.cut_bytes = CUT_BYTES;
	append(r, 3 * OF_SEGMENT);
	delete_below(r, OF_SEGMENT);
	rig_drain(r);
	uint64_t size = size_of(r, 0);
	fake_eager(r->disk, false, 0);
	pass_s(r, DELAY_S + 1);
	complete_names(r);
	for (; size > CUT_BYTES; size -= CUT_BYTES) {
		cr_assert(size_of(r, 0) == size);
		complete(r, step_of(r, DISK_COMMIT));
	}
	cr_assert(size_of(r, 0) == size && count_files(r, 0, ".deleted") == 3);
	cr_assert(r->log->at_trim.step == LOG_TRIM_REMOVE);
	fake_eager(r->disk, true, 1);
	pass_s(r, 0);
	cr_assert(count_files(r, 0, ".deleted") == 0);
	check_from(r, OF_SEGMENT);
	end(r);
}

/* `cp -al` of the directory while it had its old name. */
Test(log_trim, a_file_with_another_name_goes_whole)
{
	struct rig *r = open_rig();
	char from[256], to[256];
	snprintf(from, sizeof from, "%s/%020d.log", r->directory, 0);
	snprintf(to, sizeof to, "%s/backup", r->directory);
	r->service.cut_bytes = CUT_BYTES;
	append(r, 2 * OF_SEGMENT);
	size_t size, left;
	uint8_t *before = rig_load(r, "00000000000000000000.log", &size);
	cr_assert(link(from, to) == 0);
	delete_below(r, OF_SEGMENT);
	rig_drain(r);
	pass_s(r, DELAY_S + 1);
	cr_assert(count_files(r, 0, ".deleted") == 0);
	uint8_t *after = rig_load(r, "backup", &left);
	cr_assert(after && left == size && memcmp(before, after, size) == 0);
	free(before);
	free(after);
	end(r);
}

Test(log_trim, a_start_removes_what_was_cut)
{
	struct rig *r = open_rig();
	r->service.cut_bytes = CUT_BYTES;
	append(r, 3 * OF_SEGMENT);
	delete_below(r, 2 * OF_SEGMENT);
	rig_drain(r);
	uint64_t size = size_of(r, 0);
	fake_eager(r->disk, false, 0);
	pass_s(r, DELAY_S + 1);
	complete_names(r);
	complete(r, step_of(r, DISK_COMMIT));
	cr_assert(size_of(r, 0) == size - CUT_BYTES);
	fake_eager(r->disk, true, 1);
	rig_abandon(r);
	cr_assert(rig_open(r, 0, false) && !r->found.is_corrupt, "%s", r->found.message);
	cr_assert(count_files(r, 0, ".deleted") == 0);
	check_from(r, 2 * OF_SEGMENT);
	end(r);
}

Test(log_trim, a_file_that_cannot_be_cut_fences_its_log_and_no_other_waits)
{
	struct rig *r = open_rig();
	r->service.cut_bytes = CUT_BYTES;
	append(r, 2 * OF_SEGMENT);
	delete_below(r, OF_SEGMENT);
	rig_drain(r);
	fake_fail_at(r->disk, DISK_COMMIT, 1, -EIO);
	pass_s(r, DELAY_S + 1);
	cr_assert(r->log->is_fenced && !r->service.trimming);
	cr_assert(count_files(r, 0, ".deleted") == 3);
	end(r);
}

/* ---- when it goes wrong -------------------------------------------------------------------- */

enum fate { KEPT, RENAMED, REMOVED, FATES };

/* A file of the first segment, as far as a crash let it come. */
static void send_off(const struct rig *r, const char *ending, enum fate fate)
{
	char from[256], to[320];
	snprintf(from, sizeof from, "%s/%020d%s", r->directory, 0, ending);
	snprintf(to, sizeof to, "%s.deleted", from);
	if (fate == RENAMED)
		cr_assert(rename(from, to) == 0);
	if (fate == REMOVED)
		cr_assert(unlink(from) == 0);
}

static void start_with_a_segment_on_its_way(enum fate log, enum fate index, enum fate times)
{
	struct rig *r = open_rig();
	append(r, 3 * OF_SEGMENT);
	rig_abandon(r);
	r->log_start_offset = 2 * OF_SEGMENT;
	send_off(r, ".log", log);
	send_off(r, ".index", index);
	send_off(r, ".timeindex", times);
	cr_assert(rig_open(r, 0, false) && !r->found.is_corrupt, "%d %d %d: %s", log, index,
		  times, r->found.message);
	/* Before it is served. */
	cr_assert(count_files(r, 0, "") + count_files(r, 0, ".deleted") == 0, "%d %d %d", log,
		  index, times);
	cr_assert(count_files(r, OF_SEGMENT, "") == 0);
	check_from(r, 2 * OF_SEGMENT);
	end(r);
}

Test(log_trim, a_start_removes_what_was_to_go_and_goes_on_with_the_rest)
{
	for (unsigned i = 0; i < FATES * FATES * FATES; i++)
		start_with_a_segment_on_its_way(i % FATES, i / FATES % FATES,
						i / FATES / FATES);
}

/* Two of them, of more than a piece each, and what a crash has left of a third. */
Test(log_trim, a_start_cuts_what_goes_by_no_name_of_a_segment)
{
	enum { MIB = 1 << 20, LARGE_BATCHES = 10 };
	struct rig *r = rig_create();
	r->options.segment_bytes = (LARGE_BATCHES + 1) * MIB;
	fake_eager(r->disk, true, 1);
	cr_assert(rig_open(r, 0, false));
	for (unsigned i = 0; i < 3 * LARGE_BATCHES; i++) {
		rig_append(r, 1, MIB, ACK_DURABLE);
		rig_drain(r);
	}
	rig_abandon(r);
	cr_assert(has(r, 2 * LARGE_BATCHES, ".log"));
	rig_store(r, "00000000000000000000.index.deleted", "", 0);
	cut_watch_enlarge(r->directory, "00000000000000000000.index.deleted");
	r->log_start_offset = 2 * LARGE_BATCHES;
	cut_watch_begin(r->control);
	cr_assert(rig_open(r, 0, false) && !r->found.is_corrupt, "%s", r->found.message);
	/* And of the next segment, which the crash found with its blocks. */
	cr_assert(cut_watch_end(r->control) >= 1 + 1 + 2);
	for (int64_t base = 0; base < 2 * LARGE_BATCHES; base += LARGE_BATCHES)
		cr_assert(count_files(r, base, "") + count_files(r, base, ".deleted") == 0);
	cr_assert(rig_marks(r).log_start_offset == 2 * LARGE_BATCHES);
	end(r);
}

/* There is no room for the longer name. */
Test(log_trim, a_start_on_a_full_disk_is_rid_of_what_goes_at_once)
{
	struct rig *r = open_rig();
	append(r, 3 * OF_SEGMENT);
	rig_abandon(r);
	r->log_start_offset = 2 * OF_SEGMENT;
	fake_fail_at(r->control, DISK_RENAME, 1, -ENOSPC);
	cr_assert(rig_open(r, 0, false) && !r->found.is_corrupt, "%s", r->found.message);
	cr_assert(count_files(r, 0, "") + count_files(r, OF_SEGMENT, "") == 0);
	check_from(r, 2 * OF_SEGMENT);
	end(r);
}

/* The power brought the first one back, and not the one behind it, but for a file: seed 24 of the
 * simulator's. */
Test(log_trim, what_a_power_cut_brings_back_below_the_start_is_nothing)
{
	static const char *const files[] = {".log", ".timeindex"};
	struct rig *r = open_rig();
	append(r, 3 * OF_SEGMENT);
	rig_abandon(r);
	r->log_start_offset = 2 * OF_SEGMENT;
	for (unsigned f = 0; f < array_len(files); f++) {
		char path[256];
		snprintf(path, sizeof path, "%s/%020d%s", r->directory, OF_SEGMENT, files[f]);
		cr_assert(unlink(path) == 0);
	}
	cr_assert(rig_open(r, 0, false) && !r->found.is_corrupt, "%s", r->found.message);
	rig_drain(r);
	cr_assert(count_files(r, 0, "") + count_files(r, OF_SEGMENT, "") == 0);
	check_from(r, 2 * OF_SEGMENT);
	end(r);
}

Test(log_trim, an_end_does_not_wait_for_files_that_are_to_go)
{
	struct rig *r = open_rig();
	append(r, 2 * OF_SEGMENT);
	delete_below(r, OF_SEGMENT);
	rig_drain(r);
	cr_assert(count_files(r, 0, ".deleted") == 3);
	rig_finish(r);
	cr_assert(rig_open(r, r->append_count, true) && !r->found.is_corrupt);
	cr_assert(count_files(r, 0, ".deleted") == 0);
	check_from(r, OF_SEGMENT);
	end(r);
}

static void fail_renames(struct rig *r, int error)
{
	fake_eager(r->disk, false, 0);
	delete_below(r, OF_SEGMENT);
	for (unsigned turn = 0; turn < 10; turn++) {
		rig_turn(r);
		for (unsigned i = fake_pending(r->disk); i-- > 0;) {
			struct disk_op *op = fake_op(r->disk, i);
			if (op->kind == DISK_RENAME)
				fake_fail(r->disk, op, error);
			else
				fake_complete(r->disk, op);
		}
	}
}

Test(log_trim, what_is_gone_already_is_no_error_and_what_cannot_be_renamed_is)
{
	struct rig *r = open_rig();
	append(r, 2 * OF_SEGMENT);
	fail_renames(r, -ENOENT);
	cr_assert(!rig_marks(r).is_fenced);
	end(r);
	r = open_rig();
	append(r, 2 * OF_SEGMENT);
	fail_renames(r, -EIO);
	cr_assert(rig_marks(r).is_fenced && rig_marks(r).fence_error == -EIO);
	cr_assert(!r->service.trimming, "others of its writer may");
	fake_eager(r->disk, true, 1);
	rig_finish(r);
	rig_destroy(r);
}

/* The longer name may take a block of the directory. */
Test(log_trim, on_a_full_disk_files_go_by_the_names_they_have)
{
	struct rig *r = open_rig();
	append(r, 2 * OF_SEGMENT);
	r->service.cut_bytes = CUT_BYTES;
	fail_renames(r, -ENOSPC);
	cr_assert(!rig_marks(r).is_fenced && count_files(r, 0, "") == 3);
	unsigned cuts = fake_submitted(r->disk, DISK_COMMIT);
	fake_eager(r->disk, true, 1);
	pass_s(r, DELAY_S + 1);
	cr_assert(count_files(r, 0, "") == 0);
	cr_assert(fake_submitted(r->disk, DISK_COMMIT) == cuts,
		  "half a file by a segment's name");
	append(r, 1);
	check_from(r, OF_SEGMENT);
	end(r);
}
