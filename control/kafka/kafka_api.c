/* kafka_api.c - calls of the pollers in, replies out, through one handler per API. */
#include "control/kafka/kafka_api.h"

#include "control/kafka/kafka_request.h"
#include "dataplane/base/require.h"

enum { CALLS_PER_TURN = 64 };

struct kafka_api {
	struct kafka_api_options options;
	struct list waiting; /* struct kafka_wait: topics are being created */
	struct list ready;   /* the same: they are there */
	uint8_t *arena;
};

static const kafka_handler handlers[KAFKA_API_ROWS] = {
	[KAFKA_API_ROW_API_VERSIONS] = kafka_handle_api_versions,
	[KAFKA_API_ROW_METADATA] = kafka_handle_metadata,
	[KAFKA_API_ROW_LIST_OFFSETS] = kafka_handle_list_offsets,
	[KAFKA_API_ROW_FIND_COORDINATOR] = kafka_handle_find_coordinator,
	[KAFKA_API_ROW_SASL_HANDSHAKE] = kafka_handle_sasl_handshake,
	[KAFKA_API_ROW_SASL_AUTHENTICATE] = kafka_handle_sasl_authenticate,
};

struct kafka_api *kafka_api_create(const struct kafka_api_options *options)
{
	struct kafka_api *api = calloc(1, sizeof *api);
	if (!api)
		return NULL;
	api->options = *options;
	list_init(&api->waiting);
	list_init(&api->ready);
	api->arena = malloc(KAFKA_API_ARENA_BYTES);
	if (!api->arena) {
		free(api);
		return NULL;
	}
	return api;
}

static void free_waits(struct list *waits)
{
	for (struct list *n; (n = list_take_first(waits));)
		free(list_entry(n, struct kafka_wait, node));
}

void kafka_api_destroy(struct kafka_api *api)
{
	if (!api)
		return;
	free_waits(&api->waiting);
	free_waits(&api->ready);
	free(api->arena);
	free(api);
}

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

static enum kafka_outcome handle(struct kafka_api *api, struct call *call,
				 struct kafka_request *r)
{
	r->options = &api->options;
	r->call = call;
	r->arena = kafka_arena_of(api->arena, KAFKA_API_ARENA_BYTES);
	uint8_t *request = kafka_request_take(r, call->request_bytes, 1);
	if (!request)
		return KAFKA_CLOSE;
	chain_copy_out(&call->request, 0, request, call->request_bytes);
	r->body = cursor_of(request, call->request_bytes);
	if (!read_header(r))
		return KAFKA_CLOSE;
	kafka_handler handler = handlers[r->row - kafka_api_rows];
	return handler ? handler(r) : KAFKA_CLOSE;
}

static void serve(struct kafka_api *api, struct handoff *handoff, struct call *call,
		  struct kafka_wait *wait)
{
	struct kafka_request r = {.wait = wait};
	call->reply = NULL;
	call->reply_bytes = 0;
	enum kafka_outcome outcome = handle(api, call, &r);
	if (outcome != KAFKA_WAITS) {
		handoff_complete(handoff, &call->msg);
		return;
	}
	require(!wait && r.wait);
	r.wait->call = call;
	r.wait->handoff = handoff;
	r.wait->ready = &api->ready;
	list_append(&api->waiting, &r.wait->node);
	kafka_wait_done(r.wait);
}

static void take(struct kafka_api *api, struct handoff *handoff, struct handoff_msg *msg)
{
	require(msg->kind == HANDOFF_CALL);
	struct call *call = container_of(msg, struct call, msg);
	if (!call->is_release) {
		serve(api, handoff, call, NULL);
		return;
	}
	free(call->reply);
	call->reply = NULL;
	call->reply_bytes = 0;
	handoff_complete(handoff, msg);
}

static bool take_calls(struct kafka_api *api, struct handoff *handoff)
{
	struct handoff_msg *msgs[CALLS_PER_TURN];
	unsigned count = handoff_pull(handoff, msgs, CALLS_PER_TURN);
	for (unsigned i = 0; i < count; i++)
		take(api, handoff, msgs[i]);
	return count > 0;
}

static bool serve_ready(struct kafka_api *api)
{
	struct list ready;
	list_init(&ready);
	list_splice(&ready, &api->ready);
	bool found = !list_is_empty(&ready);
	for (struct list *n; (n = list_take_first(&ready));) {
		struct kafka_wait *wait = list_entry(n, struct kafka_wait, node);
		serve(api, wait->handoff, wait->call, wait);
		free(wait);
	}
	return found;
}

bool kafka_api_turn(struct kafka_api *api)
{
	bool found = serve_ready(api);
	for (unsigned i = 0; i < api->options.poller_count; i++)
		found |= take_calls(api, api->options.pollers[i]);
	return found;
}
