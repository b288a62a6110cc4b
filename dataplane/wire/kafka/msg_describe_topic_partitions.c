/* msg_describe_topic_partitions.c - the field tables of DescribeTopicPartitions. */
#include "dataplane/wire/kafka/msg_describe_topic_partitions.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct describe_topic_partitions_name
static const struct kafka_field name_rows[] = {
	KAFKA_FIELD(M, name, STRING),
};
static const struct kafka_struct name = KAFKA_STRUCT(M, name_rows);
#undef M

#define M struct describe_topic_partitions_cursor
static const struct kafka_field place_rows[] = {
	KAFKA_FIELD(M, topic_name, STRING),
	KAFKA_FIELD(M, partition_index, INT32),
};
static const struct kafka_struct place = KAFKA_STRUCT(M, place_rows);
#undef M

#define M struct describe_topic_partitions_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, topics, ARRAY, .of = &name),
	KAFKA_FIELD(M, response_partition_limit, INT32),
	KAFKA_FIELD(M, cursor, OPTIONAL, NULLABLE_SINCE(0), .of = &place),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message describe_topic_partitions_request = {
	.name = "DescribeTopicPartitionsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DESCRIBE_TOPIC_PARTITIONS};

#define M struct describe_topic_partitions_partition
static const struct kafka_field partition_rows[] = {
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, leader_id, INT32),
	KAFKA_FIELD(M, leader_epoch, INT32),
	KAFKA_FIELD(M, replica_nodes, ARRAY, .of = &kafka_int32_item),
	KAFKA_FIELD(M, isr_nodes, ARRAY, .of = &kafka_int32_item),
	KAFKA_FIELD(M, eligible_leader_replicas, ARRAY, NULLABLE_SINCE(0), .of = &kafka_int32_item),
	KAFKA_FIELD(M, last_known_elr, ARRAY, NULLABLE_SINCE(0), .of = &kafka_int32_item),
	KAFKA_FIELD(M, offline_replicas, ARRAY, .of = &kafka_int32_item),
};
static const struct kafka_struct partition = KAFKA_STRUCT(M, partition_rows);
#undef M

#define M struct describe_topic_partitions_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, name, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, topic_id, UUID),
	KAFKA_FIELD(M, is_internal, BOOL),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &partition),
	KAFKA_FIELD(M, topic_authorized_operations, INT32),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct describe_topic_partitions_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, topics, ARRAY, .of = &topic),
	KAFKA_FIELD(M, next_cursor, OPTIONAL, NULLABLE_SINCE(0), .of = &place),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message describe_topic_partitions_response = {
	.name = "DescribeTopicPartitionsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DESCRIBE_TOPIC_PARTITIONS};
