/* msg_init_producer_id.c - the field tables of InitProducerId. */
#include "dataplane/wire/kafka/msg_init_producer_id.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct init_producer_id_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, transactional_id, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, transaction_timeout_ms, INT32),
	KAFKA_FIELD(M, producer_id, INT64, SINCE(3), .absent = NO_PRODUCER_ID),
	KAFKA_FIELD(M, producer_epoch, INT16, SINCE(3), .absent = NO_PRODUCER_EPOCH),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message init_producer_id_request = {
	.name = "InitProducerIdRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_INIT_PRODUCER_ID};

#define M struct init_producer_id_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, producer_id, INT64),
	KAFKA_FIELD(M, producer_epoch, INT16),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message init_producer_id_response = {
	.name = "InitProducerIdResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_INIT_PRODUCER_ID};
