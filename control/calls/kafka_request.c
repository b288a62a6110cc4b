/* kafka_request.c - request bytes to structs, answer structs to reply bytes. */
#include "control/calls/kafka_request.h"

#include "dataplane/base/require.h"

/* A version nobody knows is told from the first 8 bytes: neither the rest of the header nor
 * the body need be of a form we can read. */
static bool read_header(struct kafka_request *r)
{
	struct cursor start = r->body;
	r->header.api_key = (int16_t)cursor_u16(&start);
	r->header.api_version = (int16_t)cursor_u16(&start);
	r->header.correlation_id = (int32_t)cursor_u32(&start);
	r->row = start.bad ? NULL : kafka_api_row_find(r->header.api_key);
	if (!r->row)
		return false;
	if (!kafka_api_takes(r->row, r->header.api_version))
		return r->row->key == KAFKA_API_API_VERSIONS;
	bool is_flexible = kafka_api_is_flexible(r->row, r->header.api_version);
	return kafka_request_header_read(&r->body, is_flexible, &r->header);
}

bool kafka_request_of_bytes(struct kafka_request *r, struct bytes request,
			    struct kafka_arena arena)
{
	r->arena = arena;
	r->bytes = request;
	r->body = cursor_of(request.data, request.size);
	return read_header(r);
}

/* The poller's chunks are copied to one run of bytes in the arena: what a handler decodes points
 * into it. */
bool kafka_request_of_call(struct kafka_request *r, const struct call_msg *call,
			   struct kafka_arena arena)
{
	r->arena = arena;
	r->call = call;
	r->listener = call->listener;
	uint8_t *request = kafka_request_take(r, call->request_bytes, 1);
	if (!request)
		return false;
	chain_copy_out(&call->request, 0, request, call->request_bytes);
	return kafka_request_of_bytes(r, (struct bytes){request, call->request_bytes},
				      r->arena);
}

bool kafka_request_decode(struct kafka_request *r, const struct kafka_message *m, void *ret)
{
	return kafka_decode(m, r->header.api_version, &r->body, &r->arena, ret) ==
	       KAFKA_DECODED_OK;
}

void *kafka_request_take(struct kafka_request *r, size_t count, size_t item_bytes)
{
	void *items = kafka_arena_take(&r->arena, count, item_bytes);
	return items ? memset(items, 0, count * item_bytes) : NULL;
}

/* Walked twice, for its size and for its bytes: the reply has just the room it needs, whatever
 * it may grow to. */
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
	r->reply = reply;
	r->reply_bytes = emitter_size(&e);
	return KAFKA_ANSWERED;
}

void kafka_call_complete(struct handoff *h, struct call_msg *give, const struct kafka_request *r,
			 enum kafka_outcome outcome)
{
	require((outcome == KAFKA_ANSWERED) == (r->reply != NULL));
	give->is_parked = outcome == KAFKA_PARKED;
	give->reply = r->reply;
	give->reply_bytes = r->reply_bytes;
	handoff_complete(h, &give->msg);
}

/* A reply lies on the heap, which no data core touches: its poller copies it and sends the
 * call once more, to have it freed. */
static void call_release(struct handoff *h, struct call_msg *give)
{
	free(give->reply);
	give->reply = NULL;
	give->reply_bytes = 0;
	handoff_complete(h, &give->msg);
}

unsigned kafka_calls_take(struct handoff *h, kafka_serve *serve, void *server)
{
	struct handoff_msg *msgs[KAFKA_CALLS_PER_TURN];
	unsigned count = handoff_pull(h, msgs, KAFKA_CALLS_PER_TURN);
	for (unsigned i = 0; i < count; i++) {
		struct call_msg *call = container_of(msgs[i], struct call_msg, msg);
		require(msgs[i]->kind == HANDOFF_CALL);
		if (call->is_release)
			call_release(h, call);
		else
			serve(server, h, call);
	}
	return count;
}
