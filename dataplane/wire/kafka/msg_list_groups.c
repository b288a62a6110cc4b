/* msg_list_groups.c - the field tables of ListGroups. */
#include "dataplane/wire/kafka/msg_list_groups.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct list_groups_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, states_filter, ARRAY, SINCE(4), .of = &kafka_string_item),
	KAFKA_FIELD(M, types_filter, ARRAY, SINCE(5), .of = &kafka_string_item),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message list_groups_request = {
	.name = "ListGroupsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_LIST_GROUPS};

#define M struct list_groups_group
static const struct kafka_field group_rows[] = {
	KAFKA_FIELD(M, group_id, STRING),
	KAFKA_FIELD(M, protocol_type, STRING),
	KAFKA_FIELD(M, group_state, STRING, SINCE(4)),
	KAFKA_FIELD(M, group_type, STRING, SINCE(5)),
};
static const struct kafka_struct group = KAFKA_STRUCT(M, group_rows);
#undef M

#define M struct list_groups_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32, SINCE(1)),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, groups, ARRAY, .of = &group),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message list_groups_response = {
	.name = "ListGroupsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_LIST_GROUPS};
