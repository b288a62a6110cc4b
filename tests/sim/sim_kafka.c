/* sim_kafka.c - Kafka's framing and record batch as a client writes them; see sim_kafka.h. */
#include "tests/sim/sim_kafka.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/require.h"
#include "tests/sim/sim_history.h"

#include <snappy-c.h>

enum {
	ATTRIBUTES_AT = 21,
	LAST_OFFSET_DELTA_AT = 23,
	MAX_TIMESTAMP_AT = 35,
	PRODUCER_ID_AT = 43,
	PRODUCER_EPOCH_AT = 51,
	BASE_SEQUENCE_AT = 53,
	COUNT_AT = 57,
	BATCH_HEADER_BYTES = 61,
	TIME_DELTAS_MS = 50,
};

void sim_request_begin(struct emitter *e, int16_t key, int16_t version, int32_t correlation,
		       bool flexible)
{
	emit_u32(e, 0);
	emit_u16(e, (uint16_t)key);
	emit_u16(e, (uint16_t)version);
	emit_u32(e, (uint32_t)correlation);
	sim_put_string(e, "sim", false);
	sim_put_tags(e, flexible);
}

size_t sim_request_end(struct emitter *e)
{
	require(!e->bad);
	size_t size = emitter_size(e);
	be32_store(e->start, (uint32_t)(size - 4));
	return size;
}

void sim_put_string(struct emitter *e, const char *text, bool flexible)
{
	size_t n = strlen(text);
	if (flexible)
		emit_uvarint(e, n + 1);
	else
		emit_u16(e, (uint16_t)n);
	emit_bytes(e, text, n);
}

void sim_put_count(struct emitter *e, uint32_t count, bool flexible)
{
	if (flexible)
		emit_uvarint(e, (uint64_t)count + 1);
	else
		emit_u32(e, count);
}

void sim_put_tags(struct emitter *e, bool flexible)
{
	if (flexible)
		emit_uvarint(e, 0);
}

int64_t sim_get_count(struct cursor *c, bool flexible)
{
	if (flexible)
		return (int64_t)cursor_uvarint(c, VARINT32_BYTES_MAX) - 1;
	return (int32_t)cursor_u32(c);
}

struct bytes sim_get_bytes(struct cursor *c, bool flexible)
{
	int64_t n = sim_get_count(c, flexible);
	size_t size = n > 0 ? (size_t)n : 0;
	return (struct bytes){cursor_take(c, size), size};
}

struct bytes sim_get_string(struct cursor *c, bool flexible)
{
	int64_t n = flexible ? (int64_t)cursor_uvarint(c, VARINT32_BYTES_MAX) - 1
			     : (int16_t)cursor_u16(c);
	size_t size = n > 0 ? (size_t)n : 0;
	return (struct bytes){cursor_take(c, size), size};
}

void sim_skip_tags(struct cursor *c, bool flexible)
{
	if (!flexible)
		return;
	uint64_t count = cursor_uvarint(c, VARINT32_BYTES_MAX);
	for (uint64_t i = 0; i < count && !c->bad; i++) {
		cursor_uvarint(c, VARINT32_BYTES_MAX);
		cursor_take(c, cursor_uvarint(c, VARINT32_BYTES_MAX));
	}
}

/* Records are not in the order of their times. */
static uint32_t time_delta_ms(uint32_t client, uint32_t seq)
{
	struct rng r = {(uint64_t)seq << 32 | client};
	return (uint32_t)rng_below(&r, TIME_DELTAS_MS);
}

/* Where keys are asked for; else none. */
static struct bytes key_of(uint32_t client, uint32_t seq, uint8_t room[2 * sizeof(uint32_t)])
{
	if (!sim_world()->compacts)
		return (struct bytes){0};
	be32_store(room, client);
	be32_store(room + 4, sim_key(seq));
	return (struct bytes){room, 2 * sizeof(uint32_t)};
}

static void put_record(struct emitter *e, uint32_t client, uint32_t seq, uint32_t delta)
{
	uint8_t value[SIM_VALUE_BYTES_MAX], room[2 * sizeof(uint32_t)];
	size_t n = sim_value(client, seq, value);
	struct bytes key = key_of(client, seq, room);
	uint32_t ms = time_delta_ms(client, seq);
	size_t size = 1 + varint_size(ms) + varint_size(delta) + 1 + key.size +
		      varint_size((int64_t)n) + n + 1;
	emit_varint(e, (int64_t)size);
	emit_u8(e, 0);
	emit_varint(e, ms);
	emit_varint(e, delta);
	emit_varint(e, key.data ? (int64_t)key.size : -1);
	emit_bytes(e, key.data, key.size);
	emit_varint(e, (int64_t)n);
	emit_bytes(e, value, n);
	emit_varint(e, 0);
}

static void batch_seal(uint8_t *batch, size_t size)
{
	be32_store(batch + 8, (uint32_t)(size - 12));
	be32_store(batch + 17, crc32c(batch + 21, size - 21));
}

/* As librdkafka does it: in place, but for what grows. */
static size_t batch_compress(uint8_t *batch, size_t size, size_t room)
{
	size_t packed_size = snappy_max_compressed_length(size);
	char *packed = malloc(packed_size);
	require(packed && snappy_compress((const char *)batch + BATCH_HEADER_BYTES,
					  size - BATCH_HEADER_BYTES, packed, &packed_size) ==
				  SNAPPY_OK);
	require(BATCH_HEADER_BYTES + packed_size <= room);
	memcpy(batch + BATCH_HEADER_BYTES, packed, packed_size);
	free(packed);
	be16_store(batch + 21, 2);
	return BATCH_HEADER_BYTES + packed_size;
}

