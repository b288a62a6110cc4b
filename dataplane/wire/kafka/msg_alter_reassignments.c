/* msg_alter_reassignments.c - the field tables of AlterPartitionReassignments. */
#include "dataplane/wire/kafka/msg_alter_reassignments.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct alter_reassignments_request_partition
static const struct kafka_field request_partition_rows[] = {
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, replicas, ARRAY, NULLABLE_SINCE(0), .of = &kafka_int32_item),
};
static const struct kafka_struct request_partition = KAFKA_STRUCT(M, request_partition_rows);
#undef M

#define M struct alter_reassignments_request_topic
static const struct kafka_field request_topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &request_partition),
};
static const struct kafka_struct request_topic = KAFKA_STRUCT(M, request_topic_rows);
#undef M

#define M struct alter_reassignments_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, timeout_ms, INT32),
	KAFKA_FIELD(M, allow_replication_factor_change, BOOL, SINCE(1), .absent = true),
	KAFKA_FIELD(M, topics, ARRAY, .of = &request_topic),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message alter_reassignments_request = {
	.name = "AlterPartitionReassignmentsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_ALTER_PARTITION_REASSIGNMENTS};

#define M struct alter_reassignments_partition
static const struct kafka_field partition_rows[] = {
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, error_message, STRING, NULLABLE_SINCE(0)),
};
static const struct kafka_struct partition = KAFKA_STRUCT(M, partition_rows);
#undef M

#define M struct alter_reassignments_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &partition),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct alter_reassignments_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, allow_replication_factor_change, BOOL, SINCE(1), .absent = true),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, error_message, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, responses, ARRAY, .of = &topic),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message alter_reassignments_response = {
	.name = "AlterPartitionReassignmentsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_ALTER_PARTITION_REASSIGNMENTS};
