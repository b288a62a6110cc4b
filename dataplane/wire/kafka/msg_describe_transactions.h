/* msg_describe_transactions.h - DescribeTransactions, version 0: transactions by their ids
 * (KIP-664).
 */
#ifndef PENSTOCK_MSG_DESCRIBE_TRANSACTIONS_H
#define PENSTOCK_MSG_DESCRIBE_TRANSACTIONS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct describe_transactions_request {
	kafka_array(struct bytes) transactional_ids;
};

struct describe_transactions_topic {
	struct bytes topic;
	kafka_array(int32_t) partitions;
};

struct describe_transactions_state {
	int16_t error_code;
	struct bytes transactional_id;
	struct bytes transaction_state;
	int32_t transaction_timeout_ms;
	int64_t transaction_start_time_ms;
	int64_t producer_id;
	int16_t producer_epoch;
	kafka_array(struct describe_transactions_topic) topics;
};

struct describe_transactions_response {
	int32_t throttle_time_ms;
	kafka_array(struct describe_transactions_state) transaction_states;
};

extern const struct kafka_message describe_transactions_request;
extern const struct kafka_message describe_transactions_response;

#endif
