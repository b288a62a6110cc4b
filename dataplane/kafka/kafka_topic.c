/* kafka_topic.c - a name of a produce request in, the topic of this turn's snapshot out; see
 * kafka_topic.h. */
#include "dataplane/kafka/kafka_topic.h"
#include "dataplane/batch/topics.h"

/* The version is kept beside what was found, be it nothing: a topic made meanwhile is found in
 * the next snapshot. */
void kafka_topic_look_up(const struct topics *topics, struct kafka_produce *p,
			 struct bytes name)
{
	p->topic = topics_find(topics, name);
	p->topics_version = topics->version;
}

/* There is a newer snapshot: the name is in the answer. */
static void topic_look_up_again(const struct topics *topics, struct kafka_produce *p)
{
	uint8_t name[TOPIC_NAME_BYTES_MAX];
	struct bytes span = {name, p->name_bytes};
	if (p->name_bytes > sizeof name)
		return; /* no topic's, in no snapshot */
	chain_copy_out(&p->answer->bytes, p->name_end - p->name_bytes, name, p->name_bytes);
	kafka_topic_look_up(topics, p, span);
}

const struct topic *kafka_topic(const struct topics *topics, struct kafka_session *ks)
{
	struct kafka_produce *p = &ks->produce;
	if (p->topics_version != topics->version)
		topic_look_up_again(topics, p);
	if (!p->topic || (uint32_t)p->partition >= p->topic->partitions)
		return NULL;
	return p->topic;
}
