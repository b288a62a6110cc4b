/* test_log_flush.c - a log in its writer's flush group, over a disk that completes when the test
 * says: what counts as written over zeroes when a segment is rolled meanwhile. */
#include "dataplane/base/clock.h"
#include "dataplane/store/files.h"
#include "dataplane/store/log/log_private.h"
#include "tests/unit/store/disk/fake_disk.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

enum { DEVICE = 7, SEGMENT_BYTES = 400000, BATCH_BYTES = 5000 };

static int open_own(struct rig *r, const char *name)
{
	char path[FILE_PATH_BYTES_MAX];
	snprintf(path, sizeof path, "%s/%s", r->root, name);
	int fd = file_open(r->control, path, true);
	cr_assert(fd >= 0);
	return fd;
}

static struct rig *open_rig(bool may_commit)
{
	struct rig *r = rig_create();
	r->options.segment_bytes = SEGMENT_BYTES;
	r->dir.rule = (struct flush_rule){.device = DEVICE, .has_journal = true};
	r->dir.flush[0] = (struct flush_file){
		.fd = open_own(r, "flush"),
		.commit_fd = open_own(r, "commit"),
		.may_flush = true,
		.may_commit = may_commit,
	};
	cr_assert(rig_open(r, 0, false));
	return r;
}

static void close_rig(struct rig *r)
{
	struct flush_file *own = &r->dir.flush[0];
	fake_eager(r->disk, true, 1);
	rig_drain(r);
	cr_assert(r->answered == r->append_count && r->failed == 0);
	rig_check_content(r);
	file_close(r->control, &own->fd);
	file_close(r->control, &own->commit_fd);
	rig_destroy(r);
}

/* Each file of the log is one that joins the group, whatever file system the test runs on. */
static void complete(struct rig *r, struct disk_op *op)
{
	if (op->kind != DISK_TRAITS) {
		fake_complete(r->disk, op);
		return;
	}
	op->offset = DEVICE;
	fake_fail(r->disk, op, 1);
}

/* Everything completes but `held`, until nothing more is submitted. */
static void complete_all_but(struct rig *r, const struct disk_op *held)
{
	for (bool found = true; found;) {
		rig_turn(r);
		found = !list_is_empty(&r->service.active);
		for (unsigned i = fake_pending(r->disk); i-- > 0;) {
			if (fake_op(r->disk, i) == held)
				continue;
			complete(r, fake_op(r->disk, i));
			found = true;
		}
	}
}

static void append_some(struct rig *r, unsigned count, const struct disk_op *held)
{
	for (unsigned i = 0; i < count; i++) {
		rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
		complete_all_but(r, held);
	}
}

/* Zeroes are on their way, and nothing else: what was appended is durable. */
static void start_zeroes(struct rig *r)
{
	while (!r->log->is_zeroing)
		append_some(r, 1, &r->log->zero_op);
	cr_assert(r->answered == r->append_count && fake_pending(r->disk) == 1);
}

/* One that no write needs: the next. */
static struct disk_op *wait_for_commit(struct rig *r)
{
	struct disk_op *commit = NULL;
	for (unsigned turns = 0; !commit; turns++) {
		cr_assert(turns < 1000);
		rig_turn(r);
		commit = fake_find(r->disk, DISK_COMMIT);
	}
	return commit;
}

/* `held` outlasts the segment that it is for. */
static void roll_before(struct rig *r, struct disk_op *held)
{
	cr_assert(r->stats.value[STAT_log_rolls] == 0);
	while (r->stats.value[STAT_log_rolls] == 0)
		append_some(r, 1, held);
	if (held)
		complete(r, held);
	complete_all_but(r, NULL);
	cr_assert(r->answered == r->append_count);
}

/* Nothing was zeroed in the new segment: the disk's flush alone makes no write of it durable. */
static void check_no_zeroes(struct rig *r)
{
	uint64_t flushes = r->stats.value[STAT_log_flushes];
	append_some(r, 2, NULL);
	cr_assert(r->answered == r->append_count && r->log->zeroed_bytes == 0);
	cr_assert(r->stats.value[STAT_log_flushes] == flushes);
}

Test(log_flush, durable_zeroes_are_none_of_the_next_segment)
{
	struct rig *r = open_rig(true);
	start_zeroes(r);
	complete(r, &r->log->zero_op);
	complete_all_but(r, NULL);
	append_some(r, 2, NULL);
	cr_assert(r->stats.value[STAT_log_flushes] > 0, "written over zeroes");
	roll_before(r, NULL);
	check_no_zeroes(r);
	close_rig(r);
}

