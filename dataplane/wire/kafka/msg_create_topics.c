/* msg_create_topics.c - the field tables of CreateTopics. */
#include "dataplane/wire/kafka/msg_create_topics.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct create_topics_assignment
static const struct kafka_field assignment_rows[] = {
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, broker_ids, ARRAY, .of = &kafka_int32_item),
};
static const struct kafka_struct assignment = KAFKA_STRUCT(M, assignment_rows);
#undef M

#define M struct create_topics_config
static const struct kafka_field config_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, value, STRING, NULLABLE_SINCE(0)),
};
static const struct kafka_struct config = KAFKA_STRUCT(M, config_rows);
#undef M

#define M struct create_topics_request_topic
static const struct kafka_field request_topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, num_partitions, INT32),
	KAFKA_FIELD(M, replication_factor, INT16),
	KAFKA_FIELD(M, assignments, ARRAY, .of = &assignment),
	KAFKA_FIELD(M, configs, ARRAY, .of = &config),
};
static const struct kafka_struct request_topic = KAFKA_STRUCT(M, request_topic_rows);
#undef M

#define M struct create_topics_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, topics, ARRAY, .of = &request_topic),
	KAFKA_FIELD(M, timeout_ms, INT32),
	KAFKA_FIELD(M, validate_only, BOOL),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message create_topics_request = {
	.name = "CreateTopicsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_CREATE_TOPICS};

#define M struct create_topics_setting
static const struct kafka_field setting_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, value, STRING, NULLABLE_SINCE(5)),
	KAFKA_FIELD(M, read_only, BOOL),
	KAFKA_FIELD(M, config_source, INT8),
	KAFKA_FIELD(M, is_sensitive, BOOL),
};
static const struct kafka_struct setting = KAFKA_STRUCT(M, setting_rows);
#undef M

#define M struct create_topics_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, topic_id, UUID, SINCE(7)),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, error_message, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, topic_config_error_code, INT16, SINCE(5), TAGGED(0)),
	KAFKA_FIELD(M, num_partitions, INT32, SINCE(5), .absent = -1),
	KAFKA_FIELD(M, replication_factor, INT16, SINCE(5), .absent = -1),
	KAFKA_FIELD(M, configs, ARRAY, SINCE(5), NULLABLE_SINCE(5), .of = &setting),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct create_topics_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, topics, ARRAY, .of = &topic),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message create_topics_response = {
	.name = "CreateTopicsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_CREATE_TOPICS};
