/* msg_describe_log_dirs.c - the field tables of DescribeLogDirs. */
#include "dataplane/wire/kafka/msg_describe_log_dirs.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct describe_log_dirs_request_topic
static const struct kafka_field request_topic_rows[] = {
	KAFKA_FIELD(M, topic, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &kafka_int32_item),
};
static const struct kafka_struct request_topic = KAFKA_STRUCT(M, request_topic_rows);
#undef M

#define M struct describe_log_dirs_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, topics, ARRAY, NULLABLE_SINCE(0), .of = &request_topic),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message describe_log_dirs_request = {
	.name = "DescribeLogDirsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DESCRIBE_LOG_DIRS};

#define M struct describe_log_dirs_partition
static const struct kafka_field partition_rows[] = {
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, partition_size, INT64),
	KAFKA_FIELD(M, offset_lag, INT64),
	KAFKA_FIELD(M, is_future_key, BOOL),
};
static const struct kafka_struct partition = KAFKA_STRUCT(M, partition_rows);
#undef M

#define M struct describe_log_dirs_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &partition),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct describe_log_dirs_result
static const struct kafka_field result_rows[] = {
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, log_dir, STRING),
	KAFKA_FIELD(M, topics, ARRAY, .of = &topic),
	KAFKA_FIELD(M, total_bytes, INT64, SINCE(4), .absent = -1),
	KAFKA_FIELD(M, usable_bytes, INT64, SINCE(4), .absent = -1),
};
static const struct kafka_struct result = KAFKA_STRUCT(M, result_rows);
#undef M

#define M struct describe_log_dirs_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, error_code, INT16, SINCE(3)),
	KAFKA_FIELD(M, results, ARRAY, .of = &result),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message describe_log_dirs_response = {
	.name = "DescribeLogDirsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DESCRIBE_LOG_DIRS};
