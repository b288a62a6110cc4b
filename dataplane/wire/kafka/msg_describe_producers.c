/* msg_describe_producers.c - the field tables of DescribeProducers. */
#include "dataplane/wire/kafka/msg_describe_producers.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct describe_producers_request_topic
static const struct kafka_field request_topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partition_indexes, ARRAY, .of = &kafka_int32_item),
};
static const struct kafka_struct request_topic = KAFKA_STRUCT(M, request_topic_rows);
#undef M

#define M struct describe_producers_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, topics, ARRAY, .of = &request_topic),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message describe_producers_request = {
	.name = "DescribeProducersRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DESCRIBE_PRODUCERS};

#define M struct describe_producers_producer
static const struct kafka_field producer_rows[] = {
	KAFKA_FIELD(M, producer_id, INT64),
	KAFKA_FIELD(M, producer_epoch, INT32),
	KAFKA_FIELD(M, last_sequence, INT32),
	KAFKA_FIELD(M, last_timestamp, INT64),
	KAFKA_FIELD(M, coordinator_epoch, INT32),
	KAFKA_FIELD(M, current_txn_start_offset, INT64),
};
static const struct kafka_struct producer = KAFKA_STRUCT(M, producer_rows);
#undef M

#define M struct describe_producers_partition
static const struct kafka_field partition_rows[] = {
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, error_message, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, active_producers, ARRAY, .of = &producer),
};
static const struct kafka_struct partition = KAFKA_STRUCT(M, partition_rows);
#undef M

#define M struct describe_producers_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &partition),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct describe_producers_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, topics, ARRAY, .of = &topic),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message describe_producers_response = {
	.name = "DescribeProducersResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DESCRIBE_PRODUCERS};
