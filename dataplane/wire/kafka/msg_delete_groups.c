/* msg_delete_groups.c - the field tables of DeleteGroups. */
#include "dataplane/wire/kafka/msg_delete_groups.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct delete_groups_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, groups_names, ARRAY, .of = &kafka_string_item),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message delete_groups_request = {
	.name = "DeleteGroupsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DELETE_GROUPS};

#define M struct delete_groups_result
static const struct kafka_field result_rows[] = {
	KAFKA_FIELD(M, group_id, STRING),
	KAFKA_FIELD(M, error_code, INT16),
};
static const struct kafka_struct result = KAFKA_STRUCT(M, result_rows);
#undef M

#define M struct delete_groups_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, results, ARRAY, .of = &result),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message delete_groups_response = {
	.name = "DeleteGroupsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DELETE_GROUPS};
