/* msg_find_coordinator.c - the field tables of FindCoordinator. */
#include "dataplane/wire/kafka/msg_find_coordinator.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct find_coordinator_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, key, STRING, GONE_SINCE(4)),
	KAFKA_FIELD(M, key_type, INT8, SINCE(1)),
	KAFKA_FIELD(M, coordinator_keys, ARRAY, SINCE(4), .of = &kafka_string_item),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message find_coordinator_request = {
	.name = "FindCoordinatorRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_FIND_COORDINATOR};

#define M struct find_coordinator_one
static const struct kafka_field one_rows[] = {
	KAFKA_FIELD(M, key, STRING),
	KAFKA_FIELD(M, node_id, INT32),
	KAFKA_FIELD(M, host, STRING),
	KAFKA_FIELD(M, port, INT32),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, error_message, STRING, NULLABLE_SINCE(4)),
};
static const struct kafka_struct one = KAFKA_STRUCT(M, one_rows);
#undef M

/* Up to version 3 the answer is the only key's; from 4 on each key has one of its own
 * (KIP-699). */
#define M struct find_coordinator_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32, SINCE(1)),
	KAFKA_FIELD(M, error_code, INT16, GONE_SINCE(4)),
	KAFKA_FIELD(M, error_message, STRING, SINCE(1), GONE_SINCE(4), NULLABLE_SINCE(1)),
	KAFKA_FIELD(M, node_id, INT32, GONE_SINCE(4)),
	KAFKA_FIELD(M, host, STRING, GONE_SINCE(4)),
	KAFKA_FIELD(M, port, INT32, GONE_SINCE(4)),
	KAFKA_FIELD(M, coordinators, ARRAY, SINCE(4), .of = &one),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message find_coordinator_response = {
	.name = "FindCoordinatorResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_FIND_COORDINATOR};
