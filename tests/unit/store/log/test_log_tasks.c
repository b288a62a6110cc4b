/* test_log_tasks.c - a log's two ends at work at the same time: a segment is sealed while the
 * next one is made, over a disk that completes when and how the test says. */
#include "dataplane/store/log/log_private.h"
#include "tests/unit/store/disk/fake_disk.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEGMENT_BYTES = 100000, BATCH_BYTES = 10000 };

/* Everything completes but operations of `kind` and `held`, until nothing more is submitted. */
static void complete_but(struct rig *r, enum disk_kind kind, const struct disk_op *held)
{
	for (bool found = true; found;) {
		rig_turn(r);
		found = !list_is_empty(&r->service.active);
		for (unsigned i = fake_pending(r->disk); i-- > 0;) {
			struct disk_op *op = fake_op(r->disk, i);
			if (op->kind == kind || op == held)
				continue;
			fake_complete(r->disk, op);
			found = true;
		}
	}
}

static void complete_all_but(struct rig *r, enum disk_kind kind)
{
	complete_but(r, kind, NULL);
}

static struct rig *open_rig(void)
{
	struct rig *r = rig_create();
	r->options.segment_bytes = SEGMENT_BYTES;
	cr_assert(rig_open(r, 0, false));
	rig_turn(r);
	return r;
}

static void append_some(struct rig *r, unsigned count, enum disk_kind held)
{
	for (unsigned i = 0; i < count; i++) {
		rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
		complete_all_but(r, held);
	}
}

/* The first roll is over, but that the cut of the old segment to its size does not complete. */
static struct rig *open_sealing(void)
{
	struct rig *r = open_rig();
	append_some(r, 11, DISK_TRUNCATE);
	cr_assert(r->stats.value[STAT_log_rolls] == 1 && r->answered == 11);
	cr_assert(fake_count(r->disk, DISK_TRUNCATE) == 1);
	return r;
}

static void end(struct rig *r)
{
	fake_eager(r->disk, true, 1);
	rig_drain(r);
	cr_assert(r->answered == r->append_count && r->failed == 0, "%u", r->answered);
	rig_check_content(r);
	rig_finish(r);
	cr_assert(rig_open(r, 0, false) && !r->found.is_corrupt, "%s", r->found.message);
	rig_check_content(r);
	rig_destroy(r);
}

Test(log_tasks, the_next_segment_is_made_while_the_one_before_is_sealed)
{
	struct rig *r = open_sealing();
	append_some(r, 7, DISK_TRUNCATE);
	cr_assert(rig_has(r, "next.log.tmp"), "the active segment is nearly full");
	cr_assert(rig_marks(r).recovery_point == 0, "nothing is sealed yet");
	end(r);
}

Test(log_tasks, a_roll_waits_until_the_segment_before_is_sealed)
{
	struct rig *r = open_sealing();
	append_some(r, 12, DISK_TRUNCATE);
	cr_assert(r->stats.value[STAT_log_rolls] == 1);
	cr_assert(r->answered < r->append_count);
	cr_assert(fake_count(r->disk, DISK_TRUNCATE) == 1);
	fake_complete(r->disk, fake_find(r->disk, DISK_TRUNCATE));
	complete_all_but(r, DISK_TRUNCATE);
	cr_assert(r->stats.value[STAT_log_rolls] == 2, "and it comes to it by itself");
	cr_assert(rig_marks(r).recovery_point > 0);
	end(r);
}

Test(log_tasks, no_segment_is_sealed_before_the_name_of_the_next_is_durable)
{
	struct rig *r = open_rig();
	append_some(r, 11, DISK_RENAME);
	cr_assert(fake_count(r->disk, DISK_RENAME) == SEGMENT_FILES);
	cr_assert(fake_count(r->disk, DISK_TRUNCATE) == 0 && r->answered == 9);
	for (unsigned i = 0; i < SEGMENT_FILES; i++)
		fake_complete(r->disk, fake_find(r->disk, DISK_RENAME));
	rig_turn(r);
	cr_assert(fake_count(r->disk, DISK_SYNC) > 0 && fake_count(r->disk, DISK_TRUNCATE) == 0);
	complete_all_but(r, DISK_TRUNCATE);
	cr_assert(fake_count(r->disk, DISK_TRUNCATE) == 1 && r->answered == 11);
	end(r);
}

