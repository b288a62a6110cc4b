/* msg_describe_transactions.c - the field tables of DescribeTransactions. */
#include "dataplane/wire/kafka/msg_describe_transactions.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct describe_transactions_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, transactional_ids, ARRAY, .of = &kafka_string_item),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message describe_transactions_request = {
	.name = "DescribeTransactionsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DESCRIBE_TRANSACTIONS};

#define M struct describe_transactions_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, topic, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &kafka_int32_item),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct describe_transactions_state
static const struct kafka_field state_rows[] = {
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, transactional_id, STRING),
	KAFKA_FIELD(M, transaction_state, STRING),
	KAFKA_FIELD(M, transaction_timeout_ms, INT32),
	KAFKA_FIELD(M, transaction_start_time_ms, INT64),
	KAFKA_FIELD(M, producer_id, INT64),
	KAFKA_FIELD(M, producer_epoch, INT16),
	KAFKA_FIELD(M, topics, ARRAY, .of = &topic),
};
static const struct kafka_struct state = KAFKA_STRUCT(M, state_rows);
#undef M

#define M struct describe_transactions_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, transaction_states, ARRAY, .of = &state),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message describe_transactions_response = {
	.name = "DescribeTransactionsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DESCRIBE_TRANSACTIONS};
