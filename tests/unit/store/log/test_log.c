/* test_log.c - append, write, sync, answer, read: over the real disk and over one that
 * completes in any order. */
#include "dataplane/store/log/log_private.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(log, an_append_is_answered_and_read_back)
{
	struct rig *r = rig_create();
	cr_assert(rig_open(r, 0, false));
	struct append_msg *a = rig_append(r, 3, 100, ACK_DURABLE);
	struct append_msg *b = rig_append(r, 2, 100, ACK_WRITTEN);
	rig_drain(r);
	cr_assert(r->answered == 2 && r->failed == 0);
	cr_assert(a->base_offset == 0 && b->base_offset == 3);
	struct log_marks m = rig_marks(r);
	cr_assert(m.log_end_offset == 5 && m.written_offset == 5 && m.high_watermark == 5);
	rig_check_content(r);
	rig_destroy(r);
}

/* A log that came from elsewhere may be close to the last offset there is. */
Test(log, a_batch_that_finds_no_offsets_left_is_refused_and_fences_nothing)
{
	struct rig *r = rig_create();
	cr_assert(rig_open(r, 0, false));
	r->log->next_offset = INT64_MAX - 3;
	struct append_msg *a = rig_append(r, 4, 100, ACK_DURABLE);
	cr_assert(a->error == KAFKA_ERROR_INVALID_RECORD && a->base_offset == -1);
	cr_assert(r->log->next_offset == INT64_MAX - 3 && !r->log->is_fenced);
	r->log->next_offset = 0;
	rig_turn(r);
	cr_assert(r->answered == 1 && r->failed == 1);
	rig_destroy(r);
}

/* What was taken before is written, and nothing is fenced. */
Test(log, a_disk_that_is_short_of_room_takes_nothing_until_it_is_not)
{
	struct rig *r = rig_create();
	cr_assert(rig_open(r, 0, false));
	rig_append(r, 1, 100, ACK_DURABLE);
	r->dir.is_short = true;
	rig_drain(r);
	struct append_msg *a = rig_append(r, 1, 100, ACK_DURABLE);
	rig_drain(r);
	cr_assert(a->error == KAFKA_ERROR_KAFKA_STORAGE_ERROR && r->answered == 2);
	cr_assert(r->failed == 1 && r->stats.value[STAT_log_refused_for_room] == 1);
	cr_assert(!rig_marks(r).is_fenced && rig_marks(r).high_watermark == 1);
	r->dir.is_short = false;
	rig_drain(r);
	rig_turn(r);
	cr_assert(rig_append(r, 1, 100, ACK_DURABLE)->error == 0);
	rig_drain(r);
	cr_assert(rig_marks(r).high_watermark == 2);
	rig_destroy(r);
}

/* Control is away, or writers are fast: what it saw last bounds what is taken. */
Test(log, between_two_looks_no_more_is_taken_than_there_was_room_for)
{
	struct rig *r = rig_create();
	cr_assert(rig_open(r, 0, false));
	r->dir.looks = 1;
	r->dir.room_bytes = 25000;
	rig_turn(r);
	cr_assert(rig_append(r, 1, 10000, ACK_DURABLE)->error == 0);
	rig_drain(r);
	cr_assert(rig_append(r, 1, 10000, ACK_DURABLE)->error == 0);
	rig_drain(r);
	cr_assert(rig_append(r, 1, 10000, ACK_DURABLE)->error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	cr_assert(rig_append(r, 1, 100, ACK_DURABLE)->error == 0, "what is small finds some");
	r->dir.looks = 2;
	rig_turn(r);
	cr_assert(rig_append(r, 1, 10000, ACK_DURABLE)->error == 0);
	rig_drain(r);
	cr_assert(r->stats.value[STAT_log_refused_for_room] == 1 && !rig_marks(r).is_fenced);
	rig_destroy(r);
}

Test(log, random_sizes_come_back_byte_for_byte)
{
	struct rig *r = rig_create();
	srand(1);
	cr_assert(rig_open(r, 0, false));
	for (unsigned i = 0; i < 600; i++) {
		size_t size = rand() % 8 ? (size_t)rand() % 3000 : (size_t)rand() % 100000;
		rig_append(r, 1 + (uint32_t)rand() % 3, size, rand() % ACK_LEVELS);
		if (rand() % 3 == 0)
			rig_turn(r);
	}
	rig_drain(r);
	cr_assert(r->answered == 600 && r->failed == 0);
	rig_check_content(r);
	rig_finish(r);
	cr_assert(rig_open(r, 0, true));
	cr_assert(r->found.message[0] == '\0', "%s", r->found.message);
	rig_check_content(r);
	rig_destroy(r);
}

Test(log, an_empty_log_without_leader_epochs_is_given_them)
{
	struct rig *r = rig_create();
	cr_assert(rig_open(r, 0, false));
	rig_finish(r);
	size_t size;
	uint8_t *text = rig_load(r, "leader-epoch-checkpoint", &size);
	cr_assert(text && size > 0);
	uint8_t *zeroes = calloc(1, size);
	rig_store(r, "leader-epoch-checkpoint", zeroes, size);
	cr_assert(rig_open(r, 0, false));
	size_t size_now;
	uint8_t *text_now = rig_load(r, "leader-epoch-checkpoint", &size_now);
	cr_assert(size_now == size && memcmp(text_now, text, size) == 0);
	free(text_now);
	free(zeroes);
	free(text);
	rig_destroy(r);
}

/* Kafka's limits are the largest size that is taken, not the first that is refused. */
Test(log, a_batch_of_exactly_a_limit_is_taken)
{
	struct rig *r = rig_create();
	cr_assert(rig_open(r, 0, false));
	rig_append(r, 1, 5000, ACK_DURABLE);
	rig_drain(r);
	uint32_t size = (uint32_t)r->expected_bytes;
	r->options.message_bytes_max = r->options.segment_bytes = size;
	log_alter(r->log, &r->options);
	cr_assert(rig_append(r, 1, 5000, ACK_DURABLE)->error == 0);
	rig_drain(r);
	cr_assert(r->answered == 2 && r->failed == 0);
	r->options.message_bytes_max = size - 1;
	log_alter(r->log, &r->options);
	cr_assert(rig_append(r, 1, 5000, ACK_DURABLE)->error == KAFKA_ERROR_MESSAGE_TOO_LARGE);
	r->options.message_bytes_max = size;
	r->options.segment_bytes = size - 1;
	log_alter(r->log, &r->options);
	cr_assert(rig_append(r, 1, 5000, ACK_DURABLE)->error ==
		  KAFKA_ERROR_RECORD_LIST_TOO_LARGE);
	rig_drain(r);
	cr_assert(r->answered == 4 && r->failed == 2);
	rig_check_content(r);
	rig_destroy(r);
}

/* In the middle of a block, which the next write begins with. */
Test(log, a_log_goes_on_where_it_ended)
{
	struct rig *r = rig_create();
	for (unsigned life = 0; life < 4; life++) {
		bool is_clean = life % 2;
		cr_assert(rig_open(r, 0, is_clean));
		rig_append(r, 1, 1234, ACK_DURABLE);
		rig_drain(r);
		rig_append(r, 2, 10, ACK_DURABLE);
		rig_drain(r);
		rig_check_content(r);
		rig_finish(r);
	}
	cr_assert(rig_open(r, 0, false) && !r->found.is_corrupt);
	cr_assert(rig_marks(r).log_end_offset == 12 && r->found.bytes_dropped == 0);
	rig_check_content(r);
	rig_destroy(r);
}
