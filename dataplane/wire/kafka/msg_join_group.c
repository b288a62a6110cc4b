/* msg_join_group.c - the field tables of JoinGroup. */
#include "dataplane/wire/kafka/msg_join_group.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct join_group_protocol
static const struct kafka_field protocol_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, metadata, BYTES),
};
static const struct kafka_struct protocol = KAFKA_STRUCT(M, protocol_rows);
#undef M

#define M struct join_group_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, group_id, STRING),
	KAFKA_FIELD(M, session_timeout_ms, INT32),
	KAFKA_FIELD(M, rebalance_timeout_ms, INT32, SINCE(1), .absent = -1),
	KAFKA_FIELD(M, member_id, STRING),
	KAFKA_FIELD(M, group_instance_id, STRING, SINCE(5), NULLABLE_SINCE(5)),
	KAFKA_FIELD(M, protocol_type, STRING),
	KAFKA_FIELD(M, protocols, ARRAY, .of = &protocol),
	KAFKA_FIELD(M, reason, STRING, SINCE(8), NULLABLE_SINCE(8)),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message join_group_request = {
	.name = "JoinGroupRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_JOIN_GROUP};

#define M struct join_group_member
static const struct kafka_field member_rows[] = {
	KAFKA_FIELD(M, member_id, STRING),
	KAFKA_FIELD(M, group_instance_id, STRING, SINCE(5), NULLABLE_SINCE(5)),
	KAFKA_FIELD(M, metadata, BYTES),
};
static const struct kafka_struct member = KAFKA_STRUCT(M, member_rows);
#undef M

/* The name of a protocol that is none is null since version 7; before, the encoder writes it as
 * empty. */
#define M struct join_group_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32, SINCE(2)),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, generation_id, INT32),
	KAFKA_FIELD(M, protocol_type, STRING, SINCE(7), NULLABLE_SINCE(7)),
	KAFKA_FIELD(M, protocol_name, STRING, NULLABLE_SINCE(7)),
	KAFKA_FIELD(M, leader, STRING),
	KAFKA_FIELD(M, skip_assignment, BOOL, SINCE(9)),
	KAFKA_FIELD(M, member_id, STRING),
	KAFKA_FIELD(M, members, ARRAY, .of = &member),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message join_group_response = {
	.name = "JoinGroupResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_JOIN_GROUP};
