/* kafka_header.c - request headers read, response headers and lengths written; see
 * kafka_header.h. */
#include "dataplane/wire/kafka/kafka_header.h"

/* Tagged fields of a header belong to newer clients: none is known here, and KIP-482 wants them
 * passed over. */
static void skip_tags(struct cursor *c)
{
	uint64_t count = cursor_uvarint(c, VARINT32_BYTES_MAX);
	if (count > KAFKA_TAGS_MAX)
		c->bad = true;
	for (uint64_t i = 0; i < count && !c->bad; i++) {
		cursor_uvarint(c, VARINT32_BYTES_MAX);
		cursor_take(c, cursor_uvarint(c, VARINT32_BYTES_MAX));
	}
}

/* The size has 16 bits in flexible headers, too: the client id kept its old form (KIP-482). */
static struct bytes read_client_id(struct cursor *c)
{
	return cursor_nullable(c, (int16_t)cursor_u16(c));
}

bool kafka_request_header_read(struct cursor *c, bool is_flexible,
			       struct kafka_request_header *ret)
{
	ret->api_key = (int16_t)cursor_u16(c);
	ret->api_version = (int16_t)cursor_u16(c);
	ret->correlation_id = (int32_t)cursor_u32(c);
	ret->client_id = read_client_id(c);
	if (is_flexible)
		skip_tags(c);
	return !c->bad;
}

/* The size is patched when the answer is complete. The last byte of a flexible header says that
 * there are no tags in it. */
void kafka_response_header_emit(struct emitter *e, int32_t correlation_id, bool is_flexible)
{
	emit_u32(e, 0);
	emit_u32(e, (uint32_t)correlation_id);
	if (is_flexible)
		emit_u8(e, 0);
}

/* Flexible lengths are written plus one, so that 0 is null; both forms give -1 for that. */
int64_t kafka_length_read(struct cursor *c, bool is_flexible)
{
	int64_t length;
	if (is_flexible)
		length = (int64_t)cursor_uvarint(c, VARINT32_BYTES_MAX) - 1;
	else
		length = (int32_t)cursor_u32(c);
	if (length < -1 || length > INT32_MAX)
		c->bad = true;
	return c->bad ? 0 : length;
}

void kafka_length_emit(struct emitter *e, bool is_flexible, int64_t length)
{
	if (is_flexible)
		emit_uvarint(e, (uint64_t)(length + 1));
	else
		emit_u32(e, (uint32_t)length);
}
