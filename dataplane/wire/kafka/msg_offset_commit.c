/* msg_offset_commit.c - the field tables of OffsetCommit. */
#include "dataplane/wire/kafka/msg_offset_commit.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct offset_commit_request_partition
static const struct kafka_field asked_rows[] = {
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, committed_offset, INT64),
	KAFKA_FIELD(M, committed_leader_epoch, INT32, SINCE(6), .absent = -1),
	KAFKA_FIELD(M, committed_metadata, STRING, NULLABLE_SINCE(0)),
};
static const struct kafka_struct asked = KAFKA_STRUCT(M, asked_rows);
#undef M

#define M struct offset_commit_request_topic
static const struct kafka_field about_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &asked),
};
static const struct kafka_struct about = KAFKA_STRUCT(M, about_rows);
#undef M

/* Since version 5 only the broker's setting says how long an offset is kept (KIP-211). */
#define M struct offset_commit_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, group_id, STRING),
	KAFKA_FIELD(M, generation_id, INT32),
	KAFKA_FIELD(M, member_id, STRING),
	KAFKA_FIELD(M, group_instance_id, STRING, SINCE(7), NULLABLE_SINCE(7)),
	KAFKA_FIELD(M, retention_time_ms, INT64, SINCE(2), GONE_SINCE(5), .absent = -1),
	KAFKA_FIELD(M, topics, ARRAY, .of = &about),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message offset_commit_request = {
	.name = "OffsetCommitRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_OFFSET_COMMIT};

#define M struct offset_commit_partition
static const struct kafka_field partition_rows[] = {
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, error_code, INT16),
};
static const struct kafka_struct partition = KAFKA_STRUCT(M, partition_rows);
#undef M

#define M struct offset_commit_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &partition),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct offset_commit_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32, SINCE(3)),
	KAFKA_FIELD(M, topics, ARRAY, .of = &topic),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message offset_commit_response = {
	.name = "OffsetCommitResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_OFFSET_COMMIT};
