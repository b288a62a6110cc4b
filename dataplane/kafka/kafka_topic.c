/* kafka_topic.c - a name or id of a produce request in, the topic of this turn's snapshot out; see
 * kafka_topic.h. */
#include "dataplane/kafka/kafka_topic.h"
#include "dataplane/batch/topics.h"
#include "dataplane/wire/kafka/msg_produce.h"

static bool is_by_id(const struct kafka_session *ks)
{
	return ks->version >= PRODUCE_TOPIC_ID_SINCE;
}

/* The version is kept beside what was found, be it nothing: a topic made meanwhile is found in
 * the next snapshot. */
void kafka_topic_look_up(const struct topics *topics, struct kafka_session *ks,
			 struct bytes name)
{
	ks->produce.topic = is_by_id(ks) ? topics_find_id(topics, name.data)
					 : topics_find(topics, name);
	ks->produce.topics_version = topics->version;
}

/* There is a newer snapshot: the name is in the answer. */
static void topic_look_up_again(const struct topics *topics, struct kafka_session *ks)
{
	const struct kafka_produce *p = &ks->produce;
	uint8_t name[TOPIC_NAME_BYTES_MAX];
	static_assert(sizeof name >= TOPIC_ID_BYTES, "either");
	struct bytes span = {name, p->name_bytes};
	if (p->name_bytes > sizeof name)
		return; /* no topic's, in no snapshot */
	chain_copy_out(&p->answer->bytes, p->name_end - p->name_bytes, name, p->name_bytes);
	kafka_topic_look_up(topics, ks, span);
}

const struct topic *kafka_topic(const struct topics *topics, struct kafka_session *ks)
{
	const struct kafka_produce *p = &ks->produce;
	if (p->topics_version != topics->version)
		topic_look_up_again(topics, ks);
	if (!p->topic || (uint32_t)p->partition >= p->topic->partitions)
		return NULL;
	return p->topic;
}

enum batch_verdict kafka_topic_fault(const struct topics *topics, struct kafka_session *ks)
{
	if (kafka_topic(topics, ks))
		return BATCH_GOOD;
	return is_by_id(ks) && !ks->produce.topic ? BATCH_BAD_TOPIC_ID : BATCH_BAD_TOPIC;
}
