/* test_gen_consume.c - what consumers ask for after each answer, and producers beside them. */
#include "dataplane/wire/kafka/kafka_header.h"
#include "dataplane/wire/kafka/msg_fetch.h"
#include "perf/gen_consume.h"
#include "tests/unit/perf/fetch_maker.h"

#include <criterion/criterion.h>

enum { PRODUCERS = 2, PARTITIONS = 5, REQUEST_BYTES_MAX = 1024, RECORDS = 3 };

static struct gen_consume c;
static struct fetch_maker maker;

/* Consumer i of all is connection PRODUCERS + i. */
static void open_consumers(struct gen_consume_options o)
{
	o.topic = "perf";
	o.partitions = PARTITIONS;
	o.producers = PRODUCERS;
	struct gen_kafka_options producers = {.record_bytes = 100, .records = RECORDS, .acks = -1};
	cr_assert(gen_consume_init(&c, &o, &producers) == 0);
}

static void close_consumers(void)
{
	gen_consume_fini(&c);
}

TestSuite(gen_consume, .fini = close_consumers);

/* ---- requests ---------------------------------------------------------------------- */

static uint32_t request_of(uint32_t conn, uint32_t message, uint8_t out[REQUEST_BYTES_MAX])
{
	uint32_t size = c.load.size(&c.load, conn, message);
	cr_assert(size <= REQUEST_BYTES_MAX);
	c.load.fill(&c.load, conn, message, 0, size, out);
	cr_assert(be32_load(out) == size - 4);
	return size;
}

/* A Fetch, read by the gateway's tables. */
struct asked {
	struct fetch_head head;
	uint32_t count;
	struct fetch_partition partitions[PARTITIONS];
};

static void decode(const struct kafka_message *message, struct cursor *at, void *ret)
{
	static alignas(max_align_t) uint8_t room[256];
	struct kafka_arena arena = kafka_arena_of(room, sizeof room);
	cr_assert(!kafka_decode(message, GEN_FETCH_VERSION, at, &arena, ret));
}

static struct asked asked_by(uint32_t conn, uint32_t message)
{
	uint8_t bytes[REQUEST_BYTES_MAX];
	struct cursor at = cursor_of(bytes, request_of(conn, message, bytes));
	struct kafka_request_header header;
	struct asked a = {0};
	struct fetch_topic topic;
	cursor_u32(&at);
	cr_assert(kafka_request_header_read(&at, false, &header));
	cr_assert(header.api_key == KAFKA_API_FETCH && header.api_version == GEN_FETCH_VERSION);
	cr_assert((uint32_t)header.correlation_id == message);
	decode(&fetch_request_head, &at, &a.head);
	if (cursor_u32(&at) == 1) {
		decode(&fetch_topic, &at, &topic);
		cr_assert(topic.name.size == 4 && memcmp(topic.name.data, "perf", 4) == 0);
		a.count = cursor_u32(&at);
		cr_assert(a.count > 0 && a.count <= PARTITIONS);
	}
	for (uint32_t i = 0; i < a.count; i++)
		decode(&fetch_partition, &at, &a.partitions[i]);
	cr_assert(cursor_u32(&at) == 0 && cursor_u16(&at) == 0, "nothing forgotten, no rack");
	cr_assert(!at.bad && cursor_left(&at) == 0);
	return a;
}

/* ---- answers ----------------------------------------------------------------------- */

static struct gen_take take(uint32_t conn, uint32_t message, struct bytes at)
{
	struct gen_take t = c.load.readers->take(&c.load, conn, message, at);
	cr_assert(t.is_whole == (t.bytes == at.size));
	return t;
}

