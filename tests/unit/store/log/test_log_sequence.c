/* test_log_sequence.c - batches with a producer id over a disk that completes when and how the
 * test says: what is answered, when, and with which offset. */
#include "tests/unit/store/disk/fake_disk.h"
#include "dataplane/store/log/log_private.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <errno.h>

#define MINUTE_NS 60000000000ull
#define DAY_NS    (24 * 60 * MINUTE_NS)

static struct rig *rig;
static struct rig_producer producer;

static void turn_all(void)
{
	for (unsigned i = 0; i < 8; i++) {
		rig_turn(rig);
		for (unsigned n = fake_pending(rig->disk); n-- > 0;)
			fake_complete(rig->disk, fake_op(rig->disk, n));
	}
}

static void begin(void)
{
	producer = (struct rig_producer){.id = 4711};
	rig = rig_create();
	cr_assert(rig_open(rig, 0, false));
	turn_all();
	rig->producer = &producer;
}

static void end(void)
{
	fake_eager(rig->disk, true, 1);
	rig_destroy(rig);
}

TestSuite(log_sequence, .init = begin, .fini = end);

static struct append_msg *append(int32_t sequence, uint32_t count, enum ack_level level)
{
	producer.sequence = sequence;
	return rig_append(rig, count, 10, level);
}

static void complete(enum disk_kind kind)
{
	struct disk_op *op = fake_find(rig->disk, kind);
	cr_assert(op != NULL);
	fake_complete(rig->disk, op);
	rig_turn(rig);
}

static bool is_answered(const struct append_msg *a)
{
	return rig->is_answered[a - rig->appends];
}

Test(log_sequence, a_duplicate_is_not_stored_and_has_the_offsets_and_time_of_before)
{
	append(0, 3, ACK_DURABLE);
	rig->time_ms = 1700000099999;
	const struct append_msg *before = append(3, 2, ACK_DURABLE);
	rig->time_ms = 0;
	append(5, 4, ACK_DURABLE);
	turn_all();
	const struct append_msg *again = append(3, 2, ACK_DURABLE);
	turn_all();
	cr_assert(is_answered(again) && again->error == 0 && again->is_duplicate);
	cr_assert(again->base_offset == 3 && before->base_offset == 3);
	cr_assert(again->log_append_time == 1700000099999 && before->log_append_time == -1);
	cr_assert(again->log_start_offset == 0);
	cr_assert(rig_marks(rig).log_end_offset == 9);
	fake_eager(rig->disk, true, 1);
	rig_check_content(rig);
}

Test(log_sequence, a_duplicate_waits_for_the_sync_that_its_original_waits_for)
{
	const struct append_msg *original = append(0, 1, ACK_DURABLE);
	rig_turn(rig);
	const struct append_msg *again = append(0, 1, ACK_DURABLE);
	rig_turn(rig);
	cr_assert(again->is_duplicate && !is_answered(again));
	complete(DISK_WRITE);
	cr_assert(!is_answered(again), "it is written, and may be lost");
	complete(DISK_SYNC);
	cr_assert(is_answered(again) && is_answered(original));
	cr_assert(rig->failed == 0 && again->base_offset == 0);
}

Test(log_sequence, a_duplicate_may_want_more_than_its_original_or_less)
{
	append(0, 1, ACK_WRITTEN);
	append(1, 1, ACK_DURABLE);
	rig_turn(rig);
	const struct append_msg *more = append(0, 1, ACK_DURABLE);
	const struct append_msg *less = append(1, 1, ACK_WRITTEN);
	rig_turn(rig);
	cr_assert(!is_answered(more) && !is_answered(less));
	complete(DISK_WRITE);
	cr_assert(!is_answered(more) && is_answered(less));
	complete(DISK_SYNC);
	cr_assert(is_answered(more));
}

Test(log_sequence, a_duplicate_in_the_same_turn_comes_behind_its_original)
{
	append(0, 1, ACK_WRITTEN);
	const struct append_msg *again = append(0, 1, ACK_WRITTEN);
	append(1, 1, ACK_WRITTEN);
	rig_turn(rig);
	cr_assert(!is_answered(again));
	complete(DISK_WRITE);
	cr_assert(rig->answered == 3 && rig->failed == 0 && again->base_offset == 0);
	cr_assert(rig_marks(rig).log_end_offset == 2);
}

Test(log_sequence, a_duplicate_that_came_while_the_log_had_no_buffer_is_answered)
{
	for (int32_t s = 0; s < 40; s++)
		rig_append(rig, 1, 16000, ACK_DURABLE);
	const struct append_msg *again = append(38, 1, ACK_DURABLE);
	cr_assert(again->is_duplicate && !is_answered(again));
	turn_all();
	turn_all();
	cr_assert(is_answered(again) && rig->answered == 41 && rig->failed == 0);
}

