/* kafka_request.h - one Kafka request while its handler looks at it, at control or at the
 * coordinator.
 *
 *     kafka_calls_take ─▶ kafka_request_of_call ─▶ handler: kafka_request_decode ─▶ answer struct,
 *          arrays from kafka_request_take ─▶ kafka_request_answer ─▶ kafka_call_complete ─▶ poller
 *     the same call, is_release ─▶ freed by kafka_calls_take ─▶ poller
 *
 * Handlers keep nothing: a request that waits for others is handled again, from bytes that its
 * server has kept (kafka_request_of_bytes).
 *
 * Core: the server's. Ownership: what a handler takes or decodes is gone when it returns; the
 * reply is the server's until the call's second trip, or until its SEND is back.
 */
#ifndef PENSTOCK_KAFKA_REQUEST_H
#define PENSTOCK_KAFKA_REQUEST_H

#include "dataplane/handoff.h"
#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_header.h"
#include "dataplane/wire/kafka/kafka_schema.h"

struct errand;
struct errands;
struct kafka_api_options;
struct kafka_change;
struct kafka_changes;
struct kafka_creations;
struct kafka_parked;
struct offsets_waits;
struct group_service;
struct producer_ids;

enum kafka_outcome {
	KAFKA_ANSWERED,
	KAFKA_CLOSE,  /* no reply: the connection ends */
	KAFKA_PARKED, /* the handler has kept what it needs, and answers later */
};

struct kafka_request {
	const struct kafka_api_row *row;
	struct kafka_request_header header;
	struct cursor body;
	struct kafka_arena arena;
	uint8_t listener;
	struct bytes bytes; /* all of it, header included */
	/* Answer, from malloc. */
	uint8_t *reply;
	size_t reply_bytes;
	const struct call_msg *call; /* null: it was parked, and is handled again */
	/* For control's handlers (kafka_handlers.h). */
	const struct kafka_api_options *options;
	struct kafka_creations *creations;
	struct kafka_changes *changes;
	struct offsets_waits *offsets_waits;
	struct errands *errands;
	/* What it has waited for (kafka_waiting.h); null: not for that. One that has waited may not
	 * do so again, and has none of the four above. */
	const struct kafka_parked *parked;
	const struct kafka_change *change;
	const struct errand *errand;
	/* For the coordinator's (coordinator_handlers.h). */
	struct group_service *groups;
	struct producer_ids *ids;
};

typedef enum kafka_outcome (*kafka_handler)(struct kafka_request *r);

/* Reads the header. False: not ours, or malformed; the connection ends. The row of a good one
 * names its handler. */
bool kafka_request_of_call(struct kafka_request *r, const struct call_msg *call,
			   struct kafka_arena arena);
bool kafka_request_of_bytes(struct kafka_request *r, struct bytes request,
			    struct kafka_arena arena);

/* The body; false: malformed, or larger than the arena. */
bool kafka_request_decode(struct kafka_request *r, const struct kafka_message *m, void *ret);

/* `count` zeroed items that live until the handler returns; null when the arena is full. */
void *kafka_request_take(struct kafka_request *r, size_t count, size_t item_bytes);

/* Encodes the answer in `version` into the reply. */
enum kafka_outcome kafka_request_answer(struct kafka_request *r, const struct kafka_message *m,
					int version, const void *answer);

/* Takes what a poller has sent, a bounded number, so that each poller has its turn: `serve`
 * completes a call; of one that comes for the second time the reply is freed here. */
enum { KAFKA_CALLS_PER_TURN = 64 };
typedef void kafka_serve(void *server, struct handoff *h, struct call_msg *call);
unsigned kafka_calls_take(struct handoff *h, kafka_serve *serve, void *server);
/* Gives the call back with what the handler has come to. */
void kafka_call_complete(struct handoff *h, struct call_msg *give, const struct kafka_request *r,
			 enum kafka_outcome outcome);

#endif