/* All of the conn's partitions begin at `offset`. */
static void answer_list(uint32_t conn, int64_t offset)
{
	uint8_t request[REQUEST_BYTES_MAX], bytes[REQUEST_BYTES_MAX];
	uint32_t size = request_of(conn, 0, request);
	struct emitter e = emitter_of(bytes, sizeof bytes);
	const struct gen_reader *r = &c.all[conn - PRODUCERS];
	cr_assert(be16_load(request + 4) == KAFKA_API_LIST_OFFSETS);
	cr_assert(size == 4 + 8 + 15 + 4 + 4 + 6 + 4 + r->count * 12);
	emit_u32(&e, 0);
	emit_u32(&e, 0);
	emit_u32(&e, 1);
	emit_u16(&e, 4);
	emit_bytes(&e, "perf", 4);
	emit_u32(&e, r->count);
	for (uint32_t i = 0; i < r->count; i++) {
		emit_u32(&e, gen_reader_partition(r, i));
		emit_u16(&e, 0);
		emit_u64(&e, UINT64_MAX);
		emit_u64(&e, (uint64_t)offset);
	}
	kafka_size_store(bytes, emitter_size(&e));
	struct gen_take t = take(conn, 0, (struct bytes){bytes, emitter_size(&e)});
	cr_assert(t.is_whole && t.verdict == GEN_ACCEPTED);
}

static void answer(uint32_t conn, uint32_t message, enum gen_verdict expected)
{
	struct gen_take t = take(conn, message, fetch_maker_end(&maker));
	cr_assert(t.is_whole && t.verdict == expected);
}

static void give(uint32_t partition, int64_t first, uint32_t records)
{
	fetch_maker_partition(&maker, partition, 0, 100);
	fetch_maker_batch(&maker, first, records);
}

/* ---- the tests --------------------------------------------------------------------- */

Test(gen_consume, pieces_of_requests_are_the_whole)
{
	uint8_t whole[REQUEST_BYTES_MAX], pieces[REQUEST_BYTES_MAX];
	open_consumers(gen_consume_defaults());
	for (unsigned message = 0; message < 2; message++) {
		if (message == 1)
			answer_list(PRODUCERS, 0);
		uint32_t size = request_of(PRODUCERS, message, whole);
		for (uint32_t step = 1; step < 60; step++) {
			memset(pieces, 0, size);
			for (uint32_t at = 0; at < size; at += step)
				c.load.fill(&c.load, PRODUCERS, message, at,
					    min_u32(step, size - at), pieces + at);
			cr_assert(memcmp(pieces, whole, size) == 0, "in steps of %u", step);
		}
	}
}

Test(gen_consume, with_a_session_only_what_had_records_is_named)
{
	open_consumers(gen_consume_defaults());
	answer_list(PRODUCERS, 40);
	struct asked a = asked_by(PRODUCERS, 1);
	cr_assert(a.count == PARTITIONS && a.head.session_id == 0 && a.head.session_epoch == 0);
	cr_assert(a.partitions[4].partition == 4 && a.partitions[4].fetch_offset == 40);
	cr_assert(a.partitions[4].partition_max_bytes == 1 << 20 && a.head.max_wait_ms == 500);
	fetch_maker_begin(&maker, 1, 0, 99);
	give(3, 40, 10);
	fetch_maker_partition(&maker, 1, 0, 40);
	answer(PRODUCERS, 1, GEN_ACCEPTED);
	a = asked_by(PRODUCERS, 2);
	cr_assert(a.head.session_id == 99 && a.head.session_epoch == 1 && a.count == 1);
	cr_assert(a.partitions[0].partition == 3 && a.partitions[0].fetch_offset == 50);
	fetch_maker_begin(&maker, 2, 0, 99);
	answer(PRODUCERS, 2, GEN_ACCEPTED);
	a = asked_by(PRODUCERS, 3);
	cr_assert(a.count == 0 && a.head.session_epoch == 2);
	cr_assert(c.readers.reads.fetches == 2 && c.readers.reads.empty == 1);
	cr_assert(c.readers.reads.records == 10 && !gen_reads_wrong(&c.readers.reads));
}

Test(gen_consume, a_session_that_was_lost_is_begun_anew_with_all_of_them)
{
	open_consumers(gen_consume_defaults());
	answer_list(PRODUCERS, 0);
	fetch_maker_begin(&maker, 1, 0, 99);
	give(3, 0, 10);
	answer(PRODUCERS, 1, GEN_ACCEPTED);
	fetch_maker_begin(&maker, 2, 70, 0);
	answer(PRODUCERS, 2, GEN_ACCEPTED);
	struct asked a = asked_by(PRODUCERS, 3);
	cr_assert(a.head.session_id == 0 && a.head.session_epoch == 0 && a.count == PARTITIONS);
	cr_assert(c.readers.reads.sessions_lost == 1 && !gen_reads_wrong(&c.readers.reads));
}

