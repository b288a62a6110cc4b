/* kafka_request.c - request bytes to structs, answer structs to reply bytes. */
#include "control/kafka/kafka_request.h"

#include "dataplane/base/require.h"

bool kafka_request_decode(struct kafka_request *r, const struct kafka_message *m, void *ret)
{
	return kafka_decode(m, r->header.api_version, &r->body, &r->arena, ret) ==
	       KAFKA_DECODED_OK;
}

void *kafka_request_take(struct kafka_request *r, size_t count, size_t item_bytes)
{
	struct kafka_arena *a = &r->arena;
	size_t left = (size_t)(a->end - a->at);
	size_t pad = -(uintptr_t)a->at % alignof(max_align_t);
	if (left < pad || (left - pad) / item_bytes < count)
		return NULL;
	uint8_t *items = a->at + pad;
	a->at = items + count * item_bytes;
	return memset(items, 0, count * item_bytes);
}

enum kafka_outcome kafka_request_answer(struct kafka_request *r, const struct kafka_message *m,
				     int version, const void *answer)
{
	size_t room = KAFKA_RESPONSE_HEADER_BYTES_MAX + kafka_encoded_size(m, version, answer);
	uint8_t *reply = malloc(room);
	if (!reply)
		return KAFKA_CLOSE;
	struct emitter e = emitter_of(reply, room);
	kafka_response_header_emit(&e, r->header.correlation_id,
				   kafka_api_answer_is_flexible(r->row, version));
	kafka_encode(m, version, answer, &e);
	require(!e.bad);
	kafka_size_store(reply, emitter_size(&e));
	r->call->reply = reply;
	r->call->reply_bytes = emitter_size(&e);
	return KAFKA_ANSWERED;
}
