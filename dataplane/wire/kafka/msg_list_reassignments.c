/* msg_list_reassignments.c - the field tables of ListPartitionReassignments. */
#include "dataplane/wire/kafka/msg_list_reassignments.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct list_reassignments_request_topic
static const struct kafka_field request_topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partition_indexes, ARRAY, .of = &kafka_int32_item),
};
static const struct kafka_struct request_topic = KAFKA_STRUCT(M, request_topic_rows);
#undef M

#define M struct list_reassignments_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, timeout_ms, INT32),
	KAFKA_FIELD(M, topics, ARRAY, NULLABLE_SINCE(0), .of = &request_topic),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message list_reassignments_request = {
	.name = "ListPartitionReassignmentsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_LIST_PARTITION_REASSIGNMENTS};

#define M struct list_reassignments_partition
static const struct kafka_field partition_rows[] = {
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, replicas, ARRAY, .of = &kafka_int32_item),
	KAFKA_FIELD(M, adding_replicas, ARRAY, .of = &kafka_int32_item),
	KAFKA_FIELD(M, removing_replicas, ARRAY, .of = &kafka_int32_item),
};
static const struct kafka_struct partition = KAFKA_STRUCT(M, partition_rows);
#undef M

#define M struct list_reassignments_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &partition),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct list_reassignments_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, error_message, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, topics, ARRAY, .of = &topic),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message list_reassignments_response = {
	.name = "ListPartitionReassignmentsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_LIST_PARTITION_REASSIGNMENTS};
