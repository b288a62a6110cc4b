/* record_batch.c - record batches: header checks, records to bytes and back; see
 * record_batch.h. */
#include "dataplane/wire/record/record_batch.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/require.h"

enum record_batch_verdict record_batch_check(const struct record_batch_header *h,
					     size_t bytes_max)
{
	int64_t size = record_batch_bytes(h);
	if (size < RECORD_BATCH_HEADER_BYTES || (uint64_t)size > bytes_max)
		return RECORD_BATCH_BAD_SIZE;
	if (h->magic != RECORD_BATCH_MAGIC)
		return RECORD_BATCH_BAD_MAGIC;
	int32_t last = (int32_t)be32_get(h->last_offset_delta);
	int32_t count = (int32_t)be32_get(h->count);
	if (count < 0 || last < 0 || count - 1 > last)
		return RECORD_BATCH_BAD_COUNT;
	if (record_batch_codec(h) >= RECORD_CODECS)
		return RECORD_BATCH_BAD_CODEC;
	return RECORD_BATCH_GOOD;
}

/* Size and magic say what the CRC covers, and so are judged before it. The other fields lie
 * below it: while the CRC is wrong, what they say is damage and no lie. */
enum record_batch_verdict record_batch_check_all(const void *batch, size_t size)
{
	const struct record_batch_header *h = record_batch_header_of(batch);
	if (size < RECORD_BATCH_HEADER_BYTES)
		return RECORD_BATCH_BAD_SIZE;
	enum record_batch_verdict v = record_batch_check(h, size);
	if (v == RECORD_BATCH_BAD_SIZE || v == RECORD_BATCH_BAD_MAGIC)
		return v;
	size_t covered = (size_t)record_batch_bytes(h) - RECORD_BATCH_CRC_FROM;
	if (crc32c((const uint8_t *)batch + RECORD_BATCH_CRC_FROM, covered) !=
	    be32_get(h->crc))
		return RECORD_BATCH_BAD_CRC;
	return v;
}

const char *record_batch_verdict_name(enum record_batch_verdict v)
{
	static const char *const names[] = {
		[RECORD_BATCH_GOOD] = "good",
		[RECORD_BATCH_BAD_SIZE] = "bad size",
		[RECORD_BATCH_BAD_MAGIC] = "magic is not 2",
		[RECORD_BATCH_BAD_CRC] = "CRC mismatch",
		[RECORD_BATCH_BAD_COUNT] = "more records than offsets",
		[RECORD_BATCH_BAD_CODEC] = "unknown compression codec",
	};
	return names[v];
}

uint32_t record_batch_crc(const struct record_batch_header *h, struct bytes rest)
{
	uint32_t crc = crc32c((const uint8_t *)h + RECORD_BATCH_CRC_FROM,
			      RECORD_BATCH_HEADER_BYTES - RECORD_BATCH_CRC_FROM);
	return crc32c_extend(crc, rest.data, rest.size);
}

/* The CRC covers most of the header: that is in the chain before it is taken. */
static void header_put(struct chain *batch, struct record_batch_header *h)
{
	chain_patch(batch, 0, h, sizeof *h);
	record_batch_set_crc(h, chain_crc32c(batch, RECORD_BATCH_CRC_FROM));
	chain_patch(batch, 0, h, sizeof *h);
}

void record_batch_set_create_time(struct chain *batch, int64_t max_timestamp)
{
	struct record_batch_header h;
	chain_copy_out(batch, 0, &h, sizeof h);
	unsigned attributes = be16_get(h.attributes) & ~(unsigned)RECORD_BATCH_LOG_APPEND_TIME;
	h.attributes = be16_of((uint16_t)attributes);
	h.max_timestamp = be64_of((uint64_t)max_timestamp);
	header_put(batch, &h);
}

void record_batch_set_append_time(struct chain *batch, int64_t now)
{
	struct record_batch_header h;
	chain_copy_out(batch, 0, &h, sizeof h);
	record_batch_stamp(&h, now);
	header_put(batch, &h);
}

/* Length and CRC are set when all records are in. The producer's fields say what those of a
 * producer without idempotence do: none. */
void record_batch_build(struct record_batch_header *h, uint32_t count,
			int64_t base_timestamp, int64_t max_timestamp)
{
	*h = (struct record_batch_header){
		.magic = RECORD_BATCH_MAGIC,
		.last_offset_delta = be32_of(count - 1),
		.base_timestamp = be64_of((uint64_t)base_timestamp),
		.max_timestamp = be64_of((uint64_t)max_timestamp),
		.producer_id = be64_of(UINT64_MAX),
		.producer_epoch = be16_of(UINT16_MAX),
		.base_sequence = be32_of(UINT32_MAX),
		.count = be32_of(count),
	};
}

void record_emit_front(struct emitter *e, const struct record_view *r)
{
	emit_varint(e, (int64_t)record_body_bytes(r));
	emit_u8(e, 0); /* attributes: unused */
	emit_varint(e, r->timestamp_delta);
	emit_varint(e, r->offset_delta);
	emit_varint(e, record_span_size(r->key));
}

void record_emit_value_size(struct emitter *e, const struct record_view *r)
{
	emit_varint(e, record_span_size(r->value));
}

void record_emit(struct emitter *e, const struct record_view *r)
{
	uint8_t *room = emit_room(e, record_bytes(r));
	if (room)
		record_put(room, r);
}

struct record_iterator record_iterate(const void *batch, size_t size)
{
	require(size >= RECORD_BATCH_HEADER_BYTES);
	const struct record_batch_header *h = record_batch_header_of(batch);
	return (struct record_iterator){
		.at = cursor_of((const uint8_t *)batch + RECORD_BATCH_HEADER_BYTES,
				size - RECORD_BATCH_HEADER_BYTES),
		.left = record_batch_count(h),
	};
}

/* A span with its varint size. */
static struct bytes read_span(struct cursor *c)
{
	return cursor_nullable(c, cursor_varint(c, VARINT32_BYTES_MAX));
}

/* Headers stay the bytes that they came as; only their form is looked at. */
static struct bytes read_headers(struct cursor *c)
{
	const uint8_t *start = c->at;
	int64_t declared = cursor_varint(c, VARINT32_BYTES_MAX);
	c->bad |= declared < 0;
	uint32_t count = cursor_count(c, (uint64_t)declared, 2);
	for (uint32_t i = 0; i < count && !c->bad; i++) {
		struct bytes key = read_span(c);
		c->bad |= key.data == NULL;
		read_span(c);
	}
	return (struct bytes){.data = start, .size = (size_t)(c->at - start)};
}

/* A record has to fill its declared size exactly: bytes left over are as wrong as bytes that
 * are missing. */
bool record_next(struct record_iterator *it, struct record_view *ret)
{
	if (it->left == 0 || it->at.bad)
		return false;
	int64_t size = cursor_varint(&it->at, VARINT32_BYTES_MAX);
	const uint8_t *p = size < 0 ? NULL : cursor_take(&it->at, (size_t)size);
	if (!p) {
		it->at.bad = true;
		return false;
	}
	struct cursor c = cursor_of(p, (size_t)size);
	cursor_u8(&c);
	ret->timestamp_delta = cursor_varint(&c, VARINT64_BYTES_MAX);
	ret->offset_delta = (int32_t)cursor_varint(&c, VARINT32_BYTES_MAX);
	ret->key = read_span(&c);
	ret->value = read_span(&c);
	ret->headers = read_headers(&c);
	it->left--;
	it->at.bad = c.bad || cursor_left(&c) != 0;
	return !it->at.bad;
}
