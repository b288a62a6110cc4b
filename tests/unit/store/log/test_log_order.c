/* test_log_order.c - watermarks, group commit and failures over a disk that completes when
 * and how the test says. */
#include "tests/unit/store/disk/fake_disk.h"
#include "dataplane/base/clock.h"
#include "dataplane/store/mark_file.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

/* Blocks ahead, marks and indexes are not what these tests look at. */
static void complete_kind(struct rig *r, enum disk_kind kind)
{
	struct disk_op *op = fake_find(r->disk, kind);
	cr_assert(op != NULL);
	fake_complete(r->disk, op);
	rig_turn(r);
}

/* Everything completes but `held`, until nothing more is submitted. */
static void complete_all_but(struct rig *r, const struct disk_op *held)
{
	for (bool found = true; found;) {
		found = false;
		rig_turn(r);
		for (unsigned i = fake_pending(r->disk); i-- > 0;) {
			if (fake_op(r->disk, i) == held)
				continue;
			fake_complete(r->disk, fake_op(r->disk, i));
			found = true;
		}
	}
}

/* The file of durable marks is made with the first log: it is there before a test looks. */
static void open_made(struct rig *r)
{
	cr_assert(rig_open(r, 0, false));
	complete_all_but(r, NULL);
}

static struct rig *open_rig(void)
{
	struct rig *r = rig_create();
	open_made(r);
	return r;
}

/* What is still pending completes. */
static void close_rig(struct rig *r)
{
	fake_eager(r->disk, true, 1);
	rig_destroy(r);
}

Test(log_order, written_answers_after_the_write_and_durable_after_the_sync)
{
	struct rig *r = open_rig();
	rig_append(r, 1, 10, ACK_WRITTEN);
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_turn(r);
	cr_assert(r->answered == 0);
	complete_kind(r, DISK_WRITE);
	cr_assert(r->answered == 1 && r->is_answered[0]);
	cr_assert(rig_marks(r).written_offset == 2 && rig_marks(r).high_watermark == 0);
	complete_kind(r, DISK_SYNC);
	cr_assert(r->answered == 2);
	cr_assert(rig_marks(r).high_watermark == 2);
	close_rig(r);
}

Test(log_order, a_scan_may_begin_no_later_than_at_what_is_durable)
{
	struct rig *r = open_rig();
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_turn(r);
	complete_kind(r, DISK_WRITE);
	cr_assert(log_recovery_point(r->log) == 0 && rig_marks(r).recovery_point == 0);
	complete_kind(r, DISK_SYNC);
	rig_append(r, 1, 10, ACK_DURABLE);
	cr_assert(log_recovery_point(r->log) == 1 && rig_marks(r).recovery_point == 1);
	close_rig(r);
}

Test(log_order, what_arrives_during_a_partial_write_goes_out_as_one_write)
{
	struct rig *r = open_rig();
	rig_append(r, 1, 10, ACK_WRITTEN);
	rig_turn(r);
	for (unsigned i = 0; i < 20; i++) {
		rig_append(r, 1, 100, ACK_WRITTEN);
		rig_turn(r);
	}
	cr_assert(fake_count(r->disk, DISK_WRITE) == 1, "they share its last block");
	complete_kind(r, DISK_WRITE);
	cr_assert(fake_count(r->disk, DISK_WRITE) == 1);
	complete_kind(r, DISK_WRITE);
	cr_assert(r->answered == 21);
	fake_eager(r->disk, true, 1);
	rig_drain(r);
	rig_check_content(r);
	close_rig(r);
}

Test(log_order, one_sync_covers_what_was_written_when_it_started)
{
	struct rig *r = open_rig();
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_turn(r);
	complete_kind(r, DISK_WRITE);
	cr_assert(fake_count(r->disk, DISK_SYNC) == 1);
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_turn(r);
	complete_kind(r, DISK_WRITE);
	cr_assert(fake_count(r->disk, DISK_SYNC) == 1, "one in flight");
	complete_kind(r, DISK_SYNC);
	cr_assert(r->answered == 1 && rig_marks(r).high_watermark == 1);
	cr_assert(fake_count(r->disk, DISK_SYNC) == 1, "the next one follows");
	complete_kind(r, DISK_SYNC);
	cr_assert(r->answered == 2 && rig_marks(r).high_watermark == 2);
	close_rig(r);
}

