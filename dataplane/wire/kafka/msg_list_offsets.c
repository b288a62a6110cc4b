/* msg_list_offsets.c - the field tables of ListOffsets. */
#include "dataplane/wire/kafka/msg_list_offsets.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct list_offsets_request_partition
static const struct kafka_field request_partition_rows[] = {
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, current_leader_epoch, INT32, SINCE(4), .absent = -1),
	KAFKA_FIELD(M, timestamp, INT64),
};
static const struct kafka_struct request_partition = KAFKA_STRUCT(M, request_partition_rows);
#undef M

#define M struct list_offsets_request_topic
static const struct kafka_field request_topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &request_partition),
};
static const struct kafka_struct request_topic = KAFKA_STRUCT(M, request_topic_rows);
#undef M

/* A broker that follows names itself here; clients say -1. */
#define M struct list_offsets_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, replica_id, INT32),
	KAFKA_FIELD(M, isolation_level, INT8, SINCE(2)),
	KAFKA_FIELD(M, topics, ARRAY, .of = &request_topic),
	KAFKA_FIELD(M, timeout_ms, INT32, SINCE(10)),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message list_offsets_request = {
	.name = "ListOffsetsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_LIST_OFFSETS};

#define M struct list_offsets_partition
static const struct kafka_field partition_rows[] = {
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, timestamp, INT64),
	KAFKA_FIELD(M, offset, INT64),
	KAFKA_FIELD(M, leader_epoch, INT32, SINCE(4), .absent = -1),
};
static const struct kafka_struct partition = KAFKA_STRUCT(M, partition_rows);
#undef M

#define M struct list_offsets_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &partition),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct list_offsets_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32, SINCE(2)),
	KAFKA_FIELD(M, topics, ARRAY, .of = &topic),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message list_offsets_response = {
	.name = "ListOffsetsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_LIST_OFFSETS};