Test(gen_consume, without_a_session_all_are_named_beginning_behind_who_had_some)
{
	struct gen_consume_options o = gen_consume_defaults();
	o.is_sessionless = true;
	open_consumers(o);
	answer_list(PRODUCERS, 0);
	struct asked a = asked_by(PRODUCERS, 1);
	cr_assert(a.head.session_epoch == -1 && a.partitions[0].partition == 0);
	fetch_maker_begin(&maker, 1, 0, 0);
	give(2, 0, 10);
	answer(PRODUCERS, 1, GEN_ACCEPTED);
	a = asked_by(PRODUCERS, 2);
	cr_assert(a.head.session_epoch == -1 && a.count == PARTITIONS);
	cr_assert(a.partitions[0].partition == 3 && a.partitions[4].partition == 2);
	cr_assert(a.partitions[4].fetch_offset == 10);
}

Test(gen_consume, members_of_a_group_share_and_groups_do_not)
{
	struct gen_consume_options o = gen_consume_defaults();
	o.consumers = o.groups = 2;
	open_consumers(o);
	for (uint32_t i = 0; i < 4; i++) {
		answer_list(PRODUCERS + i, 0);
		struct asked a = asked_by(PRODUCERS + i, 1);
		cr_assert(a.count == (i % 2 ? 2 : 3));
		for (uint32_t k = 0; k < a.count; k++)
			cr_assert(a.partitions[k].partition == (int32_t)(i % 2 + 2 * k));
	}
	/* What is another's is no answer. */
	fetch_maker_begin(&maker, 1, 0, 0);
	fetch_maker_partition(&maker, 0, 0, 0);
	struct bytes whole = fetch_maker_end(&maker);
	cr_assert(c.readers.take(&c.load, PRODUCERS + 1, 1, whole).verdict == GEN_STRANGE);
	cr_assert(c.readers.take(&c.load, PRODUCERS, 2, whole).verdict == GEN_STRANGE,
		  "another request's");
}

Test(gen_consume, to_the_end_is_what_was_there_at_first)
{
	struct gen_consume_options o = gen_consume_defaults();
	o.is_to_end = true;
	o.consumers = 5;
	open_consumers(o);
	answer_list(PRODUCERS, 0);
	cr_assert(!c.readers.has_all(&c.load, PRODUCERS));
	fetch_maker_begin(&maker, 1, 0, 9);
	give(0, 0, 99);
	answer(PRODUCERS, 1, GEN_ACCEPTED);
	cr_assert(!c.readers.has_all(&c.load, PRODUCERS));
	fetch_maker_begin(&maker, 2, 0, 9);
	fetch_maker_partition(&maker, 0, 0, 200);
	fetch_maker_batch(&maker, 99, 1);
	answer(PRODUCERS, 2, GEN_ACCEPTED);
	cr_assert(c.readers.has_all(&c.load, PRODUCERS));
}

Test(gen_consume, a_partition_that_is_refused_is_an_error)
{
	open_consumers(gen_consume_defaults());
	answer_list(PRODUCERS, 0);
	fetch_maker_begin(&maker, 1, 0, 9);
	fetch_maker_partition(&maker, 0, 1, -1);
	answer(PRODUCERS, 1, GEN_REFUSED);
	cr_assert(c.readers.reads.errors == 1 && gen_reads_wrong(&c.readers.reads));
}

/* ---- producers --------------------------------------------------------------------- */

/* The batch of a producer's request, with its offset, in an answer; where to begin with it. */
static void give_produced(uint32_t conn, uint32_t message, int64_t first)
{
	uint8_t bytes[REQUEST_BYTES_MAX];
	uint32_t size = request_of(conn, message, bytes);
	const struct produce_body *b = &c.producers.body;
	size_t at = PRODUCE_HEAD_BYTES + b->partition_at;
	uint32_t partition = be32_load(bytes + at);
	fetch_maker_partition(&maker, partition, 0, 100);
	struct bytes batch = {bytes + at + 8, size - at - 8};
	record_batch_place((struct record_batch_header *)(bytes + at + 8), first, 0);
	emit_bytes(&maker.e, batch.data, batch.size);
	be32_store(maker.records_at, (uint32_t)batch.size);
}