size_t sim_batch(uint8_t *ret, size_t room, uint32_t client, uint32_t first_seq,
		 uint32_t count)
{
	struct emitter e = emitter_of(ret, room);
	int64_t base_ms = clock_wall_ms() - TIME_DELTAS_MS;
	uint32_t newest = 0;
	for (uint32_t i = 0; i < count; i++)
		newest = max_u32(newest, time_delta_ms(client, first_seq + i));
	emit_u64(&e, 0);
	emit_u32(&e, 0);
	emit_u32(&e, UINT32_MAX);
	emit_u8(&e, 2);
	emit_u32(&e, 0);
	emit_u16(&e, 0);
	emit_u32(&e, count - 1);
	emit_u64(&e, (uint64_t)base_ms);
	emit_u64(&e, (uint64_t)(base_ms + newest));
	emit_u64(&e, UINT64_MAX);
	emit_u16(&e, UINT16_MAX);
	emit_u32(&e, UINT32_MAX);
	emit_u32(&e, count);
	require(emitter_size(&e) == BATCH_HEADER_BYTES);
	for (uint32_t i = 0; i < count; i++)
		put_record(&e, client, first_seq + i, i);
	require(!e.bad);
	size_t size = emitter_size(&e);
	if (rng_one_in(&sim_world()->rng, 4))
		size = batch_compress(ret, size, room);
	if (rng_one_in(&sim_world()->rng, 8))
		be64_store(ret + MAX_TIMESTAMP_AT, UINT64_MAX);
	batch_seal(ret, size);
	return size;
}

void sim_batch_number(uint8_t *batch, size_t size, int64_t id, int16_t epoch, int32_t sequence)
{
	be64_store(batch + PRODUCER_ID_AT, (uint64_t)id);
	be16_store(batch + PRODUCER_EPOCH_AT, (uint16_t)epoch);
	be32_store(batch + BASE_SEQUENCE_AT, (uint32_t)sequence);
	batch_seal(batch, size);
}

void sim_batch_lie(uint8_t *batch, size_t size)
{
	struct rng *rng = &sim_world()->rng;
	uint32_t count = 1 + (uint32_t)rng_next(rng) % (rng_one_in(rng, 2) ? 16 : INT32_MAX);
	if (rng_one_in(rng, 3)) {
		be64_store(batch + MAX_TIMESTAMP_AT, rng_next(rng) >> rng_below(rng, 64));
	} else {
		be32_store(batch + LAST_OFFSET_DELTA_AT, count - 1);
		be32_store(batch + COUNT_AT, count);
	}
	batch_seal(batch, size);
}

void sim_batch_garbage(uint8_t *batch, size_t size)
{
	enum { CODECS = 8 };
	struct rng *rng = &sim_world()->rng;
	uint32_t count = rng_one_in(rng, 2) ? 1000000 : 1 + (uint32_t)rng_below(rng, 12);
	be16_store(batch + ATTRIBUTES_AT, (uint16_t)(1 + rng_below(rng, CODECS - 1)));
	be32_store(batch + LAST_OFFSET_DELTA_AT, count - 1);
	be32_store(batch + COUNT_AT, count);
	for (size_t i = BATCH_HEADER_BYTES; i < size; i++)
		batch[i] = (uint8_t)rng_next(rng);
	batch_seal(batch, size);
}

/* Of zstd, not compressed, or one byte again and again. */
static void put_block(struct emitter *e, unsigned kind, uint32_t size, bool is_last)
{
	uint32_t header = size << 3 | kind << 1 | is_last;
	uint8_t bytes[] = {(uint8_t)header, (uint8_t)(header >> 8), (uint8_t)(header >> 16)};
	emit_bytes(e, bytes, sizeof bytes);
}

size_t sim_batch_bomb(uint8_t *batch, size_t room)
{
	enum { RAW, REPEATED, BLOCK_MAX = 128 << 10, BYTES_MAX = 6 << 20, ZSTD = 4 };
	static const uint8_t front[] = {0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3}; /* window: 128 KiB */
	uint32_t bytes = 1 + (uint32_t)rng_below(&sim_world()->rng, BYTES_MAX);
	struct emitter e = emitter_of(batch + BATCH_HEADER_BYTES, room - BATCH_HEADER_BYTES);
	emit_bytes(&e, front, sizeof front);
	unsigned body = 1 + 1 + 1 + 1 + varint_size(bytes);
	put_block(&e, RAW, varint_size(body + bytes + 1) + body, false);
	emit_varint(&e, body + bytes + 1);
	emit_u8(&e, 0);
	emit_varint(&e, 0);
	emit_varint(&e, 0);
	emit_varint(&e, -1);
	emit_varint(&e, bytes);
	for (uint32_t at = 0; at < bytes; at += BLOCK_MAX) {
		put_block(&e, REPEATED, min_u32(bytes - at, BLOCK_MAX), false);
		emit_u8(&e, 0);
	}
	put_block(&e, RAW, 1, true);
	emit_u8(&e, 0);
	require(!e.bad);
	size_t size = BATCH_HEADER_BYTES + emitter_size(&e);
	be16_store(batch + ATTRIBUTES_AT, ZSTD);
	be32_store(batch + LAST_OFFSET_DELTA_AT, 1);
	be32_store(batch + COUNT_AT, 2);
	batch_seal(batch, size);
	return size;
}

size_t sim_response_bytes(const uint8_t *in, size_t size)
{
	if (size < 4 || size - 4 < be32_load(in))
		return 0;
	return 4 + (size_t)be32_load(in);
}