Test(log_flush, zeroes_wait_a_while_for_a_commit_of_their_own)
{
	struct rig *r = open_rig(true);
	start_zeroes(r);
	complete(r, &r->log->zero_op);
	rig_turn(r);
	uint64_t due_ns = r->service.flush.zeroes_due_ns;
	cr_assert(r->service.now_ns < due_ns && !fake_find(r->disk, DISK_COMMIT));
	struct disk_op *commit = wait_for_commit(r);
	cr_assert(r->service.now_ns >= due_ns);
	complete(r, commit);
	rig_turn(r);
	cr_assert(r->log->zeroes_synced > 0);
	close_rig(r);
}

Test(log_flush, zeroes_go_with_the_commit_that_a_write_needs)
{
	struct rig *r = open_rig(true);
	start_zeroes(r);
	complete(r, &r->log->zero_op);
	append_some(r, 1, NULL);
	cr_assert(r->service.now_ns < r->service.flush.zeroes_due_ns);
	cr_assert(r->log->zeroes_synced > 0);
	close_rig(r);
}

/* Small writes get zeroes from the first on that may: a disk that is not quick has no others. */
Test(log_flush, the_first_writes_tell_how_large_a_logs_writes_are)
{
	struct rig *r = open_rig(true);
	for (unsigned bytes = 0; bytes < RIG_SMALL_WRITE_BYTES; bytes += BATCH_BYTES) {
		cr_assert(!r->log->is_zeroing);
		r->service.slow_ns = r->service.now_ns;
		append_some(r, 1, &r->log->zero_op);
	}
	cr_assert(r->log->is_zeroing);
	close_rig(r);
}

Test(log_flush, zeroes_whose_commit_outlasts_their_segment_are_none_of_the_next)
{
	struct rig *r = open_rig(true);
	start_zeroes(r);
	complete(r, &r->log->zero_op);
	struct disk_op *commit = wait_for_commit(r);
	cr_assert(r->log->is_committing_zeroes && !r->log->is_syncing);
	roll_before(r, commit);
	check_no_zeroes(r);
	close_rig(r);
}

Test(log_flush, zeroes_whose_sync_outlasts_their_segment_are_none_of_the_next)
{
	struct rig *r = open_rig(false);
	start_zeroes(r);
	complete(r, &r->log->zero_op);
	append_some(r, 1, &r->log->sync_op);
	cr_assert(r->log->is_syncing && fake_find(r->disk, DISK_SYNC) == &r->log->sync_op);
	roll_before(r, &r->log->sync_op);
	check_no_zeroes(r);
	close_rig(r);
}

/* All zeroes there are can be written over, and a flush took so long. */
static void start_flushes(struct rig *r, uint64_t took_ns)
{
	start_zeroes(r);
	complete(r, &r->log->zero_op);
	complete_all_but(r, NULL);
	append_some(r, 2, NULL);
	cr_assert(r->stats.value[STAT_log_flushes] > 0 && r->service.flush.overwrites == 0);
	r->log->allocates = false; /* nothing is made ready meanwhile */
	r->service.flush.flush_took_ns = took_ns;
	r->turn_ns = FLUSH_GATHER_NS / 10;
}

/* So many turns after a write over zeroes was done its flush is on its way. */
static unsigned turns_to_flush(struct rig *r)
{
	rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
	rig_turn(r);
	complete(r, fake_find(r->disk, DISK_WRITE));
	unsigned turns = 0;
	while (fake_count(r->disk, DISK_SYNC) == 0) {
		cr_assert(turns++ < 100);
		rig_turn(r);
	}
	complete_all_but(r, NULL);
	return turns;
}

Test(log_flush, a_flush_waits_for_small_writes_under_way)
{
	struct rig *r = open_rig(true);
	start_flushes(r, NS_PER_S);
	cr_assert(turns_to_flush(r) == 1);
	r->service.flush.overwrites++; /* of another log */
	r->service.flush.flush_took_ns = NS_PER_S;
	cr_assert(turns_to_flush(r) == 1 + 10, "no longer than that");
	r->service.flush.flush_took_ns = FLUSH_GATHER_NS / 2;
	cr_assert(turns_to_flush(r) == 1 + 5, "nor longer than a flush takes");
	r->service.flush.overwrites--;
	close_rig(r);
}

Test(log_flush, a_small_write_over_zeroes_is_awaited_until_it_is_done)
{
	struct rig *r = open_rig(true);
	start_flushes(r, 0);
	rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
	rig_turn(r);
	cr_assert(r->service.flush.overwrites == 1);
	complete(r, fake_find(r->disk, DISK_WRITE));
	rig_turn(r);
	cr_assert(r->service.flush.overwrites == 0);
	close_rig(r);
}

/* As it is behind a log that was closed within a block, and cut there. */
Test(log_flush, zeroes_end_with_a_block_where_what_is_allocated_does_not)
{
	struct rig *r = open_rig(true);
	start_zeroes(r);
	complete(r, &r->log->zero_op);
	complete_all_but(r, NULL);
	uint64_t end = r->log->zeroed_bytes + 2 * DISK_BLOCK_BYTES;
	r->log->options.segment_bytes = (uint32_t)end;
	r->log->allocated_bytes = end + 100;
	uint64_t zeroed = r->log->zeroed_bytes;
	while (r->log->zeroed_bytes == zeroed)
		append_some(r, 1, NULL);
	cr_assert(r->log->zeroed_bytes == end);
	close_rig(r);
}

