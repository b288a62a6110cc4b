/* record_batch.h - Kafka's record batch, magic 2: the same bytes on the wire and on disk.
 *
 *      0 base offset 8 | length 4 | leader epoch 4 | magic 1 | CRC-32C 4        = 21
 *     21 attributes 2 | last offset delta 4 | base time 8 | max time 8
 *     43 producer id 8 | producer epoch 2 | base sequence 4 | count 4           = 61
 *     61 records, back to back, or one compressed stream of them
 *
 * `length` counts what follows it: a batch is 12 + length bytes. The CRC covers byte 21 to
 * the end, so base offset, length, leader epoch and magic may be set without a new CRC.
 *
 * A record: varint size of what follows | attributes 1 | varint time delta | varint offset
 * delta | varint key size (-1: null), key | varint value size (-1: null), value | varint
 * header count | per header: varint key size, key, varint value size (-1: null), value.
 * Varints are zig-zag. Encoded here: records without headers; read here: all.
 *
 * Core: any; no state. Memory: the caller's. Everything read is big endian in place.
 */
#ifndef PENSTOCK_RECORD_BATCH_H
#define PENSTOCK_RECORD_BATCH_H

#include "dataplane/base/be.h"
#include "dataplane/base/chunk.h"
#include "dataplane/base/cursor.h"

enum record_codec {
	RECORD_CODEC_NONE = 0,
	RECORD_CODEC_GZIP,
	RECORD_CODEC_SNAPPY,
	RECORD_CODEC_LZ4,
	RECORD_CODEC_ZSTD,
	RECORD_CODECS,
};

enum {
	RECORD_BATCH_HEADER_BYTES = 61,
	RECORD_BATCH_LENGTH_END = 12, /* bytes up to and with the length field */
	RECORD_BATCH_CRC_FROM = 21,   /* first byte the CRC covers */
	RECORD_BATCH_MAGIC = 2,

	/* Attribute bits; 7 to 15 are unused. */
	RECORD_BATCH_CODEC_MASK = 7,
	RECORD_BATCH_LOG_APPEND_TIME = 1 << 3,
	RECORD_BATCH_TRANSACTIONAL = 1 << 4,
	RECORD_BATCH_CONTROL = 1 << 5,
	RECORD_BATCH_DELETE_HORIZON = 1 << 6,

	/* The least a record takes: size, attributes, two deltas, two null sizes, count. */
	RECORD_BYTES_MIN = 7,
	/* What a compressed batch may open to: so much, or else so many times its own size. */
	RECORD_BATCH_OPEN_BYTES_FREE = 4 << 20,
	RECORD_BATCH_OPEN_RATIO_MAX = 64,
	/* The most a record without headers takes beside its key and value. */
	RECORD_OVERHEAD_BYTES_MAX = 5 + 1 + 10 + 5 + 5 + 5 + 1,
};

struct record_batch_header {
	struct be64 base_offset;
	struct be32 length;
	struct be32 leader_epoch;
	uint8_t magic;
	struct be32 crc;
	struct be16 attributes;
	struct be32 last_offset_delta;
	struct be64 base_timestamp;
	struct be64 max_timestamp;
	struct be64 producer_id;
	struct be16 producer_epoch;
	struct be32 base_sequence;
	struct be32 count;
};

