/* gen_kafka.c - (connection, number) in, Produce requests out; their answers judged. */
#include "perf/gen_kafka.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/map.h"
#include "dataplane/wire/kafka_header.h"
#include "dataplane/wire/msg_produce.h"

#include <errno.h>
#include <stdio.h>

enum {
	PRODUCE_KEY = 0,
	PRODUCE_VERSION = 7,
	PRODUCE_TIMEOUT_MS = 30000,
	CORRELATION_AT = 8,
	CORRELATION_BYTES = 4,
	REQUEST_BYTES_MAX = 64 << 20,
	/* Request: all but batch and topic; a generous bound. */
	REQUEST_HEAD_BYTES_MAX = 128,
};

static void put_string(struct emitter *e, const char *text)
{
	size_t size = strlen(text);
	emit_u16(e, (uint16_t)size);
	emit_bytes(e, text, size);
}

/* Values are text that compresses about as well as logs do. */
static void put_value(uint8_t *out, uint32_t size, uint32_t record)
{
	for (uint32_t i = 0; i < size; i++)
		out[i] = i % 4 ? (uint8_t)('a' + i % 16)
			       : (uint8_t)('A' + gen_hash(record, i) % 26);
}

static void put_batch(struct emitter *e, const struct gen_kafka_options *o,
		      uint8_t *value)
{
	int64_t now_ms = clock_wall_ms();
	uint8_t *batch = emit_room(e, RECORD_BATCH_HEADER_BYTES);
	struct record_batch_header *h = (struct record_batch_header *)batch;
	if (!batch)
		return;
	record_batch_build(h, o->records, now_ms, now_ms);
	for (uint32_t i = 0; i < o->records; i++) {
		put_value(value, o->record_bytes, i);
		struct record_view r = {.offset_delta = (int32_t)i,
					.value = {value, o->record_bytes}};
		record_emit(e, &r);
	}
	struct bytes rest = {batch + RECORD_BATCH_HEADER_BYTES,
			     (size_t)(e->at - batch) - RECORD_BATCH_HEADER_BYTES};
	record_batch_set_size(h, (uint32_t)(e->at - batch));
	record_batch_set_crc(h, record_batch_crc(h, rest));
}

static void put_request(struct gen_kafka *k, struct emitter *e, uint8_t *value)
{
	const struct gen_kafka_options *o = &k->options;
	emit_u32(e, 0);
	emit_u16(e, PRODUCE_KEY);
	emit_u16(e, PRODUCE_VERSION);
	emit_u32(e, 0);
	put_string(e, "penstock-perf");
	emit_u16(e, UINT16_MAX); /* no transactional id */
	emit_u16(e, (uint16_t)o->acks);
	emit_u32(e, PRODUCE_TIMEOUT_MS);
	emit_u32(e, 1);
	put_string(e, o->topic);
	emit_u32(e, 1);
	k->partition_at = (uint32_t)emitter_size(e);
	emit_u32(e, 0);
	uint8_t *size = emit_room(e, sizeof(uint32_t));
	put_batch(e, o, value);
	if (e->bad)
		return;
	be32_store(size, (uint32_t)(e->at - size) - 4);
	kafka_size_store(e->start, emitter_size(e));
	k->request_bytes = (uint32_t)emitter_size(e);
}

/* ---- what gen_tcp asks ------------------------------------------------------------- */

static uint32_t kafka_size(const struct gen_load *l, uint32_t conn, uint32_t message)
{
	return container_of(l, struct gen_kafka, load)->request_bytes;
}

/* Writes the four bytes of `number` that lie at `field_at` into the piece at `at`. */
static void patch(uint8_t *out, uint32_t at, uint32_t size, uint32_t field_at,
		  uint32_t number)
{
	uint8_t bytes[4];
	be32_store(bytes, number);
	for (uint32_t i = 0; i < sizeof bytes; i++)
		if (field_at + i >= at && field_at + i < at + size)
			out[field_at + i - at] = bytes[i];
}

static void kafka_fill(const struct gen_load *l, uint32_t conn, uint32_t message,
		       uint32_t at, uint32_t size, uint8_t *out)
{
	const struct gen_kafka *k = container_of(l, struct gen_kafka, load);
	memcpy(out, k->request + at, size);
	if (at >= k->partition_at + sizeof(uint32_t))
		return;
	patch(out, at, size, CORRELATION_AT, message);
	patch(out, at, size, k->partition_at, conn % k->options.partitions);
}

static uint32_t kafka_answer_bytes(const struct gen_load *l, struct bytes at)
{
	if (at.size < KAFKA_SIZE_BYTES)
		return 0;
	return KAFKA_SIZE_BYTES + be32_load(at.data);
}

static enum gen_verdict kafka_check(const struct gen_load *l, uint32_t conn,
				    uint32_t message, struct bytes answer)
{
	const struct gen_kafka *k = container_of(l, struct gen_kafka, load);
	if (answer.size != k->answer_bytes ||
	    be32_load(answer.data + KAFKA_SIZE_BYTES) != message ||
	    be32_load(answer.data + k->error_at - 4) != conn % k->options.partitions)
		return GEN_STRANGE;
	return be16_load(answer.data + k->error_at) == 0 ? GEN_ACCEPTED : GEN_REFUSED;
}

int gen_kafka_init(struct gen_kafka *k, const struct gen_kafka_options *options)
{
	*k = (struct gen_kafka){.options = *options};
	uint32_t topic_bytes = (uint32_t)strlen(options->topic);
	uint64_t room = REQUEST_HEAD_BYTES_MAX + GEN_TOPIC_BYTES_MAX +
			RECORD_BATCH_HEADER_BYTES +
			(uint64_t)options->records *
				(options->record_bytes + RECORD_OVERHEAD_BYTES_MAX);
	if (topic_bytes > GEN_TOPIC_BYTES_MAX || room > REQUEST_BYTES_MAX) {
		fprintf(stderr, "penstock-perf: topic name or batch too large\n");
		return -EINVAL;
	}
	k->request = map_take(room + options->record_bytes);
	if (!k->request)
		return -ENOMEM;
	struct emitter e = emitter_of(k->request, room);
	put_request(k, &e, k->request + room);
	/* size, correlation id, topics 1: name, partitions 1: index, error code, base
	 * offset, append time, log start; throttle time. */
	k->error_at = 4 + 4 + 4 + 2 + topic_bytes + 4 + 4;
	k->answer_bytes = k->error_at + 2 + 8 + 8 + 8 + 4;
	k->load = (struct gen_load){
		.name = "kafka",
		.is_answered = options->acks != PRODUCE_ACKS_NONE,
		.records = options->records,
		.message_bytes = k->request_bytes,
		.size = kafka_size,
		.fill = kafka_fill,
		.answer_bytes = kafka_answer_bytes,
		.check = kafka_check,
	};
	return 0;
}

void gen_kafka_fini(struct gen_kafka *k)
{
	uint64_t room = REQUEST_HEAD_BYTES_MAX + GEN_TOPIC_BYTES_MAX +
			RECORD_BATCH_HEADER_BYTES +
			(uint64_t)k->options.records *
				(k->options.record_bytes + RECORD_OVERHEAD_BYTES_MAX);
	map_give(k->request, room + k->options.record_bytes);
}
