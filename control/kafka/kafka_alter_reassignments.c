/* kafka_alter_reassignments.c - AlterPartitionReassignments: partitions stay where they are, with
 * the only broker, and whoever asks for that has it. */
#include "control/kafka/kafka_handlers.h"

#include "dataplane/wire/kafka/msg_alter_reassignments.h"

static int16_t reassign(const struct kafka_request *r, const struct registry_topic *topic,
			const struct alter_reassignments_request_partition *q, const char **why)
{
	int32_t p = q->partition_index;
	if (!topic || p < 0 || (uint32_t)p >= topic->topic.partitions) {
		*why = "there is no such partition";
		return KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
	}
	if (q->replicas.count < 0) {
		*why = "it is not being moved";
		return KAFKA_ERROR_NO_REASSIGNMENT_IN_PROGRESS;
	}
	if (q->replicas.count != 1 ||
	    q->replicas.items[0] != registry_node_id(r->options->registry)) {
		*why = "it can be with the only broker, and nowhere else";
		return KAFKA_ERROR_INVALID_REPLICA_ASSIGNMENT;
	}
	return KAFKA_ERROR_NONE;
}

static bool reassign_topic(struct kafka_request *r,
			   const struct alter_reassignments_request_topic *q,
			   struct alter_reassignments_topic *out)
{
	const struct registry_topic *topic = registry_find(r->options->registry, q->name);
	int32_t count = q->partitions.count;
	struct alter_reassignments_partition *items =
		kafka_request_take(r, (size_t)count, sizeof *items);
	for (int32_t i = 0; i < count && items; i++) {
		const char *why = NULL;
		items[i].partition_index = q->partitions.items[i].partition_index;
		items[i].error_code = reassign(r, topic, &q->partitions.items[i], &why);
		if (why)
			items[i].error_message = kafka_text(why);
	}
	out->name = q->name;
	out->partitions.items = items;
	out->partitions.count = count;
	return items != NULL;
}

enum kafka_outcome kafka_handle_alter_reassignments(struct kafka_request *r)
{
	struct alter_reassignments_request q;
	if (!kafka_request_decode(r, &alter_reassignments_request, &q))
		return KAFKA_CLOSE;
	int32_t count = q.topics.count;
	struct alter_reassignments_topic *topics =
		kafka_request_take(r, (size_t)count, sizeof *topics);
	bool fits = topics != NULL;
	for (int32_t i = 0; i < count && fits; i++)
		fits = reassign_topic(r, &q.topics.items[i], &topics[i]);
	if (!fits)
		return KAFKA_CLOSE;
	struct alter_reassignments_response answer = {
		.allow_replication_factor_change = q.allow_replication_factor_change,
		.responses = {topics, count}};
	return kafka_request_answer(r, &alter_reassignments_response, r->header.api_version,
				    &answer);
}
