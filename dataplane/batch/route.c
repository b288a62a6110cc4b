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
		rs->route[rs->count++] = (struct route){.name = topic, .listener = listener};
	return (uint8_t)i;
}

void routes_init(struct routes *rs, const struct listener *listeners, unsigned count,
		 unsigned poller)
{
	*rs = (struct routes){.first = poller, .turn = 1};
	for (unsigned i = 0; i < count; i++)
		for (unsigned class = 0; class < RECORD_CLASSES; class++)
			rs->of[i][class] =
				route_to(rs, &listeners[i], listener_topic(&listeners[i], class));
}

uint32_t route_partition_otherwise(const struct routes *rs, const struct route *r,
				   struct bytes key)
{
	const struct topic *topic = r->topic;
	uint32_t number = rs->first + r->batches;
	switch ((enum partitioner_kind)r->listener->partitioner_kind) {
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
