/* msg_leader_epochs.c - the field tables of OffsetForLeaderEpoch. */
#include "dataplane/wire/kafka/msg_leader_epochs.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct leader_epochs_request_partition
static const struct kafka_field request_partition_rows[] = {
	KAFKA_FIELD(M, partition, INT32),
	KAFKA_FIELD(M, current_leader_epoch, INT32),
	KAFKA_FIELD(M, leader_epoch, INT32),
};
static const struct kafka_struct request_partition = KAFKA_STRUCT(M, request_partition_rows);
#undef M

#define M struct leader_epochs_request_topic
static const struct kafka_field request_topic_rows[] = {
	KAFKA_FIELD(M, topic, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &request_partition),
};
static const struct kafka_struct request_topic = KAFKA_STRUCT(M, request_topic_rows);
#undef M

#define M struct leader_epochs_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, replica_id, INT32, SINCE(3), .absent = -2),
	KAFKA_FIELD(M, topics, ARRAY, .of = &request_topic),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message leader_epochs_request = {
	.name = "OffsetForLeaderEpochRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_OFFSET_FOR_LEADER_EPOCH};

#define M struct leader_epochs_partition
static const struct kafka_field partition_rows[] = {
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, partition, INT32),
	KAFKA_FIELD(M, leader_epoch, INT32),
	KAFKA_FIELD(M, end_offset, INT64),
};
static const struct kafka_struct partition = KAFKA_STRUCT(M, partition_rows);
#undef M

#define M struct leader_epochs_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, topic, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &partition),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct leader_epochs_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, topics, ARRAY, .of = &topic),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message leader_epochs_response = {
	.name = "OffsetForLeaderEpochResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_OFFSET_FOR_LEADER_EPOCH};
