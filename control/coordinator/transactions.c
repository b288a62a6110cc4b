/* transactions.c - ListTransactions and DescribeTransactions, as a cluster answers them in which
 * there are none. */
#include "control/coordinator/coordinator_handlers.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/msg_describe_transactions.h"
#include "dataplane/wire/kafka/msg_list_transactions.h"

/* The states that Kafka knows by these words, letter by letter. */
static bool is_state(struct bytes word)
{
	static const char *const states[] = {
		"Ongoing",	 "PrepareCommit", "PrepareAbort", "CompleteCommit",
		"CompleteAbort", "Empty",	  "Dead",	  "PrepareEpochFence",
	};
	bool is_known = false;
	for (unsigned i = 0; i < array_len(states) && !is_known; i++)
		is_known = word.size == strlen(states[i]) &&
			   memcmp(word.data, states[i], word.size) == 0;
	return is_known;
}

/* A client is told which of its states nobody can be in. */
enum kafka_outcome coordinator_handle_list_transactions(struct kafka_request *r)
{
	struct list_transactions_request q;
	struct list_transactions_response answer = {0};
	if (!kafka_request_decode(r, &list_transactions_request, &q))
		return KAFKA_CLOSE;
	int32_t count = q.state_filters.count;
	struct bytes *unknown = kafka_request_take(r, (size_t)count, sizeof *unknown);
	if (!unknown)
		return KAFKA_CLOSE;
	answer.unknown_state_filters.items = unknown;
	for (int32_t i = 0; i < count; i++)
		if (!is_state(q.state_filters.items[i]))
			unknown[answer.unknown_state_filters.count++] = q.state_filters.items[i];
	return kafka_request_answer(r, &list_transactions_response, r->header.api_version, &answer);
}

enum kafka_outcome coordinator_handle_describe_transactions(struct kafka_request *r)
{
	struct describe_transactions_request q;
	if (!kafka_request_decode(r, &describe_transactions_request, &q))
		return KAFKA_CLOSE;
	int32_t count = q.transactional_ids.count;
	struct describe_transactions_state *states =
		kafka_request_take(r, (size_t)count, sizeof *states);
	if (!states)
		return KAFKA_CLOSE;
	for (int32_t i = 0; i < count; i++) {
		states[i].error_code = KAFKA_ERROR_TRANSACTIONAL_ID_NOT_FOUND;
		states[i].transactional_id = q.transactional_ids.items[i];
	}
	struct describe_transactions_response answer = {.transaction_states = {states, count}};
	return kafka_request_answer(r, &describe_transactions_response, r->header.api_version,
				    &answer);
}