/* The disk of these tests does as the kernel where a block of the device is one of ours. */
Test(log_flush, a_direct_write_of_a_part_of_a_block_is_refused)
{
	static _Alignas(DISK_BLOCK_BYTES) uint8_t bytes[2 * DISK_BLOCK_BYTES];
	struct rig *r = rig_create();
	char path[FILE_PATH_BYTES_MAX];
	snprintf(path, sizeof path, "%s/direct", r->root);
	int fd = file_open(r->control, path, true);
	/* Where the file system has no direct writes, nothing is refused. */
	if (fd == -EINVAL) {
		rig_destroy(r);
		return;
	}
	cr_assert(file_write(r->control, fd, bytes, DISK_BLOCK_BYTES, 0) == 0);
	cr_assert(file_write(r->control, fd, bytes, DISK_BLOCK_BYTES / 8, 0) == -EINVAL);
	cr_assert(file_write(r->control, fd, bytes, DISK_BLOCK_BYTES, 512) == -EINVAL);
	cr_assert(file_write(r->control, fd, bytes + 512, DISK_BLOCK_BYTES, 0) == -EINVAL);
	file_close(r->control, &fd);
	rig_destroy(r);
}

/* What is allocated behind it ends within a block, too, until it reaches the segment's end. */
Test(log_flush, a_log_that_was_closed_within_a_block_goes_on)
{
	struct rig *r = open_rig(true);
	append_some(r, 3, NULL);
	fake_eager(r->disk, true, 1);
	rig_finish(r);
	fake_eager(r->disk, false, 1);
	cr_assert(rig_open(r, 0, true));
	cr_assert(r->log->allocated_bytes % DISK_BLOCK_BYTES != 0);
	while (r->log->allocated_bytes % DISK_BLOCK_BYTES != 0) {
		append_some(r, 1, NULL);
		cr_assert(r->answered == r->append_count && r->failed == 0);
	}
	cr_assert(r->log->zeroed_bytes > 0);
	close_rig(r);
}

/* What it has is cut behind its last record: zeroes written then would be left there. */
Test(log_flush, a_log_that_closes_gets_no_more_zeroes)
{
	struct rig *r = open_rig(true);
	while (r->log->position < 2 * RIG_SMALL_WRITE_BYTES) {
		r->service.zero_credit = 0;
		append_some(r, 1, NULL);
	}
	cr_assert(!r->log->is_zeroing && r->log->zeroed_bytes == 0);
	r->service.zero_credit = UINT32_MAX;
	log_finish(r->log);
	complete_all_but(r, NULL);
	cr_assert(log_is_finished(r->log) && r->stats.value[STAT_log_zeroed_bytes] == 0);
	close_rig(r);
}

/* What the new segment's own writes and every sync are. */
static bool is_of_next_or_sync(const struct rig *r, const struct disk_op *op)
{
	if (op->tag == LOG_TAG_SYNC)
		return true;
	return op->tag == LOG_TAG_WRITE && r->stats.value[STAT_log_rolls] > 0 &&
	       container_of(op, struct log_write, op)->segment == r->log->active;
}

/* The old segment is written, the next one zeroed; nothing of the next is written, and the sync
 * that began before the old one's last bytes is under way. */
static void zero_next_segment(struct rig *r)
{
	while (r->log->zeroed_bytes == 0 || r->log->is_zeroing ||
	       r->stats.value[STAT_log_rolls] == 0) {
		rig_append(r, 1, BATCH_BYTES, ACK_DURABLE);
		for (bool found = true; found;) {
			rig_turn(r);
			found = false;
			for (unsigned i = fake_pending(r->disk); i-- > 0;) {
				struct disk_op *op = fake_op(r->disk, i);
				if (is_of_next_or_sync(r, op))
					continue;
				complete(r, op);
				found = true;
			}
		}
	}
	cr_assert(r->stats.value[STAT_log_rolls] == 1 &&
		  r->log->zeroed_bytes > r->log->zeroed_from);
}

Test(log_flush, zeroes_of_the_next_segment_are_not_durable_by_a_sync_of_the_old_one)
{
	struct rig *r = open_rig(false);
	zero_next_segment(r);
	for (unsigned syncs = 0; syncs < 2; syncs++) {
		struct disk_op *sync = fake_find(r->disk, DISK_SYNC);
		cr_assert(sync == &r->log->sync_op && r->log->written_segment != r->log->active);
		complete(r, sync);
		rig_turn(r);
		cr_assert(r->log->zeroes_synced <= r->log->zeroed_from, "sync %u", syncs);
	}
	close_rig(r);
}
