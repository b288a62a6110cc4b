/* test_kafka_codes.c - what Kafka 4.1 answers to batches and frames that no client makes. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

TestSuite(kafka_codes, .init = rig_begin, .fini = rig_end);

enum { VERSION = 9, LOG_START = 17, TWO_HOURS_MS = 7200000 };

static struct record_batch_header *head_of(struct buffer *b)
{
	return (void *)b->data;
}

/* The only outcome of the peer's next answer; its spans are good until then. */
static struct produce_outcome next_outcome(void)
{
	struct produce_outcome o;
	struct bytes answer = peer_answer(peer);
	cr_assert(answer.data && produce_read(VERSION, answer, &o, 1) == 1);
	return o;
}

static int16_t error_of(struct buffer *batch, const char *transactional_id)
{
	struct produce_spec spec = {.version = VERSION, .acks = -1,
				    .transactional_id = transactional_id};
	struct produce_item item = {.topic = "alpha", .records = *batch};
	struct buffer request = produce_make(&spec, &item, 1);
	send_all(peer, &request);
	rig_turns(rig, 3);
	return next_error(VERSION);
}

/* ---- what is no batch ------------------------------------------------------------------ */

struct shape {
	const char *name;
	uint32_t size;    /* bytes of it that are sent; 0: all */
	int32_t length;   /* as its header says; 0: as it is */
	uint8_t magic;    /* 0xff: 2 */
	int16_t error;
};

static const struct shape shapes[] = {
	{"less than a length", 11, 0, 0xff, KAFKA_ERROR_INVALID_RECORD},
	{"a length and no more", 12, 0, 0xff, KAFKA_ERROR_INVALID_RECORD},
	{"cut before its magic", 16, 0, 0xff, KAFKA_ERROR_INVALID_RECORD},
	{"cut before its magic, too short", 16, 13, 0xff, KAFKA_ERROR_CORRUPT_MESSAGE},
	{"cut behind its magic", 17, 0, 0xff, KAFKA_ERROR_INVALID_RECORD},
	{"a header without its last byte", 60, 0, 0xff, KAFKA_ERROR_INVALID_RECORD},
	{"cut in its records", 70, 0, 0xff, KAFKA_ERROR_INVALID_RECORD},
	{"a length below any message's", 0, 13, 0xff, KAFKA_ERROR_CORRUPT_MESSAGE},
	{"a negative length", 0, -2, 0xff, KAFKA_ERROR_CORRUPT_MESSAGE},
	{"a length below a header's", 0, 48, 0xff, KAFKA_ERROR_CORRUPT_MESSAGE},
	{"a length beyond its end", 0, 1 << 20, 0xff, KAFKA_ERROR_INVALID_RECORD},
	{"magic 0", 0, 0, 0, KAFKA_ERROR_INVALID_RECORD},
	{"magic 1", 0, 0, 1, KAFKA_ERROR_INVALID_RECORD},
	{"magic 3", 0, 0, 3, KAFKA_ERROR_CORRUPT_MESSAGE},
	{"magic -2", 0, 0, 0xfe, KAFKA_ERROR_CORRUPT_MESSAGE},
};

Test(kafka_codes, what_is_no_batch_has_kafkas_error)
{
	for (unsigned i = 0; i < array_len(shapes); i++) {
		const struct shape *s = &shapes[i];
		struct buffer batch = batch_make(3, 30, wall());
		if (s->magic != 0xff)
			head_of(&batch)->magic = s->magic;
		if (s->length)
			head_of(&batch)->length = be32_of((uint32_t)s->length);
		batch.size = s->size ? s->size : batch.size;
		int16_t error = error_of(&batch, NULL);
		cr_assert(error == s->error, "%s: %d", s->name, error);
		cr_assert(ledger_in_flight(&rig->in.stats, LEDGER_record) == 0);
		buffer_free(&batch);
	}
	cr_assert(rig->appends == 0);
}

/* ---- transactions ---------------------------------------------------------------------- */

static int16_t error_of_bits(unsigned bits, const char *id, bool is_crc_right)
{
	struct buffer batch = batch_make(2, 30, wall());
	head_of(&batch)->attributes = be16_of((uint16_t)bits);
	if (is_crc_right)
		batch_seal(&batch);
	int16_t error = error_of(&batch, id);
	buffer_free(&batch);
	return error;
}

Test(kafka_codes, transactional_batches_are_refused_and_ordinary_ones_stored_with_any_id)
{
	const int16_t refused = KAFKA_ERROR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
	const unsigned both = RECORD_BATCH_TRANSACTIONAL | RECORD_BATCH_CONTROL;
	cr_assert(error_of_bits(RECORD_BATCH_TRANSACTIONAL, NULL, true) == refused);
	cr_assert(error_of_bits(RECORD_BATCH_TRANSACTIONAL, "tx", true) == refused);
	cr_assert(error_of_bits(both, NULL, true) == refused);
	cr_assert(error_of_bits(both, NULL, false) == refused);
	cr_assert(error_of_bits(RECORD_BATCH_CONTROL, "tx", true) == KAFKA_ERROR_INVALID_RECORD);
	cr_assert(rig->appends == 0);
	cr_assert(error_of_bits(0, "tx", true) == 0 && rig->appends == 1);
}

