/* kafka_elect_leaders.c - ElectLeaders: every partition has the only leader it can have. */
#include "control/kafka/kafka_handlers.h"

#include "dataplane/wire/kafka/msg_elect_leaders.h"

enum { ELECTION_TYPES = 2 };

static struct elect_leaders_partition elect(const struct registry_topic *topic, int32_t partition)
{
	if (!topic)
		return (struct elect_leaders_partition){
			partition, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION,
			kafka_text("there is no such topic")};
	if (partition < 0 || (uint32_t)partition >= topic->topic.partitions)
		return (struct elect_leaders_partition){
			partition, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION,
			kafka_text("there is no such partition")};
	return (struct elect_leaders_partition){partition, KAFKA_ERROR_ELECTION_NOT_NEEDED,
						kafka_text("it has the only leader there is")};
}

static bool elect_topic(struct kafka_request *r, const struct elect_leaders_request_topic *q,
			struct elect_leaders_topic *out)
{
	const struct registry_topic *topic = registry_find(r->options->registry, q->topic);
	int32_t count = q->partitions.count;
	struct elect_leaders_partition *items =
		kafka_request_take(r, (size_t)count, sizeof *items);
	for (int32_t i = 0; i < count && items; i++)
		items[i] = elect(topic, q->partitions.items[i]);
	out->topic = q->topic;
	out->partition_result.items = items;
	out->partition_result.count = count;
	return items != NULL;
}

/* Who asks for all is told of the partitions that got another leader: of each topic none. */
static bool elect_all(struct kafka_request *r, struct elect_leaders_response *out)
{
	const struct registry *registry = r->options->registry;
	unsigned count = registry_count(registry);
	struct elect_leaders_topic *topics = kafka_request_take(r, count, sizeof *topics);
	for (unsigned i = 0; i < count && topics; i++)
		topics[i].topic = kafka_text(registry_at(registry, i)->topic.name);
	out->replica_election_results.items = topics;
	out->replica_election_results.count = (int32_t)count;
	return topics != NULL;
}

static bool elect_each(struct kafka_request *r, const struct elect_leaders_request *q,
		       struct elect_leaders_response *out)
{
	int32_t count = q->topic_partitions.count;
	struct elect_leaders_topic *topics = kafka_request_take(r, (size_t)count, sizeof *topics);
	bool fits = topics != NULL;
	for (int32_t i = 0; i < count && fits; i++)
		fits = elect_topic(r, &q->topic_partitions.items[i], &topics[i]);
	out->replica_election_results.items = topics;
	out->replica_election_results.count = count;
	return fits;
}

enum kafka_outcome kafka_handle_elect_leaders(struct kafka_request *r)
{
	struct elect_leaders_request q;
	struct elect_leaders_response answer = {0};
	if (!kafka_request_decode(r, &elect_leaders_request, &q))
		return KAFKA_CLOSE;
	if (q.election_type < 0 || q.election_type >= ELECTION_TYPES)
		answer.error_code = KAFKA_ERROR_INVALID_REQUEST;
	else if (!(q.topic_partitions.count < 0 ? elect_all(r, &answer)
						: elect_each(r, &q, &answer)))
		return KAFKA_CLOSE;
	return kafka_request_answer(r, &elect_leaders_response, r->header.api_version, &answer);
}
