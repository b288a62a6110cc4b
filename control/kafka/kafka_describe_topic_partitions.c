/* kafka_describe_topic_partitions.c - DescribeTopicPartitions: a page of topics, in the order of
 * their names, and where the next one begins. */
#include "config/topic_name.h"
#include "control/kafka/kafka_handlers.h"
#include "control/kafka/kafka_parked.h"

#include "dataplane/wire/kafka/authorized_operations.h"
#include "dataplane/wire/kafka/leader_epoch.h"
#include "dataplane/wire/kafka/msg_describe_topic_partitions.h"

#include <stdlib.h>

/* As many as a broker of Kafka's tells at once (max.request.partition.size.limit). */
enum { PAGE_PARTITIONS_MAX = 2000 };

struct page {
	struct kafka_request *request;
	int32_t node_id;
	struct describe_topic_partitions_cursor from; /* an empty name: from the first */
	int32_t left; /* partitions that it has room for */
	bool is_over;
	struct describe_topic_partitions_topic *topics;
	int32_t count;
	struct describe_topic_partitions_cursor next; /* once it is over */
};

static bool is_before(struct bytes a, struct bytes b)
{
	return kafka_name_order(a, b) < 0;
}

/* False: the arena is full. */
static bool tell_partitions(struct page *p, const struct registry_topic *topic, int32_t first,
			    struct describe_topic_partitions_topic *out)
{
	int32_t all = (int32_t)topic->topic.partitions;
	int32_t left = first < all ? all - first : 0;
	int32_t count = left < p->left ? left : p->left;
	struct describe_topic_partitions_partition *items =
		kafka_request_take(p->request, (size_t)count, sizeof *items);
	for (int32_t i = 0; i < count && items; i++) {
		const struct registry *registry = p->request->options->registry;
		bool is_offline = registry_is_offline(registry, topic, (uint32_t)(first + i));
		items[i] = (struct describe_topic_partitions_partition){
			.partition_index = first + i,
			.leader_id = p->node_id,
			.leader_epoch = LEADER_EPOCH,
			.replica_nodes = {&p->node_id, 1},
			.isr_nodes = {&p->node_id, 1},
			.offline_replicas = {&p->node_id, is_offline}};
	}
	out->partitions.items = items;
	out->partitions.count = count;
	p->left -= count;
	p->is_over = count < left;
	if (p->is_over)
		p->next = (struct describe_topic_partitions_cursor){out->name, first + count};
	return items != NULL;
}

static bool tell_topic(struct page *p, struct bytes name, const struct registry_topic *topic)
{
	struct describe_topic_partitions_topic *out = &p->topics[p->count++];
	bool is_from = kafka_name_order(name, p->from.topic_name) == 0;
	out->name = name;
	out->topic_authorized_operations = AUTHORIZED_TOPIC;
	if (!topic) {
		out->error_code = *topic_name_fault(name)
					  ? KAFKA_ERROR_INVALID_TOPIC_EXCEPTION
					  : KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
		out->is_internal = topic_name_is_internal(name);
		return true;
	}
	memcpy(out->topic_id, topic->topic.id, sizeof out->topic_id);
	out->is_internal = topic->topic.is_internal;
	return tell_partitions(p, topic, is_from ? p->from.partition_index : 0, out);
}

/* The next topic in order. A page that is full ends before it. */
static bool add_topic(struct page *p, struct bytes name, const struct registry_topic *topic)
{
	if (p->is_over || is_before(name, p->from.topic_name))
		return true;
	if (p->left > 0)
		return tell_topic(p, name, topic);
	p->is_over = true;
	p->next = (struct describe_topic_partitions_cursor){name, 0};
	return true;
}

static bool add_all(struct page *p)
{
	const struct registry *registry = p->request->options->registry;
	unsigned count = registry_count(registry);
	p->topics = kafka_request_take(p->request, count, sizeof *p->topics);
	bool fits = p->topics != NULL;
	for (unsigned i = 0; i < count && fits; i++) {
		const struct registry_topic *t = registry_at(registry, i);
		struct bytes name = {(const uint8_t *)t->topic.name, t->topic.name_bytes};
		fits = add_topic(p, name, t);
	}
	return fits;
}

static int by_name(const void *left, const void *right)
{
	const struct describe_topic_partitions_name *a = left, *b = right;
	return kafka_name_order(a->name, b->name);
}

/* Each once, however often it is named. */
static bool add_named(struct page *p, struct describe_topic_partitions_request *q)
{
	struct describe_topic_partitions_name *names = q->topics.items;
	int32_t count = q->topics.count;
	p->topics = kafka_request_take(p->request, (size_t)count, sizeof *p->topics);
	bool fits = p->topics != NULL;
	qsort(names, (size_t)count, sizeof *names, by_name);
	for (int32_t i = 0; i < count && fits; i++)
		if (i == 0 || by_name(&names[i - 1], &names[i]) != 0)
			fits = add_topic(p, names[i].name,
					 registry_find(p->request->options->registry,
						       names[i].name));
	return fits;
}

/* A page cannot begin before the first partition. */
static enum kafka_outcome refuse(struct kafka_request *r,
				 const struct describe_topic_partitions_request *q)
{
	int32_t count = q->topics.count;
	struct describe_topic_partitions_topic *topics =
		kafka_request_take(r, (size_t)count, sizeof *topics);
	if (!topics)
		return KAFKA_CLOSE;
	for (int32_t i = 0; i < count; i++) {
		topics[i].name = q->topics.items[i].name;
		topics[i].error_code = KAFKA_ERROR_INVALID_REQUEST;
		topics[i].topic_authorized_operations = AUTHORIZED_UNKNOWN;
	}
	struct describe_topic_partitions_response answer = {.topics = {topics, count},
							    .next_cursor = {NULL, -1}};
	return kafka_request_answer(r, &describe_topic_partitions_response,
				    r->header.api_version, &answer);
}

static int32_t page_partitions(int32_t limit)
{
	if (limit < 1)
		return 1;
	return limit < PAGE_PARTITIONS_MAX ? limit : PAGE_PARTITIONS_MAX;
}

enum kafka_outcome kafka_handle_describe_topic_partitions(struct kafka_request *r)
{
	struct describe_topic_partitions_request q;
	if (!kafka_request_decode(r, &describe_topic_partitions_request, &q))
		return KAFKA_CLOSE;
	struct page p = {.request = r, .node_id = registry_node_id(r->options->registry),
			 .from = {.topic_name = kafka_text("")},
			 .left = page_partitions(q.response_partition_limit)};
	if (q.cursor.count > 0)
		p.from = q.cursor.items[0];
	if (p.from.partition_index < 0)
		return refuse(r, &q);
	if (!(q.topics.count > 0 ? add_named(&p, &q) : add_all(&p)))
		return KAFKA_CLOSE;
	struct describe_topic_partitions_response answer = {
		.topics = {p.topics, p.count}, .next_cursor = {&p.next, p.is_over ? 1 : -1}};
	return kafka_request_answer(r, &describe_topic_partitions_response,
				    r->header.api_version, &answer);
}
