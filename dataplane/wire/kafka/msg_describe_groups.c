/* msg_describe_groups.c - the field tables of DescribeGroups. */
#include "dataplane/wire/kafka/msg_describe_groups.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct describe_groups_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, groups, ARRAY, .of = &kafka_string_item),
	KAFKA_FIELD(M, include_authorized_operations, BOOL, SINCE(3)),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message describe_groups_request = {
	.name = "DescribeGroupsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DESCRIBE_GROUPS};

#define M struct describe_groups_member
static const struct kafka_field member_rows[] = {
	KAFKA_FIELD(M, member_id, STRING),
	KAFKA_FIELD(M, group_instance_id, STRING, SINCE(4), NULLABLE_SINCE(4)),
	KAFKA_FIELD(M, client_id, STRING),
	KAFKA_FIELD(M, client_host, STRING),
	KAFKA_FIELD(M, member_metadata, BYTES),
	KAFKA_FIELD(M, member_assignment, BYTES),
};
static const struct kafka_struct member = KAFKA_STRUCT(M, member_rows);
#undef M

#define M struct describe_groups_group
static const struct kafka_field group_rows[] = {
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, error_message, STRING, SINCE(6), NULLABLE_SINCE(6)),
	KAFKA_FIELD(M, group_id, STRING),
	KAFKA_FIELD(M, group_state, STRING),
	KAFKA_FIELD(M, protocol_type, STRING),
	KAFKA_FIELD(M, protocol_data, STRING),
	KAFKA_FIELD(M, members, ARRAY, .of = &member),
	KAFKA_FIELD(M, authorized_operations, INT32, SINCE(3),
		    .absent = AUTHORIZED_UNKNOWN),
};
static const struct kafka_struct group = KAFKA_STRUCT(M, group_rows);
#undef M

#define M struct describe_groups_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32, SINCE(1)),
	KAFKA_FIELD(M, groups, ARRAY, .of = &group),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message describe_groups_response = {
	.name = "DescribeGroupsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DESCRIBE_GROUPS};
