/* msg_list_transactions.c - the field tables of ListTransactions. */
#include "dataplane/wire/kafka/msg_list_transactions.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct list_transactions_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, state_filters, ARRAY, .of = &kafka_string_item),
	KAFKA_FIELD(M, producer_id_filters, ARRAY, .of = &kafka_int64_item),
	KAFKA_FIELD(M, duration_filter, INT64, SINCE(1), .absent = -1),
	KAFKA_FIELD(M, transactional_id_pattern, STRING, SINCE(2), NULLABLE_SINCE(2)),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message list_transactions_request = {
	.name = "ListTransactionsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_LIST_TRANSACTIONS};

#define M struct list_transactions_state
static const struct kafka_field state_rows[] = {
	KAFKA_FIELD(M, transactional_id, STRING),
	KAFKA_FIELD(M, producer_id, INT64),
	KAFKA_FIELD(M, transaction_state, STRING),
};
static const struct kafka_struct state = KAFKA_STRUCT(M, state_rows);
#undef M

#define M struct list_transactions_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, unknown_state_filters, ARRAY, .of = &kafka_string_item),
	KAFKA_FIELD(M, transaction_states, ARRAY, .of = &state),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message list_transactions_response = {
	.name = "ListTransactionsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_LIST_TRANSACTIONS};
