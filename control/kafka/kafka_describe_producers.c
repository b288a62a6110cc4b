/* kafka_describe_producers.c - DescribeProducers: partitions in, what their writers know of
 * idempotent producers out. */
#include "config/topic_name.h"
#include "control/kafka/errands.h"
#include "control/kafka/kafka_handlers.h"

#include "dataplane/wire/kafka/msg_describe_producers.h"

/* All that the answer takes from the arena. */
struct answer {
	struct kafka_request *request;
	const struct errand_asked *asked; /* by topic and partition */
	const struct registry_part *parts;
	uint32_t count;
	struct describe_producers_topic *topics;
	struct describe_producers_partition *partitions;
};

static bool list_asked(struct kafka_request *r, const struct describe_producers_request *q,
		       struct errand_asked **ret, uint32_t *count)
{
	size_t total = 0;
	for (int32_t i = 0; i < q->topics.count; i++)
		total += (size_t)q->topics.items[i].partition_indexes.count;
	*ret = kafka_request_take(r, total, sizeof **ret);
	*count = 0;
	for (int32_t i = 0; i < q->topics.count && *ret; i++) {
		const struct describe_producers_request_topic *t = &q->topics.items[i];
		for (int32_t p = 0; p < t->partition_indexes.count; p++, (*count)++)
			(*ret)[*count] = (struct errand_asked){
				t->name, t->partition_indexes.items[p], 0, *count};
	}
	return *ret != NULL;
}

/* Nobody has a transaction: nothing is under way, and no coordinator has written. */
static bool tell_producers(struct answer *a, const struct registry_part *part,
			   struct describe_producers_partition *out)
{
	uint32_t count = part->error ? 0 : part->producer_count;
	struct describe_producers_producer *items =
		kafka_request_take(a->request, count, sizeof *items);
	for (uint32_t i = 0; i < count && items; i++) {
		const struct producer_told *p = &part->producers[i];
		items[i] = (struct describe_producers_producer){
			.producer_id = p->id,
			.producer_epoch = p->epoch,
			.last_sequence = p->last_sequence,
			.last_timestamp = p->timestamp,
			.coordinator_epoch = -1,
			.current_txn_start_offset = -1};
	}
	out->active_producers.items = items;
	out->active_producers.count = (int32_t)count;
	return items != NULL;
}

static int16_t error_of(const struct errand_asked *asked, const struct registry_part *part)
{
	return *topic_name_fault(asked->topic) ? KAFKA_ERROR_INVALID_TOPIC_EXCEPTION
					       : part->error;
}

/* The topic that begins at `from`; returns where the next one does, or nowhere: the arena is
 * full. */
static uint32_t tell_topic(struct answer *a, uint32_t from, struct describe_producers_topic *out)
{
	uint32_t at = from;
	out->name = a->asked[from].topic;
	out->partitions.items = &a->partitions[from];
	for (; at < a->count && kafka_name_order(a->asked[at].topic, out->name) == 0; at++) {
		struct describe_producers_partition *p = &a->partitions[at];
		p->partition_index = a->asked[at].partition;
		p->error_code = error_of(&a->asked[at], &a->parts[at]);
		if (!tell_producers(a, &a->parts[at], p))
			return UINT32_MAX;
		out->partitions.count++;
	}
	return at;
}

static enum kafka_outcome tell(struct answer *a)
{
	struct describe_producers_response response = {0};
	struct kafka_request *r = a->request;
	a->topics = kafka_request_take(r, a->count, sizeof *a->topics);
	a->partitions = kafka_request_take(r, a->count, sizeof *a->partitions);
	if (!a->topics || !a->partitions)
		return KAFKA_CLOSE;
	response.topics.items = a->topics;
	for (uint32_t at = 0; at < a->count;) {
		at = tell_topic(a, at, &a->topics[response.topics.count++]);
		if (at == UINT32_MAX)
			return KAFKA_CLOSE;
	}
	return kafka_request_answer(r, &describe_producers_response, r->header.api_version,
				    &response);
}

enum kafka_outcome kafka_handle_describe_producers(struct kafka_request *r)
{
	struct describe_producers_request q;
	struct errand_asked *asked;
	struct answer a = {.request = r};
	if (!kafka_request_decode(r, &describe_producers_request, &q) ||
	    !list_asked(r, &q, &asked, &a.count))
		return KAFKA_CLOSE;
	a.asked = asked;
	enum kafka_outcome outcome =
		errand_ask(r, REGISTRY_PRODUCERS, asked, &a.count, &a.parts);
	return outcome == KAFKA_ANSWERED ? tell(&a) : outcome;
}
