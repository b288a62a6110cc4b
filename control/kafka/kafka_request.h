/* kafka_request.h - one Kafka request while its handler looks at it.
 *
 *     handler: kafka_request_decode ─▶ answer struct, arrays from kafka_request_take ─▶
 *              kafka_request_answer
 *
 * Handlers keep nothing: a request that must wait for topics (kafka_wait) is handled again
 * from its bytes when they are there.
 *
 * Core: control. Ownership: what a handler takes or decodes is gone when it returns.
 */
#ifndef PENSTOCK_KAFKA_REQUEST_H
#define PENSTOCK_KAFKA_REQUEST_H

#include "control/kafka/kafka_api.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/kafka_header.h"

/* Topics one request may have created; the client's next refresh brings the others. */
enum { KAFKA_CREATIONS_MAX = 64 };

enum kafka_outcome {
	KAFKA_ANSWERED,
	KAFKA_CLOSE, /* no reply: the connection ends */
	KAFKA_WAITS, /* the request waits: r->wait */
};

struct kafka_creation {
	char name[TOPIC_NAME_BYTES_MAX + 1];
	int16_t error;
	struct kafka_wait *wait;
};

/* A call that waits for topics to be created. */
struct kafka_wait {
	struct list node; /* on the api's waiting list, then on its ready list */
	struct list *ready;
	struct call *call;
	struct handoff *handoff;
	unsigned outstanding; /* jobs of the registry; one more while they are begun */
	unsigned count;
	struct kafka_creation creations[KAFKA_CREATIONS_MAX];
};

/* Null when there is no memory. */
struct kafka_wait *kafka_wait_begin(void);
/* Asks the registry for one more topic, unless it has been asked for enough. */
void kafka_wait_create(struct kafka_wait *w, struct registry *r, struct bytes name);
/* One thing less to wait for; after the last one the call is ready to be handled again. */
void kafka_wait_done(struct kafka_wait *w);
/* What became of a topic; KAFKA_ERROR_NONE also when it was not asked for. */
int16_t kafka_wait_error(const struct kafka_wait *w, struct bytes name);

struct kafka_request {
	const struct kafka_api_options *options;
	struct call *call;
	const struct kafka_api_row *row;
	struct kafka_request_header header;
	struct cursor body;
	struct kafka_arena arena;
	struct kafka_wait *wait; /* handled again: what became of its topics; else null */
};

typedef enum kafka_outcome (*kafka_handler)(struct kafka_request *r);

enum kafka_outcome kafka_handle_api_versions(struct kafka_request *r);
enum kafka_outcome kafka_handle_metadata(struct kafka_request *r);
enum kafka_outcome kafka_handle_list_offsets(struct kafka_request *r);
enum kafka_outcome kafka_handle_find_coordinator(struct kafka_request *r);
enum kafka_outcome kafka_handle_sasl_handshake(struct kafka_request *r);
enum kafka_outcome kafka_handle_sasl_authenticate(struct kafka_request *r);

/* The body; false: malformed, or larger than the arena. */
bool kafka_request_decode(struct kafka_request *r, const struct kafka_message *m, void *ret);

/* `count` zeroed items that live until the handler returns; null when the arena is full. */
void *kafka_request_take(struct kafka_request *r, size_t count, size_t item_bytes);

/* Encodes the answer in `version` into the call's reply. */
enum kafka_outcome kafka_request_answer(struct kafka_request *r, const struct kafka_message *m,
				     int version, const void *answer);

#endif
