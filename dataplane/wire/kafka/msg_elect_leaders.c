/* msg_elect_leaders.c - the field tables of ElectLeaders. */
#include "dataplane/wire/kafka/msg_elect_leaders.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct elect_leaders_request_topic
static const struct kafka_field request_topic_rows[] = {
	KAFKA_FIELD(M, topic, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &kafka_int32_item),
};
static const struct kafka_struct request_topic = KAFKA_STRUCT(M, request_topic_rows);
#undef M

#define M struct elect_leaders_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, election_type, INT8, SINCE(1)),
	KAFKA_FIELD(M, topic_partitions, ARRAY, NULLABLE_SINCE(0), .of = &request_topic),
	KAFKA_FIELD(M, timeout_ms, INT32),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message elect_leaders_request = {
	.name = "ElectLeadersRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_ELECT_LEADERS};

#define M struct elect_leaders_partition
static const struct kafka_field partition_rows[] = {
	KAFKA_FIELD(M, partition_id, INT32),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, error_message, STRING, NULLABLE_SINCE(0)),
};
static const struct kafka_struct partition = KAFKA_STRUCT(M, partition_rows);
#undef M

#define M struct elect_leaders_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, topic, STRING),
	KAFKA_FIELD(M, partition_result, ARRAY, .of = &partition),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct elect_leaders_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, error_code, INT16, SINCE(1)),
	KAFKA_FIELD(M, replica_election_results, ARRAY, .of = &topic),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message elect_leaders_response = {
	.name = "ElectLeadersResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_ELECT_LEADERS};
