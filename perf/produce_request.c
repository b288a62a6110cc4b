/* produce_request.c - a Produce request of version 7 and its response; see its header. */
#include "perf/produce_request.h"

#include "dataplane/base/require.h"
#include "dataplane/wire/record_batch.h"

#include <stdlib.h>
#include <string.h>

enum {
	VERSION = 7,
	KEY_PRODUCE = 0,
	TIMEOUT_MS = 30000,
	NAMES_BYTES_MAX = 512,
	RESPONSE_FIXED_BYTES = 4 + 4 + 4 + 2 + 4 + 4 + 2 + 8 + 8 + 8 + 4
};

static const char client_id[] = "blaster";

static void emit_text(struct emitter *e, const char *text)
{
	emit_u16(e, (uint16_t)strlen(text));
	emit_bytes(e, text, strlen(text));
}

/* Values that compress like telemetry: counters among constant bytes. */
static void fill_value(uint8_t *value, unsigned bytes, unsigned number)
{
	for (unsigned i = 0; i < bytes; i++)
		value[i] = (uint8_t)(i % 8 == 0 ? number + i : 'a' + i % 23);
}

static size_t build_batch(uint8_t *room, size_t size, const struct produce_shape *s)
{
	struct record_batch_header h;
	record_batch_build(&h, s->records, s->now_ms, s->now_ms);
	struct emitter e = emitter_of(room + sizeof h, size - sizeof h);
	uint8_t *value = malloc(s->record_bytes + 1);
	require(value);
	for (unsigned i = 0; i < s->records; i++) {
		fill_value(value, s->record_bytes, i);
		struct record_view r = {.offset_delta = (int32_t)i,
					.value = {value, s->record_bytes}};
		record_emit(&e, &r);
	}
	free(value);
	require(!e.bad);
	size_t rest = (size_t)(e.at - (room + sizeof h));
	record_batch_set_size(&h, (uint32_t)(sizeof h + rest));
	record_batch_set_crc(&h,
			     record_batch_crc(&h, (struct bytes){room + sizeof h, rest}));
	memcpy(room, &h, sizeof h);
	return sizeof h + rest;
}

struct produce_body produce_body_build(const struct produce_shape *s)
{
	size_t batch_max =
		RECORD_BATCH_HEADER_BYTES +
		(size_t)s->records * (s->record_bytes + RECORD_OVERHEAD_BYTES_MAX);
	size_t size = NAMES_BYTES_MAX + batch_max;
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
	emit_u32(&e, s->partition);
	uint8_t *batch = e.at + 4;
	size_t batch_bytes = build_batch(batch, batch_max, s);
	emit_u32(&e, (uint32_t)batch_bytes);
	require(!e.bad);
	return (struct produce_body){data, (size_t)(batch - data) + batch_bytes};
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
