/* kafka_create_partitions.c - CreatePartitions: topics and how many partitions each shall have in,
 * what became of it out; see kafka_change.h. */
#include "control/kafka/kafka_change.h"
#include "control/kafka/kafka_handlers.h"

#include "dataplane/wire/kafka/msg_create_partitions.h"

static const struct create_partitions_topic *topic_at(const void *request, uint32_t i)
{
	const struct create_partitions_request *q = request;
	return &q->topics.items[i];
}

static int32_t count(const void *request)
{
	return ((const struct create_partitions_request *)request)->topics.count;
}

static int32_t timeout_ms(const void *request)
{
	return ((const struct create_partitions_request *)request)->timeout_ms;
}

static struct kafka_change_key key(const void *request, uint32_t i)
{
	return (struct kafka_change_key){.name = topic_at(request, i)->name};
}

/* Who holds the new ones, if the request says so: they are asked for all together, with the only
 * broker. That there are new ones the registry finds out. */
static bool assignments_are_good(struct kafka_change *c, uint32_t i,
				 const struct create_partitions_topic *t)
{
	const struct registry *registry = c->changes->registry;
	const struct registry_topic *topic = registry_find(registry, t->name);
	int32_t node = registry_node_id(registry);
	int64_t more = topic ? (int64_t)t->count - topic->topic.partitions : 0;
	if (t->assignments.count < 0 || more <= 0)
		return true;
	if (t->assignments.count != more)
		return kafka_change_refuse(c, i, KAFKA_ERROR_INVALID_REPLICA_ASSIGNMENT,
					   "%ld partitions are to be added, and %d are assigned",
					   more, t->assignments.count);
	for (int32_t a = 0; a < t->assignments.count; a++) {
		const struct create_partitions_assignment *at = &t->assignments.items[a];
		if (at->broker_ids.count != 1 || at->broker_ids.items[0] != node)
			return kafka_change_refuse(c, i, KAFKA_ERROR_INVALID_REPLICA_ASSIGNMENT,
						   "replicas must be [%d], the only broker", node);
	}
	return true;
}

/* A number below one the registry takes for "as many as there are": it is said as none. */
static bool ask(struct kafka_change *c, uint32_t i)
{
	const struct create_partitions_request *q = c->request;
	const struct create_partitions_topic *t = topic_at(q, i);
	char name[TOPIC_NAME_BYTES_MAX + 1];
	if (!kafka_change_name(t->name, name))
		return kafka_change_refuse(c, i, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION,
					   "no topic can have this name");
	if (!assignments_are_good(c, i, t))
		return false;
	struct registry_request request = {.name = name,
					   .partitions = t->count > 0 ? t->count : 0,
					   .validate_only = q->validate_only};
	kafka_change_job(c, i, &request);
	registry_alter_topic(c->changes->registry, &request);
	return true;
}

static enum kafka_outcome answer(struct kafka_request *r, const struct kafka_change *c)
{
	uint32_t answers = kafka_change_answers(c), n = 0;
	struct create_partitions_result *items = kafka_request_take(r, answers, sizeof *items);
	if (!items)
		return KAFKA_CLOSE;
	for (uint32_t i = 0; i < c->count; i++)
		if (!c->items[i].is_repeated)
			items[n++] = (struct create_partitions_result){
				topic_at(c->request, i)->name, kafka_change_error(c, i),
				kafka_change_message(c, i)};
	struct create_partitions_response response = {
		.throttle_time_ms = kafka_change_throttle_ms(c),
		.results = {items, (int32_t)answers}};
	return kafka_request_answer(r, &create_partitions_response, r->header.api_version,
				    &response);
}

enum kafka_outcome kafka_handle_create_partitions(struct kafka_request *r)
{
	static const struct kafka_change_kind kind = {
		.request = &create_partitions_request,
		.request_bytes = sizeof(struct create_partitions_request),
		.throttled_since = 3, .jobs_max = CHANGE_CREATIONS_AT_ONCE,
		.count = count, .timeout_ms = timeout_ms, .key = key, .ask = ask, .answer = answer};
	return kafka_change(r, &kind);
}
