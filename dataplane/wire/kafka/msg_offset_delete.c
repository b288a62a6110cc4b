/* msg_offset_delete.c - the field tables of OffsetDelete. */
#include "dataplane/wire/kafka/msg_offset_delete.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct offset_delete_request_partition
static const struct kafka_field asked_rows[] = {
	KAFKA_FIELD(M, partition_index, INT32),
};
static const struct kafka_struct asked = KAFKA_STRUCT(M, asked_rows);
#undef M

#define M struct offset_delete_request_topic
static const struct kafka_field about_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &asked),
};
static const struct kafka_struct about = KAFKA_STRUCT(M, about_rows);
#undef M

#define M struct offset_delete_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, group_id, STRING),
	KAFKA_FIELD(M, topics, ARRAY, .of = &about),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message offset_delete_request = {
	.name = "OffsetDeleteRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_OFFSET_DELETE};

#define M struct offset_delete_partition
static const struct kafka_field partition_rows[] = {
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, error_code, INT16),
};
static const struct kafka_struct partition = KAFKA_STRUCT(M, partition_rows);
#undef M

#define M struct offset_delete_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &partition),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct offset_delete_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, topics, ARRAY, .of = &topic),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message offset_delete_response = {
	.name = "OffsetDeleteResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_OFFSET_DELETE};