Test(log_tasks, a_segment_that_is_still_given_blocks_is_not_cut)
{
	struct rig *r = open_rig();
	append_some(r, 1, DISK_ALLOCATE);
	cr_assert(fake_count(r->disk, DISK_ALLOCATE) == 1);
	struct disk_op *blocks = fake_find(r->disk, DISK_ALLOCATE);
	/* The next one's own are given to it, the first one's are not. */
	for (unsigned i = 0; i < 10; i++) {
		rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
		complete_but(r, DISK_TRUNCATE, blocks);
	}
	cr_assert(r->stats.value[STAT_log_rolls] == 1 && r->answered == 11);
	cr_assert(fake_submitted(r->disk, DISK_TRUNCATE) == 0);
	end(r);
}

Test(log_tasks, a_log_does_not_end_while_a_segment_is_sealed)
{
	struct rig *r = open_sealing();
	log_finish(r->log);
	complete_all_but(r, DISK_TRUNCATE);
	cr_assert(!log_is_finished(r->log) && fake_count(r->disk, DISK_TRUNCATE) == 1);
	fake_eager(r->disk, true, 1);
	rig_finish(r);
	cr_assert(rig_open(r, 0, true) && !r->found.is_corrupt);
	rig_check_content(r);
	rig_destroy(r);
}

/* The step that has nothing to allocate is over at once: who waited for it must be asked again. */
Test(log_tasks, a_roll_comes_to_it_where_no_blocks_are_given_ahead)
{
	struct rig *r = open_rig();
	fake_fail_at(r->disk, DISK_ALLOCATE, 1, -EOPNOTSUPP);
	append_some(r, 6, DISK_TRUNCATE);
	/* Not nearly full, and then more than full: the roll waits for the segment to be made. */
	cr_assert(!rig_has(r, "next.log.tmp"));
	rig_append(r, 1, BATCH_BYTES * 5, ACK_DURABLE);
	complete_all_but(r, DISK_TRUNCATE);
	cr_assert(r->stats.value[STAT_log_rolls] == 1);
	cr_assert(r->answered == 7, "%u", r->answered);
	end(r);
}

Test(log_tasks, a_log_that_nothing_was_written_to_closes_without_touching_the_disk)
{
	struct rig *r = open_rig();
	fake_eager(r->disk, true, 1);
	for (unsigned i = 0; i < 20; i++)
		rig_append(r, 1, 1000, ACK_DURABLE);
	rig_drain(r);
	rig_finish(r);
	unsigned syncs = fake_submitted(r->disk, DISK_SYNC);
	cr_assert(rig_open(r, 0, true));
	rig_finish(r);
	cr_assert(fake_submitted(r->disk, DISK_SYNC) == syncs);
	cr_assert(rig_open(r, 0, true) && r->found.was_clean);
	rig_check_content(r);
	rig_destroy(r);
}

/* Longer than snapshots have to be apart. Operations of `kind` and `tag` are held. */
static void pass_but(struct rig *r, enum disk_kind kind, enum log_tag tag)
{
	for (unsigned turn = 0; turn < LOG_SNAPSHOTS_APART_MS + 50; turn++) {
		rig_turn(r);
		for (unsigned i = fake_pending(r->disk); i-- > 0;) {
			struct disk_op *op = fake_op(r->disk, i);
			if (op->kind != kind || op->tag != tag)
				fake_complete(r->disk, op);
		}
	}
}

static void pass(struct rig *r)
{
	pass_but(r, DISK_OPEN, LOG_TAG_WRITE); /* nothing is */
}

/* Of three that are kept a crash leaves one that it can go on from. */
Test(log_tasks, a_snapshot_of_growth_waits_until_the_last_one_is_of_what_is_durable)
{
	struct rig *r = open_rig();
	for (unsigned i = 0; i < 5; i++) {
		rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
		pass_but(r, DISK_WRITE, LOG_TAG_WRITE);
	}
	cr_assert(r->stats.value[STAT_log_snapshots] == 1 && r->answered == 0);
	pass(r);
	cr_assert(r->stats.value[STAT_log_snapshots] == 2 && r->answered == 5);
	end(r);
}

