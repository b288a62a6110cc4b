/* msg_leave_group.c - the field tables of LeaveGroup. */
#include "dataplane/wire/kafka/msg_leave_group.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct leave_group_member
static const struct kafka_field member_rows[] = {
	KAFKA_FIELD(M, member_id, STRING),
	KAFKA_FIELD(M, group_instance_id, STRING, SINCE(3), NULLABLE_SINCE(3)),
	KAFKA_FIELD(M, reason, STRING, SINCE(5), NULLABLE_SINCE(5)),
};
static const struct kafka_struct member = KAFKA_STRUCT(M, member_rows);
#undef M

/* Since version 3 a static member may be taken out by its instance id, by whoever administers
 * the group: hence the list (KIP-345). */
#define M struct leave_group_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, group_id, STRING),
	KAFKA_FIELD(M, member_id, STRING, GONE_SINCE(3)),
	KAFKA_FIELD(M, members, ARRAY, SINCE(3), .of = &member),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message leave_group_request = {
	.name = "LeaveGroupRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_LEAVE_GROUP};

#define M struct leave_group_outcome
static const struct kafka_field outcome_rows[] = {
	KAFKA_FIELD(M, member_id, STRING),
	KAFKA_FIELD(M, group_instance_id, STRING, SINCE(3), NULLABLE_SINCE(3)),
	KAFKA_FIELD(M, error_code, INT16),
};
static const struct kafka_struct outcome = KAFKA_STRUCT(M, outcome_rows);
#undef M

#define M struct leave_group_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32, SINCE(1)),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, members, ARRAY, SINCE(3), .of = &outcome),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message leave_group_response = {
	.name = "LeaveGroupResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_LEAVE_GROUP};
