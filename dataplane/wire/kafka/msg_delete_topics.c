/* msg_delete_topics.c - the field tables of DeleteTopics. */
#include "dataplane/wire/kafka/msg_delete_topics.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct delete_topics_request_topic
static const struct kafka_field request_topic_rows[] = {
	KAFKA_FIELD(M, name, STRING, NULLABLE_SINCE(6)),
	KAFKA_FIELD(M, topic_id, UUID),
};
static const struct kafka_struct request_topic = KAFKA_STRUCT(M, request_topic_rows);
#undef M

#define M struct delete_topics_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, topics, ARRAY, SINCE(6), .of = &request_topic),
	KAFKA_FIELD(M, topic_names, ARRAY, GONE_SINCE(6), .of = &kafka_string_item),
	KAFKA_FIELD(M, timeout_ms, INT32),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message delete_topics_request = {
	.name = "DeleteTopicsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DELETE_TOPICS};

#define M struct delete_topics_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, name, STRING, NULLABLE_SINCE(6)),
	KAFKA_FIELD(M, topic_id, UUID, SINCE(6)),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, error_message, STRING, SINCE(5), NULLABLE_SINCE(5)),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct delete_topics_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, responses, ARRAY, .of = &topic),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message delete_topics_response = {
	.name = "DeleteTopicsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DELETE_TOPICS};
