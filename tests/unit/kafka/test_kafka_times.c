/* test_kafka_times.c - topics whose records have the time of their append, and those that are of
 * another codec than their producers'. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

static void begin(void)
{
	rig_begin();
	rig->topics->topics[0].options.timestamp_type = TIMESTAMP_LOG_APPEND_TIME;
	rig->topics->topics[0].options.timestamp_before_max_ms = 5000;
}

TestSuite(kafka_times, .init = begin, .fini = rig_end);

enum { VERSION = 9 };

static struct record_batch_header *head_of(struct buffer *b)
{
	return (void *)b->data;
}

static struct produce_outcome outcome_of(struct buffer *give)
{
	struct produce_outcome o;
	struct buffer request = request_of(VERSION, -1, 0, give);
	send_all(peer, &request);
	rig_turns(rig, 2);
	struct bytes answer = peer_answer(peer);
	cr_assert(answer.data && produce_read(VERSION, answer, &o, 1) == 1);
	peer_answer_done(peer, answer);
	return o;
}

/* A poller leaves them alone: the writer sets them. */
Test(kafka_times, what_a_producer_says_of_its_times_is_nobodys_business)
{
	const int64_t times[] = {0, -1, -5, INT64_MIN / 2, INT64_MAX / 2};
	for (unsigned i = 0; i < array_len(times); i++) {
		struct buffer batch = batch_make(2, 30, times[i]);
		size_t size = batch.size, from = rig->logs[0].bytes.size;
		head_of(&batch)->max_timestamp = be64_of(4711);
		batch_seal(&batch);
		struct produce_outcome o = outcome_of(&batch);
		cr_assert(o.error_code == 0 && o.log_append_time == RIG_APPEND_TIME, "%u", i);
		struct buffer stored = {0};
		buffer_add(&stored, rig->logs[0].bytes.data + from, size);
		cr_assert(record_batch_max_timestamp(head_of(&stored)) == 4711);
		cr_assert(record_batch_check_all(stored.data, size) == RECORD_BATCH_GOOD);
		buffer_free(&stored);
	}
}

Test(kafka_times, a_compressed_batch_is_opened_without_bounds)
{
	struct buffer batch = batch_make(3, 40, 1000);
	head_of(&batch)->attributes = be16_of(RECORD_CODEC_GZIP);
	batch_seal(&batch);
	struct buffer request = request_of(VERSION, -1, 0, &batch);
	rig->hold_appends = true;
	send_all(peer, &request);
	rig_turns(rig, 2);
	cr_assert(rig->held_count == 1);
	const struct append_msg *a = container_of(rig->held[0], struct append_msg, msg);
	cr_assert(a->is_append_time);
	cr_assert(a->time_min == INT64_MIN && a->time_max == INT64_MAX);
	rig->hold_appends = false;
	rig_release(rig);
	rig_turns(rig, 2);
	cr_assert(next_error(VERSION) == 0);
}

/* penstock.produce.inspect=headers. */
Test(kafka_times, a_header_is_not_asked_for_its_times)
{
	rig->in.settings.produce_inspect = INSPECT_HEADERS;
	struct buffer batch = batch_make(3, 40, 1000);
	head_of(&batch)->max_timestamp = be64_of(10);
	head_of(&batch)->attributes = be16_of(RECORD_CODEC_GZIP);
	batch_seal(&batch);
	cr_assert(outcome_of(&batch).error_code == 0);
}

Test(kafka_times, a_producer_may_not_set_the_time_of_its_append)
{
	struct buffer batch = batch_make(3, 40, wall());
	head_of(&batch)->attributes = be16_of(RECORD_BATCH_LOG_APPEND_TIME);
	batch_seal(&batch);
	struct produce_outcome o = outcome_of(&batch);
	cr_assert(o.error_code == KAFKA_ERROR_INVALID_TIMESTAMP && o.log_start_offset == 0);
	cr_assert(o.record_errors.count == 1 && rig->appends == 0);
}

/* ---- codecs ---------------------------------------------------------------------------- */

/* A batch of codec `of` for a topic that says `wanted`; is it to be compressed anew? */
static bool is_repacked(enum record_codec of, enum compression_kind wanted, int inspect)
{
	struct buffer batch = batch_make(3, 40, wall());
	rig->topics->topics[0].options.timestamp_type = TIMESTAMP_CREATE_TIME;
	rig->topics->topics[0].options.compression_type = (uint8_t)wanted;
	rig->in.settings.produce_inspect = (uint8_t)inspect;
	head_of(&batch)->attributes = be16_of((uint16_t)of);
	batch_seal(&batch);
	struct buffer request = request_of(VERSION, -1, 0, &batch);
	rig->hold_appends = true;
	send_all(peer, &request);
	rig_turns(rig, 2);
	cr_assert(rig->held_count == 1);
	const struct append_msg *a = container_of(rig->held[0], struct append_msg, msg);
	bool is_packed = a->is_repacked;
	cr_assert((a->kind == CREDIT_PACKED) ==
		  (is_packed || (of && inspect == INSPECT_RECORDS)));
	cr_assert(!is_packed || (a->codec == of && a->time_max > wall()));
	rig->hold_appends = false;
	rig_release(rig);
	rig_turns(rig, 2);
	cr_assert(next_error(VERSION) == 0);
	return is_packed;
}

Test(kafka_times, a_batch_of_another_codec_than_its_topics_is_compressed_anew)
{
	static const enum compression_kind kinds[RECORD_CODECS] = {
		COMPRESSION_UNCOMPRESSED, COMPRESSION_GZIP, COMPRESSION_SNAPPY, COMPRESSION_LZ4,
		COMPRESSION_ZSTD};
	for (int inspect = INSPECT_RECORDS; inspect <= INSPECT_HEADERS; inspect++)
		for (unsigned of = 0; of < RECORD_CODECS; of++) {
			cr_assert(!is_repacked(of, COMPRESSION_PRODUCER, inspect));
			for (unsigned wanted = 0; wanted < RECORD_CODECS; wanted++)
				cr_assert(is_repacked(of, kinds[wanted], inspect) ==
					  (of != wanted));
		}
}