/* A producer's snapshot is not there before its sync, and without one a start that does not scan
 * the segment before the roll would not know him. */
Test(log_tasks, the_recovery_point_does_not_pass_a_roll_before_the_first_snapshot)
{
	struct rig_producer producer = {.id = 4711};
	struct rig *r = open_rig();
	r->producer = &producer;
	for (unsigned i = 0; i < 11; i++)
		rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
	pass_but(r, DISK_SYNC, LOG_TAG_SNAPSHOT);
	cr_assert(r->stats.value[STAT_log_rolls] == 1 && r->answered == 11 && !r->log->sealing);
	cr_assert(log_recovery_point(r->log) == 9);
	pass(r);
	cr_assert(log_recovery_point(r->log) == 11);
	end(r);
}

static void lose(const struct rig *r, unsigned offset)
{
	char path[RIG_DIRECTORY_BYTES + 64];
	snprintf(path, sizeof path, "%s/%020u.snapshot", r->directory, offset);
	cr_assert(unlink(path) == 0);
}

/* What comes of a start that scans who wrote, and whose snapshot finds no room on the disk. */
Test(log_tasks, the_recovery_point_does_not_pass_what_a_start_could_not_write_down)
{
	struct rig_producer producer = {.id = 4711};
	struct rig *r = open_rig();
	r->producer = &producer;
	for (unsigned i = 0; i < 11; i++)
		rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
	pass(r);
	rig_abandon(r);
	lose(r, 11);
	/* Behind both indexes of both segments. */
	fake_fail_at(r->control, DISK_WRITE, 2 * 2 + 1, -ENOSPC);
	cr_assert(rig_open(r, 9, false) && !rig_has(r, "00000000000000000011.snapshot"));
	cr_assert(rig_marks(r).log_end_offset == 11 && log_recovery_point(r->log) == 9);
	pass(r);
	cr_assert(rig_has(r, "00000000000000000011.snapshot"));
	cr_assert(log_recovery_point(r->log) == 11);
	end(r);
}

static void complete_two_syncs(struct rig *r)
{
	cr_assert(fake_count(r->disk, DISK_SYNC) == 2);
	for (unsigned i = 0; i < 2; i++)
		fake_complete(r->disk, fake_find(r->disk, DISK_SYNC));
}

/* A snapshot by growth whose syncs are held, those of the indexes are over; returns that of the
 * directory. */
static struct disk_op *hold_names(struct rig *r)
{
	pass(r);
	rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
	pass_but(r, DISK_SYNC, LOG_TAG_SNAPSHOT);
	complete_two_syncs(r);
	pass_but(r, DISK_SYNC, LOG_TAG_SNAPSHOT);
	cr_assert(fake_count(r->disk, DISK_SYNC) == 2 && r->answered == 1);
	struct disk_op *op = fake_op(r->disk, 0);
	return op->flags & DISK_FLAG_DIRECTORY ? op : fake_op(r->disk, 1);
}

Test(log_tasks, a_snapshot_is_one_when_its_name_is_durable)
{
	struct rig *r = open_rig();
	struct disk_op *names = hold_names(r);
	complete_but(r, DISK_OPEN, names);
	cr_assert(r->stats.value[STAT_log_snapshots] == 0);
	fake_complete(r->disk, names);
	rig_turn(r);
	cr_assert(r->stats.value[STAT_log_snapshots] == 1);
	end(r);
}

/* Who syncs the directory next would not be told what was lost. */
Test(log_tasks, a_snapshot_whose_name_cannot_be_synced_fences)
{
	struct rig *r = open_rig();
	fake_fail(r->disk, hold_names(r), -EIO);
	pass(r);
	cr_assert(r->stats.value[STAT_log_snapshots] == 0);
	cr_assert(rig_marks(r).is_fenced && rig_marks(r).fence_error == -EIO);
	rig_destroy(r);
}

