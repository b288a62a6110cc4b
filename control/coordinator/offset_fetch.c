/* offset_fetch.c - OffsetFetch in; how far groups have read out, as far as it is durable. */
#include "control/coordinator/coordinator_handlers.h"
#include "control/coordinator/group_service.h"
#include "dataplane/wire/kafka/leader_epoch.h"
#include "dataplane/wire/kafka/msg_offset_fetch.h"

enum { SEVERAL_GROUPS_SINCE = 8 };

static const struct bytes no_text = {(const uint8_t *)"", 0};

static struct offset_fetch_partition nothing_committed(int32_t partition, int16_t error)
{
	return (struct offset_fetch_partition){
		.partition_index = partition,
		.committed_offset = -1,
		.committed_leader_epoch = -1,
		.metadata = no_text,
		.error_code = error,
	};
}

/* A log that a broker of Kafka's has begun has batches of later epochs than ours, and consumers
 * commit what they saw. One that is told such an epoch waits for its leader, who does not come. */
static int32_t epoch_told(int32_t committed)
{
	return committed > LEADER_EPOCH ? LEADER_EPOCH_UNKNOWN : committed;
}

static struct offset_fetch_partition committed(const struct group_offset *o)
{
	return (struct offset_fetch_partition){
		.partition_index = o->partition,
		.committed_offset = o->offset,
		.committed_leader_epoch = epoch_told(o->leader_epoch),
		.metadata = o->metadata.data ? o->metadata : no_text,
	};
}

/* What one group is asked for, in whichever version; null topics: all that it has. */
struct fetching {
	struct kafka_request *r;
	const struct groups *groups;
	const struct group *group; /* null: nobody has heard of it */
	int16_t error;             /* of all of it */
};

/* False, here and below: the arena is full. */
static bool fetch_topic(const struct fetching *f, const struct offset_fetch_request_topic *asked,
			struct offset_fetch_topic *out)
{
	int32_t count = asked->partition_indexes.count;
	struct offset_fetch_partition *items =
		kafka_request_take(f->r, (size_t)count, sizeof *items);
	if (!items)
		return false;
	for (int32_t i = 0; i < count; i++) {
		int32_t partition = asked->partition_indexes.items[i];
		const struct group_offset *o =
			f->group && !f->error
				? group_offset_find(f->groups, f->group, asked->name, partition)
				: NULL;
		items[i] = o ? committed(o) : nothing_committed(partition, f->error);
	}
	*out = (struct offset_fetch_topic){asked->name, {items, count}};
	return true;
}

static bool fetch_whole_topic(const struct fetching *f, const struct group_topic *topic,
			      struct offset_fetch_topic *out)
{
	struct group_topic_view view = group_topic_view(topic);
	struct offset_fetch_partition *items =
		kafka_request_take(f->r, view.count, sizeof *items);
	if (!items)
		return false;
	for (uint32_t i = 0; i < view.count; i++)
		items[i] = committed(&view.offsets[i]);
	*out = (struct offset_fetch_topic){view.name, {items, (int32_t)view.count}};
	return true;
}

static uint32_t topics_of(const struct fetching *f)
{
	uint32_t count = 0;
	if (!f->group || f->error)
		return 0;
	for (const struct group_topic *t = NULL; (t = group_topic_next(f->group, t));)
		count++;
	return count;
}

static bool fetch_all(const struct fetching *f, struct offset_fetch_group *out)
{
	uint32_t count = topics_of(f), at = 0;
	struct offset_fetch_topic *topics = kafka_request_take(f->r, count, sizeof *topics);
	bool fits = topics != NULL;
	for (const struct group_topic *t = NULL;
	     fits && count > 0 && (t = group_topic_next(f->group, t));)
		fits = fetch_whole_topic(f, t, &topics[at++]);
	out->topics.items = topics;
	out->topics.count = (int32_t)count;
	return fits;
}

static bool fetch_group(struct kafka_request *r, const struct offset_fetch_request_group *asked,
			struct offset_fetch_group *out)
{
	struct group_service *s = r->groups;
	struct offsets_partition *where;
	struct fetching f = {.r = r, .groups = s->groups};
	f.error = group_service_find(s, asked->group_id, &where);
	f.group = f.error ? NULL : groups_find(s->groups, asked->group_id);
	*out = (struct offset_fetch_group){.group_id = asked->group_id, .error_code = f.error};
	if (asked->topics.count < 0)
		return fetch_all(&f, out);
	int32_t count = asked->topics.count;
	struct offset_fetch_topic *topics = kafka_request_take(r, (size_t)count, sizeof *topics);
	bool fits = topics != NULL;
	for (int32_t i = 0; i < count && fits; i++)
		fits = fetch_topic(&f, &asked->topics.items[i], &topics[i]);
	out->topics.items = topics;
	out->topics.count = count;
	return fits;
}

static enum kafka_outcome fetch_one(struct kafka_request *r, const struct offset_fetch_request *q)
{
	struct offset_fetch_request_group asked = {.group_id = q->group_id};
	struct offset_fetch_group found;
	asked.topics.items = q->topics.items;
	asked.topics.count = q->topics.count;
	if (!fetch_group(r, &asked, &found))
		return KAFKA_CLOSE;
	struct offset_fetch_response answer = {.error_code = found.error_code};
	answer.topics.items = found.topics.items;
	answer.topics.count = found.topics.count;
	return kafka_request_answer(r, &offset_fetch_response, r->header.api_version, &answer);
}

static enum kafka_outcome fetch_several(struct kafka_request *r,
					const struct offset_fetch_request *q)
{
	int32_t count = q->groups.count;
	struct offset_fetch_group *groups = kafka_request_take(r, (size_t)count, sizeof *groups);
	bool fits = groups != NULL;
	for (int32_t i = 0; i < count && fits; i++)
		fits = fetch_group(r, &q->groups.items[i], &groups[i]);
	if (!fits)
		return KAFKA_CLOSE;
	struct offset_fetch_response answer = {.groups = {groups, count}};
	return kafka_request_answer(r, &offset_fetch_response, r->header.api_version, &answer);
}

enum kafka_outcome coordinator_handle_offset_fetch(struct kafka_request *r)
{
	struct offset_fetch_request q;
	if (!kafka_request_decode(r, &offset_fetch_request, &q))
		return KAFKA_CLOSE;
	return r->header.api_version >= SEVERAL_GROUPS_SINCE ? fetch_several(r, &q)
							     : fetch_one(r, &q);
}
