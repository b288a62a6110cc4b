/* msg_heartbeat.c - the field tables of Heartbeat. */
#include "dataplane/wire/kafka/msg_heartbeat.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct heartbeat_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, group_id, STRING),
	KAFKA_FIELD(M, generation_id, INT32),
	KAFKA_FIELD(M, member_id, STRING),
	KAFKA_FIELD(M, group_instance_id, STRING, SINCE(3), NULLABLE_SINCE(3)),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message heartbeat_request = {
	.name = "HeartbeatRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_HEARTBEAT};

#define M struct heartbeat_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32, SINCE(1)),
	KAFKA_FIELD(M, error_code, INT16),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message heartbeat_response = {
	.name = "HeartbeatResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_HEARTBEAT};