Test(log_order, a_mark_claims_what_a_reaped_sync_covers_and_no_more)
{
	struct rig *r = open_rig();
	for (unsigned i = 0; i < 2; i++) {
		rig_append(r, 1, 10, ACK_DURABLE);
		rig_turn(r);
		complete_kind(r, DISK_WRITE);
	}
	r->turn_ns = MARK_DELAY_NS;
	complete_all_but(r, fake_find(r->disk, DISK_SYNC));
	cr_assert(rig_marks(r).written_offset == 2 && rig_noted_mark(r) == -1);
	complete_kind(r, DISK_SYNC);
	complete_all_but(r, fake_find(r->disk, DISK_SYNC));
	cr_assert(rig_marks(r).high_watermark == 1 && rig_noted_mark(r) == 1);
	complete_all_but(r, NULL);
	cr_assert(rig_marks(r).high_watermark == 2 && rig_noted_mark(r) == 2);
	close_rig(r);
}

/* A log with a record written that nobody waits to be durable. */
static struct rig *open_unawaited(void)
{
	struct rig *r = open_rig();
	rig_append(r, 1, 10, ACK_WRITTEN);
	rig_turn(r);
	complete_kind(r, DISK_WRITE);
	cr_assert(r->answered == 1 && fake_count(r->disk, DISK_SYNC) == 0);
	return r;
}

Test(log_order, what_nobody_waits_for_is_synced_a_moment_later)
{
	struct rig *r = open_unawaited();
	uint64_t begin_ns = r->service.now_ns;
	uint64_t idle_ns = log_service_idle_ns(&r->service, begin_ns, UINT64_MAX);
	cr_assert(idle_ns > 0 && idle_ns <= 10 * NS_PER_MS, "a sleeping core is in time");
	while (fake_count(r->disk, DISK_SYNC) == 0) {
		cr_assert(r->service.now_ns - begin_ns <= 10 * NS_PER_MS);
		rig_turn(r);
	}
	cr_assert(r->service.now_ns - begin_ns >= idle_ns, "no earlier than it said");
	complete_kind(r, DISK_SYNC);
	cr_assert(rig_marks(r).high_watermark == 1);
	close_rig(r);
}

Test(log_order, what_nobody_waits_for_gathers_until_it_is_much)
{
	struct rig *r = open_unawaited();
	r->turn_ns = 0;
	for (unsigned i = 0; i < 3; i++) {
		rig_append(r, 1, 400000, ACK_WRITTEN);
		rig_turn(r);
		while (fake_find(r->disk, DISK_WRITE))
			complete_kind(r, DISK_WRITE);
		cr_assert(r->answered == i + 2);
		cr_assert(fake_count(r->disk, DISK_SYNC) == (i == 2), "%u", i);
	}
	close_rig(r);
}

Test(log_order, who_begins_to_wait_for_what_is_written_has_it_synced_at_once)
{
	struct rig *r = open_unawaited();
	struct watch_msg watch = {.offset = 0};
	log_watch(r->log, &watch);
	rig_turn(r);
	cr_assert(fake_count(r->disk, DISK_SYNC) == 1);
	complete_kind(r, DISK_SYNC);
	cr_assert(!list_is_empty(&r->service.watches) && watch.error == 0);
	close_rig(r);
}

/* On a core that finds work in every turn; one append has come. */
static struct rig *open_busy(void)
{
	struct rig *r = open_rig();
	r->service.is_core_busy = true;
	r->turn_ns = 0;
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_turn(r);
	cr_assert(fake_count(r->disk, DISK_WRITE) == 0);
	return r;
}

Test(log_order, a_busy_core_gathers_for_a_moment_and_writes_it_as_one)
{
	struct rig *r = open_busy();
	uint64_t begin_ns = r->service.now_ns;
	r->turn_ns = NS_PER_MS / 4;
	while (fake_count(r->disk, DISK_WRITE) == 0) {
		cr_assert(r->service.now_ns - begin_ns <= 10 * NS_PER_MS);
		rig_append(r, 1, 10, ACK_DURABLE);
		rig_turn(r);
	}
	cr_assert(r->append_count > 3);
	complete_kind(r, DISK_WRITE);
	complete_kind(r, DISK_SYNC);
	cr_assert(r->answered == r->append_count);
	close_rig(r);
}

