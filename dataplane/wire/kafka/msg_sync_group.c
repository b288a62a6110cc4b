/* msg_sync_group.c - the field tables of SyncGroup. */
#include "dataplane/wire/kafka/msg_sync_group.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct sync_group_assignment
static const struct kafka_field assignment_rows[] = {
	KAFKA_FIELD(M, member_id, STRING),
	KAFKA_FIELD(M, assignment, BYTES),
};
static const struct kafka_struct assignment = KAFKA_STRUCT(M, assignment_rows);
#undef M

#define M struct sync_group_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, group_id, STRING),
	KAFKA_FIELD(M, generation_id, INT32),
	KAFKA_FIELD(M, member_id, STRING),
	KAFKA_FIELD(M, group_instance_id, STRING, SINCE(3), NULLABLE_SINCE(3)),
	KAFKA_FIELD(M, protocol_type, STRING, SINCE(5), NULLABLE_SINCE(5)),
	KAFKA_FIELD(M, protocol_name, STRING, SINCE(5), NULLABLE_SINCE(5)),
	KAFKA_FIELD(M, assignments, ARRAY, .of = &assignment),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message sync_group_request = {
	.name = "SyncGroupRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_SYNC_GROUP};

#define M struct sync_group_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32, SINCE(1)),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, protocol_type, STRING, SINCE(5), NULLABLE_SINCE(5)),
	KAFKA_FIELD(M, protocol_name, STRING, SINCE(5), NULLABLE_SINCE(5)),
	KAFKA_FIELD(M, assignment, BYTES),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message sync_group_response = {
	.name = "SyncGroupResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_SYNC_GROUP};
