/* produce_request.c - a Produce request of version 7 and its response; see its header. */
#include "perf/produce_request.h"

#include "dataplane/base/require.h"

#include <stdlib.h>
#include <string.h>

enum {
	VERSION = 7,
	KEY_PRODUCE = 0,
	TIMEOUT_MS = 30000,
	LINE_BYTES = 32, /* of a value */
	RESPONSE_FIXED_BYTES = 4 + 4 + 4 + 2 + 4 + 4 + 2 + 8 + 8 + 8 + 4
};

static const char client_id[] = "blaster";

/* Strings of a version before flexible ones: 16 bits of size. */
static void emit_text(struct emitter *e, const char *text)
{
	emit_u16(e, (uint16_t)strlen(text));
	emit_bytes(e, text, strlen(text));
}

/* A line of telemetry: of every 32 bytes 24 are the same in all of them, as names are, and 8
 * are digits that nobody can foretell. */
static void fill_value(uint8_t *value, unsigned bytes, unsigned number)
{
	static const char line[LINE_BYTES + 1] = "{\"vehicle.speed\":00000000,\"t\":1}";
	uint64_t random = number;
	for (unsigned i = 0; i < bytes; i++) {
		uint8_t byte = (uint8_t)line[i % LINE_BYTES];
		random = random * 6364136223846793005u + 1442695040888963407u;
		value[i] = byte == '0' ? (uint8_t)('0' + (random >> 33) % 10) : byte;
	}
}

/* Records back to back; the memory is the caller's to free. */
static struct bytes build_records(const struct produce_shape *s)
{
	size_t size = (size_t)s->records * (s->record_bytes + RECORD_OVERHEAD_BYTES_MAX);
	uint8_t *data = malloc(size), *value = malloc(s->record_bytes + 1);
	require(data && value);
	struct emitter e = emitter_of(data, size);
	for (unsigned i = 0; i < s->records; i++) {
		fill_value(value, s->record_bytes, i);
		struct record_view r = {.offset_delta = (int32_t)i,
					.value = {value, s->record_bytes}};
		record_emit(&e, &r);
	}
	free(value);
	require(!e.bad);
	return (struct bytes){data, emitter_size(&e)};
}

/* `batch` has room for the header and record_deflate_room(). The CRC is taken last: it covers
 * the codec in the header, too. */
static size_t build_batch(uint8_t *batch, const struct produce_shape *s,
			  struct bytes records)
{
	struct record_batch_header h;
	uint8_t *rest = batch + sizeof h;
	record_batch_build(&h, s->records, s->now_ms, s->now_ms);
	size_t size = record_deflate(s->codec, records, rest);
	record_batch_set_codec(&h, s->codec);
	record_batch_set_size(&h, (uint32_t)(sizeof h + size));
	record_batch_set_crc(&h, record_batch_crc(&h, (struct bytes){rest, size}));
	memcpy(batch, &h, sizeof h);
	return sizeof h + size;
}

/* Built once and sent many times: from one message to the next only its head and its partition
 * change. */
struct produce_body produce_body_build(const struct produce_shape *s)
{
	struct bytes records = build_records(s);
	size_t size = PRODUCE_NAMES_BYTES_MAX + RECORD_BATCH_HEADER_BYTES +
		      record_deflate_room(records.size);
	uint8_t *data = malloc(size);
	require(data);
	struct emitter e = emitter_of(data, size);
	emit_text(&e, client_id);
	emit_u16(&e, UINT16_MAX); /* no transactional id */
	emit_u16(&e, (uint16_t)s->acks);
	emit_u32(&e, TIMEOUT_MS);
	emit_u32(&e, 1);
	emit_text(&e, s->topic);
	emit_u32(&e, 1);
	size_t partition_at = emitter_size(&e);
	emit_u32(&e, s->partition);
	uint8_t *batch = e.at + 4;
	size_t batch_bytes = build_batch(batch, s, records);
	emit_u32(&e, (uint32_t)batch_bytes);
	require(!e.bad);
	free((void *)(uintptr_t)records.data);
	return (struct produce_body){data, (size_t)(batch - data) + batch_bytes,
				     partition_at};
}

void produce_head_set(uint8_t head[PRODUCE_HEAD_BYTES], const struct produce_body *body,
		      uint32_t correlation)
{
	be32_store(head, (uint32_t)(PRODUCE_HEAD_BYTES - 4 + body->size));
	be16_store(head + 4, KEY_PRODUCE);
	be16_store(head + 6, VERSION);
	be32_store(head + 8, correlation);
}

size_t produce_response_bytes(const char *topic)
{
	return RESPONSE_FIXED_BYTES + strlen(topic);
}

/* Of one topic and one partition, which is all that was asked about: everything else has a
 * known place. */
bool produce_response_read(const uint8_t *data, const char *topic,
			   struct produce_response *ret)
{
	size_t size = produce_response_bytes(topic), name = strlen(topic);
	struct cursor c = cursor_of(data, size);
	bool is_fitting = cursor_u32(&c) == size - 4;
	ret->correlation = cursor_u32(&c);
	is_fitting &= cursor_u32(&c) == 1 && cursor_u16(&c) == name;
	const uint8_t *text = cursor_take(&c, name);
	is_fitting &= text && memcmp(text, topic, name) == 0 && cursor_u32(&c) == 1;
	ret->partition = cursor_u32(&c);
	ret->error = (int16_t)cursor_u16(&c);
	ret->base_offset = (int64_t)cursor_u64(&c);
	return is_fitting;
}