Test(log_order, a_core_with_a_moment_to_spare_writes_at_once_what_has_gathered)
{
	struct rig *r = open_busy();
	r->service.is_core_busy = false;
	rig_turn(r);
	cr_assert(fake_count(r->disk, DISK_WRITE) == 1);
	close_rig(r);
}

Test(log_order, a_busy_core_writes_what_is_much)
{
	struct rig *r = open_busy();
	for (unsigned i = 0; i < 2; i++)
		rig_append(r, 1, 99000, ACK_DURABLE);
	rig_turn(r);
	cr_assert(fake_count(r->disk, DISK_WRITE) == 0);
	rig_append(r, 1, 99000, ACK_DURABLE);
	rig_turn(r);
	cr_assert(fake_count(r->disk, DISK_WRITE) == 1);
	close_rig(r);
}

Test(log_order, a_busy_core_writes_for_a_log_that_cannot_go_on_without)
{
	struct rig *r = rig_create();
	r->service_options.settings.buffers = 8; /* two for a log */
	cr_assert(rig_open(r, 0, false));
	r->service.is_core_busy = true;
	r->turn_ns = 0;
	for (unsigned i = 0; i < 4; i++)
		rig_append(r, 1, r->service_options.settings.buffer_bytes, ACK_DURABLE);
	rig_turn(r);
	cr_assert(r->service.writing_bytes > 0, "the log's own, whatever zeroes are written");
	close_rig(r);
}

Test(log_order, a_log_that_closes_on_a_busy_core_writes_what_has_gathered)
{
	struct rig *r = open_busy();
	fake_eager(r->disk, true, 1);
	log_finish(r->log);
	for (unsigned i = 0; i < 10; i++)
		rig_turn(r);
	cr_assert(r->answered == 1);
	close_rig(r);
}

Test(log_order, full_writes_overlap_and_written_waits_for_the_first)
{
	struct rig *r = rig_create();
	r->service_options.settings.buffers = 256;
	open_made(r);
	/* Two writes of 256 KiB and a bit of a third. */
	for (unsigned i = 0; i < 33; i++)
		rig_append(r, 1, 16384, ACK_WRITTEN);
	rig_turn(r);
	cr_assert(fake_count(r->disk, DISK_WRITE) == 3);
	struct disk_op *first = fake_find(r->disk, DISK_WRITE);
	for (unsigned i = fake_pending(r->disk); i-- > 0;) {
		struct disk_op *op = fake_op(r->disk, i);
		if (op->kind == DISK_WRITE && op != first)
			fake_complete(r->disk, op);
	}
	rig_turn(r);
	cr_assert(r->answered == 0 && rig_marks(r).written_offset == 0);
	fake_complete(r->disk, first);
	rig_turn(r);
	cr_assert(r->answered == 33 && rig_marks(r).written_offset == 33);
	fake_eager(r->disk, true, 1);
	rig_drain(r);
	rig_check_content(r);
	close_rig(r);
}

