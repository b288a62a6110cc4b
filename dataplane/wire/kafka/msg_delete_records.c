/* msg_delete_records.c - the field tables of DeleteRecords. */
#include "dataplane/wire/kafka/msg_delete_records.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct delete_records_request_partition
static const struct kafka_field request_partition_rows[] = {
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, offset, INT64),
};
static const struct kafka_struct request_partition = KAFKA_STRUCT(M, request_partition_rows);
#undef M

#define M struct delete_records_request_topic
static const struct kafka_field request_topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &request_partition),
};
static const struct kafka_struct request_topic = KAFKA_STRUCT(M, request_topic_rows);
#undef M

#define M struct delete_records_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, topics, ARRAY, .of = &request_topic),
	KAFKA_FIELD(M, timeout_ms, INT32),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message delete_records_request = {
	.name = "DeleteRecordsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DELETE_RECORDS};

#define M struct delete_records_partition
static const struct kafka_field partition_rows[] = {
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, low_watermark, INT64),
	KAFKA_FIELD(M, error_code, INT16),
};
static const struct kafka_struct partition = KAFKA_STRUCT(M, partition_rows);
#undef M

#define M struct delete_records_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &partition),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct delete_records_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, topics, ARRAY, .of = &topic),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message delete_records_response = {
	.name = "DeleteRecordsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DELETE_RECORDS};
