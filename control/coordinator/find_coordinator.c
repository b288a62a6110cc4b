/* find_coordinator.c - FindCoordinator: this gateway coordinates every group, from the moment there
 * is a topic to store them in. Nobody coordinates transactions, and clients are told so in a way
 * that they take as final. */
#include "control/coordinator/coordinator.h"
#include "control/coordinator/coordinator_handlers.h"
#include "control/coordinator/group_service.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/msg_find_coordinator.h"

enum { NOBODY = -1 };

static struct find_coordinator_one nobody(struct bytes key, int16_t error)
{
	return (struct find_coordinator_one){
		.key = key,
		.node_id = NOBODY,
		.host = {(const uint8_t *)"", 0},
		.port = NOBODY,
		.error_code = error,
	};
}

/* Under the address of the listener that the request came through. */
static struct find_coordinator_one ourselves(const struct kafka_request *r, struct bytes key)
{
	const struct coordinator_options *o = r->groups->options;
	require(r->listener < LISTENERS_MAX);
	const struct coordinator_listener *l = &o->listeners[r->listener];
	return (struct find_coordinator_one){
		.key = key,
		.node_id = o->node_id,
		.host = {(const uint8_t *)l->host, strlen(l->host)},
		.port = l->port,
	};
}

/* What a client of 15 would ask for again, for a minute, it gives up with 53. */
static struct find_coordinator_one refused(struct bytes key)
{
	static const char why[] = "transactions are not available";
	struct find_coordinator_one r =
		nobody(key, KAFKA_ERROR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
	r.error_message = (struct bytes){(const uint8_t *)why, sizeof why - 1};
	return r;
}

/* While groups are read, their requests are told so: who coordinates them is known. A key of a type
 * that nobody knows is not asked about again, as with Kafka. */
static struct find_coordinator_one find_one(const struct kafka_request *r, int8_t key_type,
					    struct bytes key)
{
	struct offsets_partition *where;
	switch (key_type) {
	case FIND_COORDINATOR_GROUP:
		group_service_find(r->groups, key, &where);
		return where ? ourselves(r, key)
			     : nobody(key, KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE);
	case FIND_COORDINATOR_TRANSACTION: return refused(key);
	default: return nobody(key, KAFKA_ERROR_INVALID_REQUEST);
	}
}

/* Up to version 3 the answer has fields of its own, from 4 on one item for each key asked for
 * (KIP-699). Both are filled in: the version decides what is written. */
enum kafka_outcome coordinator_handle_find(struct kafka_request *r)
{
	struct find_coordinator_request request;
	if (!kafka_request_decode(r, &find_coordinator_request, &request))
		return KAFKA_CLOSE;
	struct find_coordinator_one first = find_one(r, request.key_type, request.key);
	struct find_coordinator_response answer = {
		.error_code = first.error_code,
		.error_message = first.error_message,
		.node_id = first.node_id,
		.host = first.host,
		.port = first.port,
	};
	int32_t count = request.coordinator_keys.count;
	struct find_coordinator_one *ones = kafka_request_take(r, (size_t)count, sizeof *ones);
	if (!ones)
		return KAFKA_CLOSE;
	for (int32_t i = 0; i < count; i++)
		ones[i] = find_one(r, request.key_type, request.coordinator_keys.items[i]);
	answer.coordinators.items = ones;
	answer.coordinators.count = count;
	return kafka_request_answer(r, &find_coordinator_response, r->header.api_version,
				 &answer);
}
