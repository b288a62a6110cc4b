/* kafka_leader_epochs.c - OffsetForLeaderEpoch: where the records of a leader's time end. There has
 * been one leader, whose time is not over: with the log's end. */
#include "control/kafka/kafka_handlers.h"

#include "dataplane/wire/kafka/leader_epoch.h"
#include "dataplane/wire/kafka/msg_leader_epochs.h"

static int16_t find(const struct kafka_request *r, const struct registry_topic *topic,
		    const struct leader_epochs_request_partition *q,
		    struct leader_epochs_partition *out)
{
	const struct registry *registry = r->options->registry;
	uint32_t partition = (uint32_t)q->partition;
	struct log_marks marks;
	if (!topic || q->partition < 0 || partition >= topic->topic.partitions)
		return KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
	if (registry_is_offline(registry, topic, partition))
		return KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	int16_t error = leader_epoch_check(q->current_leader_epoch);
	if (error)
		return error;
	registry_marks(registry, topic, partition, &marks);
	if (q->leader_epoch == LEADER_EPOCH) {
		out->leader_epoch = LEADER_EPOCH;
		out->end_offset = marks.log_end_offset;
	} else if (q->leader_epoch < LEADER_EPOCH_UNKNOWN) {
		/* As Kafka says of an epoch from before the first: it ended where that began. */
		out->leader_epoch = q->leader_epoch;
		out->end_offset = marks.log_start_offset;
	}
	return KAFKA_ERROR_NONE;
}

static bool find_topic(struct kafka_request *r, const struct leader_epochs_request_topic *q,
		       struct leader_epochs_topic *out)
{
	const struct registry_topic *topic = registry_find(r->options->registry, q->topic);
	int32_t count = q->partitions.count;
	struct leader_epochs_partition *items =
		kafka_request_take(r, (size_t)count, sizeof *items);
	for (int32_t i = 0; i < count && items; i++) {
		const struct leader_epochs_request_partition *asked = &q->partitions.items[i];
		items[i] = (struct leader_epochs_partition){.partition = asked->partition,
							    .leader_epoch = LEADER_EPOCH_UNKNOWN,
							    .end_offset = -1};
		items[i].error_code = find(r, topic, asked, &items[i]);
	}
	out->topic = q->topic;
	out->partitions.items = items;
	out->partitions.count = count;
	return items != NULL;
}

enum kafka_outcome kafka_handle_leader_epochs(struct kafka_request *r)
{
	struct leader_epochs_request q;
	if (!kafka_request_decode(r, &leader_epochs_request, &q))
		return KAFKA_CLOSE;
	int32_t count = q.topics.count;
	struct leader_epochs_topic *topics = kafka_request_take(r, (size_t)count, sizeof *topics);
	bool fits = topics != NULL;
	for (int32_t i = 0; i < count && fits; i++)
		fits = find_topic(r, &q.topics.items[i], &topics[i]);
	if (!fits)
		return KAFKA_CLOSE;
	struct leader_epochs_response answer = {.topics = {topics, count}};
	return kafka_request_answer(r, &leader_epochs_response, r->header.api_version, &answer);
}