/* A start believes the entries of all batches below it. */
Test(log_tasks, a_snapshot_appears_when_the_indexes_up_to_it_are_on_disk)
{
	enum { BATCHES = 4 };
	struct rig *r = open_rig();
	pass_but(r, DISK_WRITE, LOG_TAG_INDEX);
	for (unsigned i = 0; i < BATCHES; i++)
		rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
	pass_but(r, DISK_WRITE, LOG_TAG_INDEX);
	cr_assert(r->answered == BATCHES && fake_count(r->disk, DISK_SYNC) == 0);
	cr_assert(!rig_has(r, "00000000000000000004.snapshot"), "an entry is not written");
	pass_but(r, DISK_SYNC, LOG_TAG_SNAPSHOT);
	cr_assert(fake_count(r->disk, DISK_SYNC) == 2);
	cr_assert(!rig_has(r, "00000000000000000004.snapshot"), "nor synced");
	size_t size;
	free(rig_load(r, "00000000000000000000.index", &size));
	cr_assert(size == (BATCHES - 1) * INDEX_ENTRY_BYTES);
	pass(r);
	cr_assert(rig_has(r, "00000000000000000004.snapshot"));
	cr_assert(r->stats.value[STAT_log_snapshots] == 1);
	end(r);
}

/* Both indexes are synced when the segment is sealed: here it is not cut yet. */
Test(log_tasks, a_snapshot_of_before_a_roll_appears_when_the_segment_is_sealed)
{
	struct rig *r = open_rig();
	pass(r);
	for (unsigned i = 0; i < 9; i++)
		rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
	pass_but(r, DISK_WRITE, LOG_TAG_INDEX);
	for (unsigned i = 0; i < 2; i++)
		rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
	pass_but(r, DISK_WRITE, LOG_TAG_INDEX);
	cr_assert(r->stats.value[STAT_log_rolls] == 0 && r->log->wants_roll);
	pass_but(r, DISK_TRUNCATE, LOG_TAG_HEAD);
	cr_assert(r->stats.value[STAT_log_rolls] == 1 && r->log->sealing);
	cr_assert(!rig_has(r, "00000000000000000009.snapshot"));
	pass(r);
	cr_assert(rig_has(r, "00000000000000000009.snapshot"));
	end(r);
}

/* Nobody would be told what the sealing's sync does not bring back. */
Test(log_tasks, indexes_that_cannot_be_synced_for_a_snapshot_fence)
{
	struct rig *r = open_rig();
	pass(r);
	rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
	pass_but(r, DISK_SYNC, LOG_TAG_SNAPSHOT);
	fake_fail(r->disk, fake_find(r->disk, DISK_SYNC), -EIO);
	pass(r);
	cr_assert(rig_marks(r).is_fenced && rig_marks(r).fence_error == -EIO);
	rig_destroy(r);
}

static struct log *open_neighbour(struct rig *r)
{
	struct log_recovery found;
	struct log_open_options options = {.log = r->options, .durable_mark = -1,
					   .log_start_offset = -1};
	char directory[RIG_DIRECTORY_BYTES];
	int error;
	snprintf(directory, sizeof directory, "%s/neighbour-0", r->root);
	cr_assert(mkdir(directory, 0777) == 0);
	options.directory = directory;
	struct log *log = log_open(r->control, &options, &found, &error);
	cr_assert(log != NULL, "%d", error);
	log_serve(log, &r->service, 1);
	return log;
}

static void end_neighbour(struct rig *r, struct log *log)
{
	log_finish(log);
	while (!log_is_finished(log))
		pass(r);
	log_release(log);
	log_close(log);
}

Test(log_tasks, a_log_that_waits_for_anothers_snapshot_is_called_and_does_not_ask)
{
	struct rig *r = open_rig();
	struct log *own = r->log, *neighbour = open_neighbour(r);
	pass(r);
	r->log = neighbour;
	rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
	r->expected_bytes = 0; /* of its own log */
	r->log = own;
	rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
	pass_but(r, DISK_WRITE, LOG_TAG_SNAPSHOT);
	cr_assert(fake_count(r->disk, DISK_WRITE) == 1 && r->answered == 2);
	cr_assert(list_is_empty(&r->service.active), "its core may sleep");
	pass(r);
	cr_assert(r->stats.value[STAT_log_snapshots] == 2);
	end_neighbour(r, neighbour);
	end(r);
}
