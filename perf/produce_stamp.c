/* produce_stamp.c - a body and a number in, its bytes with that number out; the number of a batch
 * back. See produce_stamp.h. */
#include "perf/produce_stamp.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/require.h"

#include <stdlib.h>

enum { BATCH_SIZE_BYTES = 4 };

/* The first record's value, as far as `front` shows it; null: it is not there, or too short. */
static const uint8_t *first_value(struct bytes front)
{
	if (front.size < RECORD_BATCH_HEADER_BYTES ||
	    record_batch_codec(record_batch_header_of(front.data)) != RECORD_CODEC_NONE)
		return NULL;
	struct cursor c = cursor_of(front.data, front.size);
	cursor_take(&c, RECORD_BATCH_HEADER_BYTES);
	cursor_varint(&c, 5); /* size of the record */
	cursor_u8(&c);
	cursor_varint(&c, 10); /* its time, */
	cursor_varint(&c, 5);  /* and offset */
	cursor_nullable(&c, cursor_varint(&c, 5));
	int64_t size = cursor_varint(&c, 5);
	return size >= PRODUCE_STAMP_BYTES ? cursor_take(&c, PRODUCE_STAMP_BYTES) : NULL;
}

bool produce_stamp_init(struct produce_stamp *s, const struct produce_body *body)
{
	size_t at = body->partition_at + sizeof(uint32_t) + BATCH_SIZE_BYTES;
	struct bytes batch = {body->data + at, body->size - at};
	const uint8_t *value = first_value(batch);
	if (!value)
		return false;
	uint8_t *copy = malloc(batch.size);
	require(copy);
	memcpy(copy, batch.data, batch.size);
	size_t number_at = (size_t)(value - batch.data);
	struct bytes rest = {copy + RECORD_BATCH_HEADER_BYTES,
			     batch.size - RECORD_BATCH_HEADER_BYTES};
	be64_store(copy + number_at, 0);
	s->crc = record_batch_crc(record_batch_header_of(copy), rest);
	for (unsigned i = 0; i < array_len(s->bits); i++) {
		be64_store(copy + number_at, 1ull << i);
		s->bits[i] = record_batch_crc(record_batch_header_of(copy), rest) ^ s->crc;
	}
	free(copy);
	s->crc_at = at + offsetof(struct record_batch_header, crc);
	s->number_at = at + number_at;
	return true;
}

void produce_stamp_set(const struct produce_stamp *s, uint64_t number, uint8_t *body)
{
	uint32_t crc = s->crc;
	for (uint64_t left = number; left; left &= left - 1)
		crc ^= s->bits[__builtin_ctzll(left)];
	be32_store(body + s->crc_at, crc);
	be64_store(body + s->number_at, number);
}

bool produce_stamp_read(struct bytes front, uint64_t *ret)
{
	const uint8_t *value = first_value(front);
	if (!value)
		return false;
	*ret = be64_load(value);
	return true;
}