/* ---- what comes first ------------------------------------------------------------------ */

Test(kafka_codes, an_unknown_topic_is_named_before_acks_and_a_broken_batch)
{
	struct produce_spec spec = {.version = VERSION, .acks = 2};
	struct produce_item item = {.topic = "alpha", .partition = 99, .is_null = true};
	struct buffer request = produce_make(&spec, &item, 1);
	send_all(peer, &request);
	rig_turns(rig, 2);
	cr_assert(next_error(VERSION) == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	item.partition = 0;
	request = produce_make(&spec, &item, 1);
	send_all(peer, &request);
	rig_turns(rig, 2);
	cr_assert(next_error(VERSION) == KAFKA_ERROR_INVALID_RECORD);
}

/* Whose id it is nobody knows; whose partition it is not is told as with names. */
Test(kafka_codes, an_unknown_id_is_told_from_an_unknown_partition)
{
	const struct produce_item items[2] = {{.topic = "nobody", .is_null = true},
					      {.topic = "beta", .partition = 99, .is_null = true}};
	struct produce_spec spec = {.version = 13, .acks = -1};
	struct buffer request = produce_make(&spec, items, 2);
	struct produce_outcome o[2];
	send_all(peer, &request);
	rig_turns(rig, 2);
	cr_assert(produce_read(13, peer_answer(peer), o, 2) == 2);
	cr_assert(o[0].error_code == KAFKA_ERROR_UNKNOWN_TOPIC_ID);
	cr_assert(o[1].error_code == KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
}

Test(kafka_codes, an_id_is_found_again_in_the_next_snapshot)
{
	struct produce_spec spec = {.version = 13, .acks = -1};
	struct produce_item item = {.topic = "beta", .records = batch_make(3, 900, wall())};
	for (unsigned gone = 0; gone < 2; gone++) {
		struct buffer request = produce_make(&spec, &item, 1);
		peer_send(peer, request.data, request.size - 10);
		rig_turns(rig, 1);
		rig_new_topics(rig, gone);
		peer_send(peer, request.data + request.size - 10, 10);
		rig_turns(rig, 2);
		cr_assert(next_error(13) == (gone ? KAFKA_ERROR_UNKNOWN_TOPIC_ID : 0));
		buffer_free(&request);
	}
	buffer_free(&item.records);
}

/* ---- what the answer says beside the code ---------------------------------------------- */

/* Its third record is two hours ahead. */
static struct buffer late_batch(void)
{
	struct buffer b = batch_make(2, 40, wall());
	uint8_t room[128];
	struct emitter e = emitter_of(room, sizeof room);
	struct record_view late = {.timestamp_delta = TWO_HOURS_MS, .offset_delta = 2};
	struct record_view good = {.offset_delta = 3};
	record_emit(&e, &late);
	record_emit(&e, &good);
	cr_assert(!e.bad);
	buffer_add(&b, room, emitter_size(&e));
	head_of(&b)->count = be32_of(4);
	head_of(&b)->last_offset_delta = be32_of(3);
	record_batch_set_size(head_of(&b), (uint32_t)b.size);
	batch_seal(&b);
	return b;
}

Test(kafka_codes, a_refused_time_is_told_with_its_record_and_where_the_log_starts)
{
	rig->logs[1].log_start_offset = LOG_START;
	struct buffer batch = late_batch();
	struct buffer request = request_of(VERSION, -1, 1, &batch);
	send_all(peer, &request);
	rig_turns(rig, 2);
	struct produce_outcome o = next_outcome();
	cr_assert(o.error_code == KAFKA_ERROR_INVALID_TIMESTAMP);
	cr_assert(o.log_start_offset == LOG_START && o.base_offset == -1);
	cr_assert(o.record_errors.count == 1 && o.record_errors.items[0].batch_index == 2);
	cr_assert(o.record_errors.items[0].message.size > 0 && o.error_message.size > 0);
}

/* Over chunks, the last record of many. */
Test(kafka_codes, a_record_far_behind_is_found)
{
	enum { RECORDS = 2000 };
	struct buffer b = {0};
	struct record_batch_header h;
	record_batch_build(&h, RECORDS, wall(), wall());
	buffer_add(&b, &h, sizeof h);
	for (int32_t i = 0; i < RECORDS; i++) {
		uint8_t room[64];
		struct emitter e = emitter_of(room, sizeof room);
		struct record_view v = {.offset_delta = i,
					.timestamp_delta = i == 1777 ? TWO_HOURS_MS : 0};
		record_emit(&e, &v);
		buffer_add(&b, room, emitter_size(&e));
	}
	cr_assert(b.size > 3 * CHUNK_BYTES && b.size < RIG_MESSAGE_BYTES_MAX);
	record_batch_set_size(head_of(&b), (uint32_t)b.size);
	batch_seal(&b);
	struct buffer request = request_of(VERSION, -1, 1, &b);
	send_all(peer, &request);
	rig_turns(rig, 3);
	struct produce_outcome o = next_outcome();
	cr_assert(o.error_code == KAFKA_ERROR_INVALID_TIMESTAMP);
	cr_assert(o.record_errors.count == 1 && o.record_errors.items[0].batch_index == 1777);
}

Test(kafka_codes, a_corrupt_batch_is_told_nothing_of_its_log)
{
	rig->logs[1].log_start_offset = LOG_START;
	struct buffer batch = batch_make(2, 40, wall());
	batch.data[batch.size - 1] ^= 1;
	struct buffer request = request_of(VERSION, -1, 1, &batch);
	send_all(peer, &request);
	rig_turns(rig, 2);
	struct produce_outcome o = next_outcome();
	cr_assert(o.error_code == KAFKA_ERROR_CORRUPT_MESSAGE && o.log_start_offset == -1);
	cr_assert(o.record_errors.count == 0);
}

/* ---- a partition that comes twice ------------------------------------------------------ */

static unsigned items_answered(int version, const struct produce_item *items, unsigned count,
			       struct produce_outcome *ret)
{
	struct produce_spec spec = {.version = version, .acks = -1};
	struct buffer request = produce_make(&spec, items, count);
	send_all(peer, &request);
	rig_turns(rig, 3);
	struct bytes answer = peer_answer(peer);
	cr_assert(answer.data != NULL);
	unsigned answered = produce_read(version, answer, ret, count);
	peer_answer_done(peer, answer);
	return answered;
}

Test(kafka_codes, a_partition_named_twice_is_stored_and_answered_once)
{
	const int versions[] = {3, 9};
	for (unsigned v = 0; v < array_len(versions); v++) {
		struct produce_outcome o[4];
		struct produce_item items[4];
		uint64_t appends = rig->appends;
		const int32_t partitions[4] = {0, 1, 0, 0};
		for (unsigned i = 0; i < 4; i++)
			items[i] = (struct produce_item){.topic = "alpha",
							 .partition = partitions[i],
							 .records = batch_make(1, 20, wall())};
		cr_assert(items_answered(versions[v], items, 4, o) == 2);
		cr_assert(o[0].index == 0 && o[1].index == 1);
		cr_assert(o[0].error_code == 0 && o[1].error_code == 0);
		cr_assert(rig->appends == appends + 2);
		cr_assert(ledger_in_flight(&rig->in.stats, LEDGER_record) == 0);
		for (unsigned i = 0; i < 4; i++)
			buffer_free(&items[i].records);
	}
}

/* So many that the count's varint is as long as the one of the request and need not be. */
Test(kafka_codes, a_count_that_would_be_shorter_keeps_its_width)
{
	enum { NAMED = 130 };
	static struct produce_item items[NAMED];
	static struct produce_outcome o[NAMED];
	for (unsigned i = 0; i < NAMED; i++)
		items[i] = (struct produce_item){.topic = "alpha", .is_null = true};
	cr_assert(items_answered(9, items, NAMED, o) == 1);
	cr_assert(o[0].error_code == KAFKA_ERROR_INVALID_RECORD);
}

/* ---- frames ---------------------------------------------------------------------------- */

Test(kafka_codes, a_size_that_cannot_be_ends_the_connection_at_once)
{
	const int32_t sizes[] = {0, -1, INT32_MIN, 7, INT32_MAX};
	for (unsigned i = 0; i < array_len(sizes); i++) {
		struct peer *p = open_peer();
		uint8_t size[4];
		be32_store(size, (uint32_t)sizes[i]);
		peer_send(p, size, sizeof size);
		rig_turns(rig, 1);
		cr_assert(p->is_closed, "%d", sizes[i]);
		cr_assert(rig_stat(rig, STAT_frame_reject_request) == i + 1);
		end_peer(p);
	}
}

/* What is owed for requests before it is sent first. */
Test(kafka_codes, answers_are_sent_before_a_size_that_cannot_be_ends_the_connection)
{
	const uint8_t nothing[4] = {0};
	struct buffer batch = batch_make(1, 20, wall());
	struct buffer request = request_of(VERSION, -1, 0, &batch);
	buffer_add(&request, nothing, sizeof nothing);
	send_all(peer, &request);
	rig_turns(rig, 3);
	cr_assert(next_error(VERSION) == 0 && peer->is_closed);
}