#define RECORD_BATCH_FIELD_AT(field, at)                                                 \
	static_assert(offsetof(struct record_batch_header, field) == (at), #field)

RECORD_BATCH_FIELD_AT(base_offset, 0);
RECORD_BATCH_FIELD_AT(length, 8);
RECORD_BATCH_FIELD_AT(leader_epoch, 12);
RECORD_BATCH_FIELD_AT(magic, 16);
RECORD_BATCH_FIELD_AT(crc, 17);
RECORD_BATCH_FIELD_AT(attributes, 21);
RECORD_BATCH_FIELD_AT(last_offset_delta, 23);
RECORD_BATCH_FIELD_AT(base_timestamp, 27);
RECORD_BATCH_FIELD_AT(max_timestamp, 35);
RECORD_BATCH_FIELD_AT(producer_id, 43);
RECORD_BATCH_FIELD_AT(producer_epoch, 51);
RECORD_BATCH_FIELD_AT(base_sequence, 53);
RECORD_BATCH_FIELD_AT(count, 57);
static_assert(sizeof(struct record_batch_header) == RECORD_BATCH_HEADER_BYTES, "61");

static inline const struct record_batch_header *record_batch_header_of(const void *p)
{
	return p;
}

/* Size of the whole batch as its header says; below 61 when the length is nonsense. */
static inline int64_t record_batch_bytes(const struct record_batch_header *h)
{
	return (int64_t)(int32_t)be32_get(h->length) + RECORD_BATCH_LENGTH_END;
}

static inline int64_t record_batch_base_offset(const struct record_batch_header *h)
{
	return (int64_t)be64_get(h->base_offset);
}

/* No CRC covers the base offset, which may say anything: one can be added to what comes of it. Of a
 * header that record_batch_check() has found good. */
static inline int64_t record_batch_last_offset(const struct record_batch_header *h)
{
	int64_t base = record_batch_base_offset(h);
	int64_t most = INT64_MAX - 1 - INT32_MAX;
	return (base < most ? base : most) + (int32_t)be32_get(h->last_offset_delta);
}

static inline int64_t record_batch_max_timestamp(const struct record_batch_header *h)
{
	return (int64_t)be64_get(h->max_timestamp);
}

/* Of an idempotent producer, or a transactional one. */
static inline bool record_batch_has_producer(const struct record_batch_header *h)
{
	return (int64_t)be64_get(h->producer_id) >= 0;
}

/* Is there a record for every offset? */
static inline bool record_batch_is_dense(const struct record_batch_header *h)
{
	return be32_get(h->count) == be32_get(h->last_offset_delta) + 1;
}

/* What one of so many bytes may open to. */
static inline uint64_t record_batch_open_bytes_max(uint64_t bytes)
{
	return max_u64(RECORD_BATCH_OPEN_BYTES_FREE, RECORD_BATCH_OPEN_RATIO_MAX * bytes);
}

static inline uint32_t record_batch_count(const struct record_batch_header *h)
{
	return be32_get(h->count);
}

/* 0 to 7: compare with RECORD_CODECS before use as an enum record_codec. */
static inline unsigned record_batch_codec(const struct record_batch_header *h)
{
	return be16_get(h->attributes) & RECORD_BATCH_CODEC_MASK;
}

/* What is wrong with a header, in the order of the checks. */
enum record_batch_verdict {
	RECORD_BATCH_GOOD,
	RECORD_BATCH_BAD_SIZE,  /* shorter than its header, or longer than `bytes_max` */
	RECORD_BATCH_BAD_MAGIC, /* not 2 */
	RECORD_BATCH_BAD_CRC,   /* only from record_batch_check_all() */
	RECORD_BATCH_BAD_COUNT, /* more records than offsets, or no offset */
	RECORD_BATCH_BAD_CODEC, /* 5 to 7 */
};

/* The 61 bytes alone; `bytes_max`: how large the whole batch may be. In a log that Kafka
 * compacted a batch may hold fewer records than offsets, even none; what a producer sends may
 * not, which is for whoever takes it to check. */
enum record_batch_verdict record_batch_check(const struct record_batch_header *h,
					     size_t bytes_max);
/* A whole batch in one piece, with its CRC; `size` bytes are there. */
enum record_batch_verdict record_batch_check_all(const void *batch, size_t size);
const char *record_batch_verdict_name(enum record_batch_verdict v);

/* What the log sets on append; no new CRC needed. */
static inline void record_batch_place(struct record_batch_header *h, int64_t base_offset,
				      uint32_t leader_epoch)
{
	h->base_offset = be64_of((uint64_t)base_offset);
	h->leader_epoch = be32_of(leader_epoch);
}

static inline void record_batch_set_size(struct record_batch_header *h, uint32_t bytes)
{
	h->length = be32_of(bytes - RECORD_BATCH_LENGTH_END);
}

static inline void record_batch_set_codec(struct record_batch_header *h, enum record_codec c)
{
	unsigned rest = be16_get(h->attributes) & ~(unsigned)RECORD_BATCH_CODEC_MASK;
	h->attributes = be16_of((uint16_t)(rest | c));
}

/* The CRC of a batch whose header is `h` and whose other bytes are `rest`. */
uint32_t record_batch_crc(const struct record_batch_header *h, struct bytes rest);

static inline void record_batch_set_crc(struct record_batch_header *h, uint32_t crc)
{
	h->crc = be32_of(crc);
}

/* Makes the times of a whole batch its records' own, the latest of which is `max_timestamp`:
 * clears the LogAppendTime bit, and sets a new CRC. */
void record_batch_set_create_time(struct chain *batch, int64_t max_timestamp);

/* Makes `now` the time of all its records: Kafka's readers take it for each of them. */
static inline void record_batch_stamp(struct record_batch_header *h, int64_t now)
{
	uint16_t attributes = be16_get(h->attributes);
	h->attributes = be16_of(attributes | RECORD_BATCH_LOG_APPEND_TIME);
	h->max_timestamp = be64_of((uint64_t)now);
}

/* The same to a whole batch, with a new CRC. */
void record_batch_set_append_time(struct chain *batch, int64_t now);

/* Fills in a header of our own: no producer, CreateTime, codec none; length and CRC are left
 * to whoever knows the final bytes. */
void record_batch_build(struct record_batch_header *h, uint32_t count,
			int64_t base_timestamp, int64_t max_timestamp);

/* One record. A span with null data is Kafka's null. */
struct record_view {
	int64_t timestamp_delta;
	int32_t offset_delta;
	struct bytes key;
	struct bytes value;
	struct bytes headers; /* count and headers as they lie there; writing: of no size, none */
};

static inline int64_t record_span_size(struct bytes b)
{
	return b.data ? (int64_t)b.size : -1;
}

/* What the size field counts. */
static inline size_t record_body_bytes(const struct record_view *r)
{
	return 1 + varint_size(r->timestamp_delta) + varint_size(r->offset_delta) +
	       varint_size(record_span_size(r->key)) + r->key.size +
	       varint_size(record_span_size(r->value)) + r->value.size +
	       (r->headers.size ? r->headers.size : 1);
}

/* Encoded size of a record, size field included. */
static inline size_t record_bytes(const struct record_view *r)
{
	size_t body = record_body_bytes(r);
	return varint_size((int64_t)body) + body;
}

static inline uint8_t *record_put_span(uint8_t *out, struct bytes b)
{
	out += varint_put(out, record_span_size(b));
	if (b.size)
		memcpy(out, b.data, b.size);
	return out + b.size;
}

/* Encodes a record into record_bytes() of contiguous room. Here, so that a
 * record on its way into a batch stays in registers. */
static inline void record_put(uint8_t *out, const struct record_view *r)
{
	out += varint_put(out, (int64_t)record_body_bytes(r));
	*out++ = 0; /* attributes: unused */
	out += varint_put(out, r->timestamp_delta);
	out += varint_put(out, r->offset_delta);
	out = record_put_span(out, r->key);
	out = record_put_span(out, r->value);
	*out = 0; /* no headers */
	if (r->headers.size)
		memcpy(out, r->headers.data, r->headers.size);
}

/* The same for callers that do not know the room beforehand. */
void record_emit(struct emitter *e, const struct record_view *r);

/* The same in pieces, for a record that straddles chunks:
 *     record_emit_front, key bytes, record_emit_value_size, value bytes, one zero byte or the
 * headers. */
void record_emit_front(struct emitter *e, const struct record_view *r);
void record_emit_value_size(struct emitter *e, const struct record_view *r);

/* Reads the records of an uncompressed batch that lies in one piece:
 *     struct record_iterator it = record_iterate(batch, size);
 *     while (record_next(&it, &r)) ...
 *     it.at.bad or cursor_left(&it.at): the batch was not what its header says */
struct record_iterator {
	struct cursor at;
	uint32_t left;
};

struct record_iterator record_iterate(const void *batch, size_t size);
bool record_next(struct record_iterator *it, struct record_view *ret);

#endif