static void check_fenced(struct rig *r, int error)
{
	struct log_marks m = rig_marks(r);
	cr_assert(m.is_fenced && m.fence_error == error, "error %d", m.fence_error);
	struct append_msg *late = rig_append(r, 1, 10, ACK_WRITTEN);
	cr_assert(late->error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	fake_eager(r->disk, true, 1);
	rig_drain(r);
	cr_assert(r->answered == r->append_count);
	cr_assert(r->service.free_count == r->service.buffers, "no buffer is lost");
	cr_assert(r->service.unanswered == 0);
	cr_assert(r->stats.value[STAT_log_fenced] == 1);
}

Test(log_order, a_failed_write_fences_and_nothing_is_tried_again)
{
	struct rig *r = open_rig();
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_turn(r);
	rig_append(r, 1, 10, ACK_WRITTEN);
	rig_turn(r);
	unsigned writes = fake_submitted(r->disk, DISK_WRITE);
	fake_fail(r->disk, fake_find(r->disk, DISK_WRITE), -EIO);
	rig_turn(r);
	cr_assert(r->failed == 2);
	check_fenced(r, -EIO);
	cr_assert(fake_submitted(r->disk, DISK_WRITE) == writes);
	close_rig(r);
}

Test(log_order, a_short_write_fences)
{
	struct rig *r = open_rig();
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_turn(r);
	fake_fail(r->disk, fake_find(r->disk, DISK_WRITE), 512);
	rig_turn(r);
	cr_assert(r->failed == 1);
	check_fenced(r, -ENOSPC);
	close_rig(r);
}

Test(log_order, a_failed_sync_fences_and_the_high_watermark_stays)
{
	struct rig *r = open_rig();
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_turn(r);
	complete_kind(r, DISK_WRITE);
	complete_kind(r, DISK_SYNC);
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_append(r, 1, 10, ACK_WRITTEN);
	rig_turn(r);
	complete_kind(r, DISK_WRITE);
	cr_assert(r->answered == 2 && r->failed == 0);
	fake_fail(r->disk, fake_find(r->disk, DISK_SYNC), -EIO);
	rig_turn(r);
	cr_assert(r->failed == 1);
	cr_assert(rig_marks(r).high_watermark == 1);
	check_fenced(r, -EIO);
	struct read_msg read = rig_read(r, 0, 1, 4096);
	cr_assert(read.error == 0 && read.bytes.size > 0, "what was durable is still served");
	chain_give(&read.bytes);
	close_rig(r);
}

Test(log_order, a_failed_read_answers_and_does_not_fence)
{
	struct rig *r = open_rig();
	fake_eager(r->disk, true, 1);
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_drain(r);
	fake_fail_at(r->disk, DISK_READ, 1, -EIO);
	struct read_msg read = rig_read(r, 0, 1, 4096);
	cr_assert(read.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	chain_give(&read.bytes);
	cr_assert(!rig_marks(r).is_fenced);
	rig_check_content(r);
	close_rig(r);
}

Test(log_order, no_block_ahead_is_no_error)
{
	struct rig *r = open_rig();
	fake_eager(r->disk, true, 1);
	fake_fail_at(r->disk, DISK_ALLOCATE, 1, -EOPNOTSUPP);
	for (unsigned i = 0; i < 50; i++) {
		rig_append(r, 1, 5000, ACK_DURABLE);
		rig_turn(r);
	}
	rig_drain(r);
	cr_assert(r->answered == 50 && r->failed == 0);
	cr_assert(fake_submitted(r->disk, DISK_ALLOCATE) == 1);
	rig_check_content(r);
	close_rig(r);
}

/* A log that has had enough writes, of `bytes` each, for their size to be known. */
static struct rig *open_filled(size_t bytes)
{
	struct rig *r = open_rig();
	fake_eager(r->disk, true, 1);
	for (unsigned i = 0; i < 40; i++) {
		rig_append(r, 1, bytes, ACK_DURABLE);
		rig_drain(r);
	}
	cr_assert(r->expected_bytes > RIG_SMALL_WRITE_BYTES);
	return r;
}

Test(log_order, small_writes_go_over_zeroes_and_large_ones_do_not)
{
	struct rig *r = open_filled(5000);
	uint64_t zeroed = r->stats.value[STAT_log_zeroed_bytes];
	cr_assert(zeroed > 0 && zeroed <= 2 * r->expected_bytes, "twice what was written");
	rig_check_content(r);
	close_rig(r);
	r = open_filled(300000);
	cr_assert(r->stats.value[STAT_log_zeroed_bytes] == 0);
	rig_check_content(r);
	close_rig(r);
}

Test(log_order, writes_of_middle_size_go_over_zeroes_while_the_disk_is_quick)
{
	struct rig *r = open_filled(100000);
	uint64_t quick = r->stats.value[STAT_log_zeroed_bytes];
	fake_eager(r->disk, false, 1);
	r->turn_ns = 2 * WRITING_NS;
	for (unsigned i = 0; i < 40; i++) {
		rig_append(r, 1, 100000, ACK_DURABLE);
		complete_all_but(r, NULL);
	}
	uint64_t slow = r->stats.value[STAT_log_zeroed_bytes] - quick;
	cr_assert(quick > 2 << 20 && slow <= 1 << 20, "%lu, %lu", quick, slow);
	close_rig(r);
}

/* The write of zeroes under way, or null. */
static struct disk_op *find_zeroes(const struct rig *r)
{
	for (unsigned i = 0; i < fake_pending(r->disk); i++) {
		struct disk_op *op = fake_op(r->disk, i);
		if (op->kind == DISK_WRITE && op->iov->iov_base == r->service.zeroes)
			return op;
	}
	return NULL;
}

/* Appends until zeroes are under way; everything else completes. */
static struct disk_op *start_zeroes(struct rig *r)
{
	fake_eager(r->disk, false, 1);
	while (!find_zeroes(r)) {
		rig_append(r, 1, 5000, ACK_DURABLE);
		rig_turn(r);
		complete_all_but(r, find_zeroes(r));
	}
	cr_assert(find_zeroes(r)->iov->iov_len <= 64 << 10, "pieces that nobody waits long behind");
	return find_zeroes(r);
}

Test(log_order, what_would_touch_zeroes_under_way_waits_for_them)
{
	struct rig *r = open_filled(5000);
	struct disk_op *zeroes = start_zeroes(r);
	unsigned before = r->append_count;
	for (unsigned i = 0; i < 200; i++) {
		rig_append(r, 1, 5000, ACK_DURABLE);
		complete_all_but(r, zeroes);
	}
	cr_assert(r->answered >= before && r->answered < r->append_count);
	fake_complete(r->disk, zeroes);
	fake_eager(r->disk, true, 1);
	rig_drain(r);
	cr_assert(r->answered == r->append_count && r->failed == 0);
	rig_check_content(r);
	close_rig(r);
}

Test(log_order, a_roll_waits_for_zeroes_under_way)
{
	struct rig *r = open_filled(5000);
	r->options.segment_bytes = 400000;
	log_alter(r->log, &r->options);
	struct disk_op *zeroes = start_zeroes(r);
	for (unsigned i = 0; i < 60; i++) {
		rig_append(r, 1, 5000, ACK_DURABLE);
		complete_all_but(r, zeroes);
	}
	cr_assert(r->stats.value[STAT_log_rolls] == 0);
	fake_complete(r->disk, zeroes);
	fake_eager(r->disk, true, 1);
	rig_drain(r);
	cr_assert(r->stats.value[STAT_log_rolls] > 0 && r->answered == r->append_count);
	rig_check_content(r);
	close_rig(r);
}

Test(log_order, zeroes_that_cannot_be_written_fence)
{
	struct rig *r = open_filled(5000);
	fake_fail(r->disk, start_zeroes(r), -EIO);
	rig_turn(r);
	check_fenced(r, -EIO);
	close_rig(r);
}

Test(log_order, a_batch_larger_than_the_buffers_goes_through_in_pieces)
{
	struct rig *r = rig_create();
	r->service_options.settings.buffers = 4;
	cr_assert(rig_open(r, 0, false));
	fake_eager(r->disk, true, 1);
	rig_append(r, 1, 1000000, ACK_DURABLE);
	rig_append(r, 1, 10, ACK_DURABLE);
	rig_drain(r);
	cr_assert(r->answered == 2 && r->failed == 0);
	rig_check_content(r);
	close_rig(r);
}

Test(log_order, no_more_than_the_window_is_written_ahead_of_a_sync)
{
	struct rig *r = rig_create();
	r->service_options.settings.buffers = 4096;
	open_made(r);
	for (unsigned i = 0; i < 12; i++)
		rig_append(r, 1, 1 << 20, ACK_DURABLE);
	uint64_t submitted = 0;
	for (unsigned turn = 0; turn < 100; turn++) {
		rig_turn(r);
		for (struct disk_op *op; (op = fake_find(r->disk, DISK_WRITE));) {
			for (unsigned i = 0; i < op->iov_count; i++)
				submitted += op->iov[i].iov_len;
			fake_complete(r->disk, op);
		}
	}
	cr_assert(submitted <= LOG_UNSYNCED_BYTES_MAX);
	cr_assert(submitted > LOG_UNSYNCED_BYTES_MAX / 2);
	fake_eager(r->disk, true, 1);
	rig_drain(r);
	cr_assert(r->answered == 12 && r->failed == 0);
	rig_check_content(r);
	close_rig(r);
}

/* What is under way at most in the end, at a disk that does one write in so many turns. */
static uint64_t writing_at_once(struct rig *r, unsigned turns)
{
	enum { ROUNDS = 36, SETTLED = 28 };
	uint64_t most = 0;
	for (unsigned turn = 0; turn < ROUNDS * turns; turn++) {
		while (r->answered + 16 > r->append_count)
			rig_append(r, 1, 1 << 19, ACK_WRITTEN);
		rig_turn(r);
		most = turn < SETTLED * turns ? 0 : max_u64(most, r->service.writing_bytes);
		while (fake_find(r->disk, DISK_SYNC))
			complete_kind(r, DISK_SYNC);
		if (turn % turns == 0 && fake_find(r->disk, DISK_WRITE))
			complete_kind(r, DISK_WRITE);
	}
	return most;
}

Test(log_order, a_slow_disk_is_given_less_at_a_time)
{
	struct rig *r = rig_create();
	r->service_options.settings.buffers = 4096;
	open_made(r);
	uint64_t slow = writing_at_once(r, 15);
	r->turn_ns /= 100;
	uint64_t fast = writing_at_once(r, 1);
	cr_assert(slow <= 2 << 20, "%lu", slow);
	cr_assert(fast > 2 * slow, "%lu", fast);
	close_rig(r);
}

Test(log_order, a_write_larger_than_what_a_slow_disk_is_given_goes_alone)
{
	struct log_service s = {.writing_bytes_max = 1};
	cr_assert(log_service_may_write(&s, 1 << 20));
	log_service_write_begun(&s, 1 << 20);
	cr_assert(!log_service_may_write(&s, 1));
	log_service_write_done(&s, 1 << 20, 2 * WRITING_NS);
	cr_assert(s.writing_bytes == 0 && s.writing_bytes_max == WRITING_BYTES_LEAST);
}

Test(log_order, a_write_that_outlasts_its_segment_still_counts)
{
	struct rig *r = rig_create();
	r->options.segment_bytes = 100000;
	cr_assert(rig_open(r, 0, false));
	for (unsigned i = 0; i < 9; i++)
		rig_append(r, 1, 10000, ACK_DURABLE);
	complete_all_but(r, NULL);
	/* The next one begins the second segment, whose first write is slow. */
	rig_append(r, 1, 16384, ACK_DURABLE);
	while (r->stats.value[STAT_log_rolls] == 0) {
		rig_turn(r);
		while (r->stats.value[STAT_log_rolls] == 0 && fake_pending(r->disk) > 0)
			fake_complete(r->disk, fake_op(r->disk, 0));
	}
	struct disk_op *slow = fake_find(r->disk, DISK_WRITE);
	cr_assert(slow != NULL);
	for (unsigned i = 0; i < 9; i++) {
		rig_append(r, 1, 10000, ACK_DURABLE);
		complete_all_but(r, slow);
	}
	cr_assert(r->stats.value[STAT_log_rolls] == 2);
	cr_assert(r->answered == 9);
	fake_eager(r->disk, true, 1);
	rig_drain(r);
	cr_assert(r->answered == 19 && r->failed == 0, "%u", r->answered);
	rig_check_content(r);
	close_rig(r);
}

Test(log_order, any_order_of_completions_stores_the_same_bytes)
{
	uint64_t zeroed = 0;
	for (unsigned seed = 1; seed <= 30; seed++) {
		struct rig *r = rig_create();
		r->options.segment_bytes = 300000;
		r->options.message_bytes_max = 200000;
		cr_assert(rig_open(r, 0, false));
		srand(seed);
		for (unsigned i = 0; i < 150; i++) {
			size_t size = rand() % 6 ? (size_t)rand() % 4000
						 : (size_t)rand() % 150000;
			rig_append(r, 1, size, rand() % ACK_LEVELS);
			for (unsigned k = (unsigned)rand() % 3; k > 0; k--) {
				unsigned n = fake_pending(r->disk);
				if (n > 0)
					fake_complete(r->disk,
						      fake_op(r->disk, (unsigned)rand() % n));
				rig_turn(r);
				struct log_marks m = rig_marks(r);
				cr_assert(m.high_watermark <= m.written_offset &&
					  m.written_offset <= m.log_end_offset);
			}
		}
		fake_eager(r->disk, true, seed);
		rig_drain(r);
		cr_assert(r->answered == 150 && r->failed == 0);
		cr_assert(r->stats.value[STAT_log_rolls] >= 2, "%u: %u rolls", seed,
			  (unsigned)r->stats.value[STAT_log_rolls]);
		zeroed += r->stats.value[STAT_log_zeroed_bytes];
		rig_check_content(r);
		rig_finish(r);
		cr_assert(rig_open(r, 0, false));
		cr_assert(!r->found.is_corrupt && r->found.bytes_dropped == 0, "%s",
			  r->found.message);
		rig_check_content(r);
		close_rig(r);
	}
	cr_assert(zeroed > 0);
}
