/* msg_list_transactions.h - ListTransactions, versions 0 to 2: the transactions there are, of the
 * states and producers that are asked for (KIP-664), older than a time (KIP-994), whose ids match a
 * pattern (KIP-1152).
 */
#ifndef PENSTOCK_MSG_LIST_TRANSACTIONS_H
#define PENSTOCK_MSG_LIST_TRANSACTIONS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct list_transactions_request {
	kafka_array(struct bytes) state_filters;
	kafka_array(int64_t) producer_id_filters;
	int64_t duration_filter;               /* since 1; -1: of any */
	struct bytes transactional_id_pattern; /* since 2; null: any */
};

struct list_transactions_state {
	struct bytes transactional_id;
	int64_t producer_id;
	struct bytes transaction_state;
};

struct list_transactions_response {
	int32_t throttle_time_ms;
	int16_t error_code;
	kafka_array(struct bytes) unknown_state_filters;
	kafka_array(struct list_transactions_state) transaction_states;
};

extern const struct kafka_message list_transactions_request;
extern const struct kafka_message list_transactions_response;

#endif