Test(log_sequence, what_was_written_in_vain_is_not_answered_as_stored_when_it_comes_again)
{
	append(0, 1, ACK_WRITTEN);
	rig_turn(rig);
	const struct append_msg *waiting = append(0, 1, ACK_WRITTEN);
	rig_turn(rig);
	fake_fail(rig->disk, fake_find(rig->disk, DISK_WRITE), -EIO);
	rig_turn(rig);
	cr_assert(is_answered(waiting) && waiting->error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	const struct append_msg *again = append(0, 1, ACK_WRITTEN);
	rig_turn(rig);
	cr_assert(is_answered(again) && again->error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(rig->failed == 3);
}

Test(log_sequence, what_does_not_come_next_is_refused_and_so_is_what_follows_it)
{
	append(0, 1, ACK_WRITTEN);
	const struct append_msg *gap = append(2, 1, ACK_WRITTEN);
	const struct append_msg *after = append(3, 1, ACK_WRITTEN);
	const struct append_msg *next = append(1, 1, ACK_WRITTEN);
	cr_assert(gap->error == KAFKA_ERROR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	cr_assert(after->error == KAFKA_ERROR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	cr_assert(gap->base_offset == -1 && next->error == 0 && next->base_offset == 1);
	turn_all();
	cr_assert(rig->answered == 4 && rig->failed == 2);
}

Test(log_sequence, a_batch_that_the_log_refuses_is_not_remembered)
{
	append(0, 1, ACK_WRITTEN);
	rig->options.message_bytes_max = 20;
	log_alter(rig->log, &rig->options);
	const struct append_msg *large = append(1, 1, ACK_WRITTEN);
	cr_assert(large->error == KAFKA_ERROR_MESSAGE_TOO_LARGE);
	rig->options.message_bytes_max = 4 << 20;
	log_alter(rig->log, &rig->options);
	const struct append_msg *after = append(2, 1, ACK_WRITTEN);
	const struct append_msg *again = append(1, 1, ACK_WRITTEN);
	cr_assert(after->error == KAFKA_ERROR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	cr_assert(again->error == 0 && !again->is_duplicate && again->base_offset == 1);
	turn_all();
}

Test(log_sequence, an_older_epoch_is_told_so)
{
	producer.epoch = 3;
	append(0, 1, ACK_WRITTEN);
	producer.epoch = 2;
	const struct append_msg *old = append(1, 1, ACK_WRITTEN);
	cr_assert(old->error == KAFKA_ERROR_INVALID_PRODUCER_EPOCH);
	producer.epoch = 4;
	const struct append_msg *new = append(0, 1, ACK_WRITTEN);
	cr_assert(new->error == 0 && new->base_offset == 1);
	turn_all();
}

Test(log_sequence, who_has_no_id_is_not_looked_at)
{
	rig->producer = NULL;
	const struct append_msg *one = rig_append(rig, 1, 10, ACK_WRITTEN);
	const struct append_msg *two = rig_append(rig, 1, 10, ACK_WRITTEN);
	cr_assert(one->error == 0 && two->error == 0 && two->base_offset == 1);
	cr_assert(rig->service.producers.count == 0);
	turn_all();
}

Test(log_sequence, who_has_not_written_for_a_day_is_forgotten)
{
	append(0, 1, ACK_WRITTEN);
	turn_all();
	rig->service.now_ns += DAY_NS - 10 * MINUTE_NS;
	turn_all();
	cr_assert(append(0, 1, ACK_WRITTEN)->is_duplicate);
	turn_all();
	rig->service.now_ns += 20 * MINUTE_NS;
	turn_all();
	const struct append_msg *again = append(0, 1, ACK_WRITTEN);
	cr_assert(again->error == 0 && !again->is_duplicate);
	turn_all();
}

/* All completes until the log has ended, but for a write of a snapshot, which fails. */
static void finish_without_snapshot(void)
{
	log_finish(rig->log);
	while (!log_is_finished(rig->log)) {
		rig_turn(rig);
		for (unsigned n = fake_pending(rig->disk); n-- > 0;) {
			struct disk_op *op = fake_op(rig->disk, n);
			if (op->tag == LOG_TAG_SNAPSHOT && op->kind == DISK_WRITE)
				fake_fail(rig->disk, op, -ENOSPC);
			else
				fake_complete(rig->disk, op);
		}
	}
}

Test(log_sequence, a_snapshot_that_cannot_be_written_is_counted_and_fences_nothing)
{
	append(0, 1, ACK_DURABLE);
	turn_all();
	finish_without_snapshot();
	cr_assert(rig->stats.value[STAT_log_snapshot_failures] == 1);
	cr_assert(rig->stats.value[STAT_log_snapshots] == 0);
	cr_assert(!rig_marks(rig).is_fenced && rig->service.snapshot_of == NULL);
	log_release(rig->log);
	log_serve(rig->log, &rig->service, 0);
}

Test(log_sequence, a_log_that_is_given_back_leaves_nothing_behind)
{
	append(0, 1, ACK_WRITTEN);
	fake_eager(rig->disk, true, 1);
	rig_drain(rig);
	cr_assert(rig->service.producers.count == 1);
	log_finish(rig->log);
	while (!log_is_finished(rig->log))
		rig_turn(rig);
	log_release(rig->log);
	cr_assert(rig->service.producers.count == 0);
	log_serve(rig->log, &rig->service, 0);
}
