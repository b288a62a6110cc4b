/* msg_create_partitions.c - the field tables of CreatePartitions. */
#include "dataplane/wire/kafka/msg_create_partitions.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct create_partitions_assignment
static const struct kafka_field assignment_rows[] = {
	KAFKA_FIELD(M, broker_ids, ARRAY, .of = &kafka_int32_item),
};
static const struct kafka_struct assignment = KAFKA_STRUCT(M, assignment_rows);
#undef M

#define M struct create_partitions_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, count, INT32),
	KAFKA_FIELD(M, assignments, ARRAY, NULLABLE_SINCE(0), .of = &assignment),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct create_partitions_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, topics, ARRAY, .of = &topic),
	KAFKA_FIELD(M, timeout_ms, INT32),
	KAFKA_FIELD(M, validate_only, BOOL),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message create_partitions_request = {
	.name = "CreatePartitionsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_CREATE_PARTITIONS};

#define M struct create_partitions_result
static const struct kafka_field result_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, error_message, STRING, NULLABLE_SINCE(0)),
};
static const struct kafka_struct result = KAFKA_STRUCT(M, result_rows);
#undef M

#define M struct create_partitions_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, results, ARRAY, .of = &result),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message create_partitions_response = {
	.name = "CreatePartitionsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_CREATE_PARTITIONS};