static struct bytes produced(uint32_t message, uint32_t partition, int64_t base_offset,
			     uint8_t *out)
{
	struct emitter e = emitter_of(out, GEN_ANSWER_BYTES_MAX);
	size_t size = produce_response_bytes("perf");
	memset(out, 0, size);
	emit_u32(&e, (uint32_t)size - 4);
	emit_u32(&e, message);
	emit_u32(&e, 1);
	emit_u16(&e, 4);
	emit_bytes(&e, "perf", 4);
	emit_u32(&e, 1);
	emit_u32(&e, partition);
	emit_u16(&e, 0);
	emit_u64(&e, (uint64_t)base_offset);
	return (struct bytes){out, size};
}

Test(gen_consume, a_batch_that_arrives_says_which_message_it_was)
{
	open_consumers(gen_consume_defaults());
	answer_list(PRODUCERS, 0);
	fetch_maker_begin(&maker, 1, 0, 9);
	give_produced(1, 1, 0); /* number 1: the greeting is none */
	give(0, 0, 2);
	give_produced(0, 3, 0); /* number 4 */
	struct bytes at = fetch_maker_end(&maker);
	static const uint64_t numbers[] = {1, 4};
	for (unsigned i = 0; i < 2; i++) {
		struct gen_take t = c.readers.take(&c.load, PRODUCERS, 1, at);
		cr_assert(t.has_number && t.number == numbers[i] && !t.is_whole);
		at.data += t.bytes;
		at.size -= t.bytes;
	}
	cr_assert(at.size == 0);
	cr_assert(c.readers.take(&c.load, PRODUCERS, 1, at).is_whole, "the end is left");
	cr_assert(c.readers.reads.records == 2 * RECORDS + 2);
	cr_assert(!gen_reads_wrong(&c.readers.reads));
}

Test(gen_consume, what_a_producer_was_told_is_stored_has_to_be_read)
{
	uint8_t bytes[GEN_ANSWER_BYTES_MAX];
	open_consumers(gen_consume_defaults());
	answer_list(PRODUCERS, 0);
	cr_assert(c.readers.has_all(&c.load, PRODUCERS));
	/* Producer 1, message 1: correlation 0, number 1, partition 1. */
	cr_assert(c.load.check(&c.load, 1, 1, produced(0, 1, 0, bytes)) == GEN_ACCEPTED);
	cr_assert(!c.readers.has_all(&c.load, PRODUCERS));
	fetch_maker_begin(&maker, 1, 0, 9);
	give_produced(1, 1, 0);
	struct gen_take t = c.readers.take(&c.load, PRODUCERS, 1, fetch_maker_end(&maker));
	cr_assert(t.has_number && c.readers.has_all(&c.load, PRODUCERS));
}

Test(gen_consume, a_producer_greets_with_a_question_about_its_topic)
{
	uint8_t bytes[REQUEST_BYTES_MAX];
	open_consumers(gen_consume_defaults());
	uint32_t size = request_of(1, 0, bytes);
	cr_assert(size == 4 + 8 + 15 + 4 + 4 + 6 + 4 + 12);
	cr_assert(be16_load(bytes + 4) == KAFKA_API_LIST_OFFSETS);
	struct emitter e = emitter_of(bytes, sizeof bytes);
	emit_u32(&e, gen_list_answer_bytes(4, 1) - 4);
	emit_u32(&e, 0);
	emit_u32(&e, 1);
	emit_u16(&e, 4);
	emit_bytes(&e, "perf", 4);
	emit_u32(&e, 1);
	emit_u32(&e, 1);
	emit_u16(&e, 3); /* no such topic */
	emit_u64(&e, 0);
	emit_u64(&e, 0);
	struct bytes whole = {bytes, emitter_size(&e)};
	cr_assert(c.load.check(&c.load, 1, 0, whole) == GEN_STRANGE);
	be16_store(bytes + gen_list_answer_bytes(4, 0) + 4, 0);
	cr_assert(c.load.check(&c.load, 1, 0, whole) == GEN_ACCEPTED);
}
