/* find_coordinator.c - FindCoordinator: nobody coordinates groups or transactions here, and clients
 * are told so in a way that lets them go on producing. */
#include "control/coordinator/coordinator_handlers.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/msg_find_coordinator.h"

enum { NOBODY = -1 };

/* A key of a type that nobody knows is not asked about again, as with Kafka. */
static int16_t why_nobody(int8_t key_type)
{
	bool is_known = key_type == FIND_COORDINATOR_GROUP ||
			key_type == FIND_COORDINATOR_TRANSACTION;
	return is_known ? KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE : KAFKA_ERROR_INVALID_REQUEST;
}

static const struct bytes no_host = {(const uint8_t *)"", 0};

/* Up to version 3 the answer has fields of its own, from 4 on one item for each key asked for
 * (KIP-699). Both are filled in: the version decides what is written. */
enum kafka_outcome coordinator_handle_find(struct kafka_request *r)
{
	struct find_coordinator_request request;
	if (!kafka_request_decode(r, &find_coordinator_request, &request))
		return KAFKA_CLOSE;
	int16_t error = why_nobody(request.key_type);
	struct find_coordinator_response answer = {
		.error_code = error,
		.node_id = NOBODY,
		.host = no_host,
		.port = NOBODY,
	};
	int32_t count = request.coordinator_keys.count;
	struct find_coordinator_one *ones = kafka_request_take(r, (size_t)count, sizeof *ones);
	if (!ones)
		return KAFKA_CLOSE;
	for (int32_t i = 0; i < count; i++)
		ones[i] = (struct find_coordinator_one){
			.key = request.coordinator_keys.items[i],
			.node_id = NOBODY,
			.host = no_host,
			.port = NOBODY,
			.error_code = error,
		};
	answer.coordinators.items = ones;
	answer.coordinators.count = count;
	return kafka_request_answer(r, &find_coordinator_response, r->header.api_version,
				 &answer);
}
