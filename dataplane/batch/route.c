/* route.c - class and key in, topic and partition out; see route.h. */
#include "dataplane/batch/route.h"
#include "dataplane/base/jump_hash.h"

#include <xxhash.h>

/* The listener's route to the topic, which it has now if it had none. */
static uint8_t route_to(struct routes *rs, const struct listener *listener, const char *topic)
{
	unsigned i = 0;
	while (i < rs->count && (rs->route[i].listener != listener ||
				 strcmp(rs->route[i].name, topic) != 0))
		i++;
	if (i == rs->count)
		rs->route[rs->count++] = (struct route){
			.name = topic,
			.listener = listener,
			.partitioner = listener->partitioner_kind,
		};
	return (uint8_t)i;
}

static struct listener_routes routes_of(struct routes *rs, const struct listener *l)
{
	struct listener_routes ret = {
		.level = l->answer_level,
		.key = l->key,
		.has_headers = l->headers,
		.has_frame_time = l->timestamp == RECORD_TIME_FRAME,
	};
	ret.asks_facts = ret.has_headers || ret.has_frame_time;
	for (unsigned class = 0; class < RECORD_CLASSES; class++) {
		ret.of[class] = route_to(rs, l, listener_topic(l, class));
		ret.asks_facts |= ret.of[class] != ret.of[0];
	}
	ret.is_plain = !ret.asks_facts && ret.key == RECORD_KEY_AUTO;
	return ret;
}

void routes_init(struct routes *rs, const struct listener *listeners, unsigned count,
		 unsigned poller)
{
	*rs = (struct routes){.first = poller, .turn = 1};
	for (unsigned i = 0; i < count; i++)
		rs->listener[i] = routes_of(rs, &listeners[i]);
}

uint32_t route_partition_otherwise(const struct routes *rs, const struct route *r,
				   struct bytes key)
{
	const struct topic *topic = r->topic;
	uint32_t number = rs->first + r->batches;
	switch ((enum partitioner_kind)r->partitioner) {
	case PARTITIONER_ROUNDROBIN:
		number = rs->first + r->records;
		break;
	case PARTITIONER_MURMUR2:
	case PARTITIONER_STICKY:
		break;
	case PARTITIONER_CONSISTENT:
		if (key.data)
			return jump_hash(XXH3_64bits(key.data, key.size), topic->partitions);
		break;
	case PARTITIONER_FIXED:
		return r->listener->fixed_partition;
	}
	return remainder_of(number, topic->partitions, topic->partitions_magic);
}
