/* offset_delete.c - OffsetDelete in; its answer out when the ends of the offsets are durable. */
#include "control/coordinator/coordinator_handlers.h"
#include "control/coordinator/group_store.h"
#include "control/coordinator/parked_commit.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/msg_offset_delete.h"

static int16_t delete_error(struct group_service *s, struct bytes group_id,
			    struct offsets_partition **where, const struct group **ret)
{
	int16_t error = group_service_find(s, group_id, where);
	*ret = error ? NULL : groups_find(s->groups, group_id);
	if (error)
		return error;
	return *ret ? KAFKA_ERROR_NONE : KAFKA_ERROR_GROUP_ID_NOT_FOUND;
}

/* An offset while it is looked at, and all of them. */
struct deleting {
	struct kafka_request *r;
	struct group_service *s;
	struct offset_delete_request q;
	struct offsets_partition *where;
	const struct group *group;
	struct offset_delete_response answer;
	int32_t found; /* that there are */
	size_t bytes;
};

/* What members have subscribed to is between them: as long as there are any, nothing of their
 * group is deleted. */
static bool delete_topic(struct deleting *d, const struct offset_delete_request_topic *asked,
			 struct offset_delete_topic *out)
{
	int32_t count = asked->partitions.count;
	bool has_members = group_view(d->group).members_count > 0;
	struct offset_delete_partition *items =
		kafka_request_take(d->r, (size_t)count, sizeof *items);
	if (!items)
		return false;
	for (int32_t i = 0; i < count; i++) {
		int32_t partition = asked->partitions.items[i].partition_index;
		struct group_record_key key = {d->q.group_id, asked->name, partition};
		items[i].partition_index = partition;
		items[i].error_code = has_members ? KAFKA_ERROR_GROUP_SUBSCRIBED_TO_TOPIC : 0;
		if (has_members ||
		    !group_offset_find(d->s->groups, d->group, asked->name, partition))
			continue;
		d->found++;
		d->bytes += group_store_offset_bytes(&key, NULL);
	}
	*out = (struct offset_delete_topic){asked->name, {items, count}};
	return true;
}

static bool delete_topics(struct deleting *d)
{
	int32_t count = d->q.topics.count;
	struct offset_delete_topic *topics =
		kafka_request_take(d->r, (size_t)count, sizeof *topics);
	bool fits = topics != NULL;
	for (int32_t i = 0; i < count && fits; i++)
		fits = delete_topic(d, &d->q.topics.items[i], &topics[i]);
	d->answer.topics.items = topics;
	d->answer.topics.count = count;
	return fits;
}

static void add_ends(struct deleting *d)
{
	for (int32_t t = 0; t < d->q.topics.count; t++) {
		const struct offset_delete_request_topic *asked = &d->q.topics.items[t];
		for (int32_t i = 0; i < asked->partitions.count; i++) {
			int32_t partition = asked->partitions.items[i].partition_index;
			struct group_record_key key = {d->q.group_id, asked->name, partition};
			if (!group_offset_find(d->s->groups, d->group, asked->name, partition))
				continue;
			require(group_store_offset(d->s, d->where, d->r->arena, &key, NULL));
		}
	}
}

static enum kafka_outcome answer_delete(struct deleting *d)
{
	return kafka_request_answer(d->r, &offset_delete_response, d->r->header.api_version,
				    &d->answer);
}

static enum kafka_outcome refuse_delete(struct deleting *d, int16_t error)
{
	d->answer = (struct offset_delete_response){.error_code = error};
	return answer_delete(d);
}

static enum kafka_outcome store_ends(struct deleting *d)
{
	const struct offset_delete_response refusal = {
		.error_code = KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE};
	if (!offsets_log_has_room(&d->s->log, d->where, d->bytes))
		return refuse_delete(d, KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE);
	struct sealed stored = parked_seal(d->r, &offset_delete_response, &d->answer);
	struct sealed failed = parked_seal(d->r, &offset_delete_response, &refusal);
	struct parked_commit *k = parked_commit_take(d->r, &stored, &failed);
	if (!k)
		return refuse_delete(d, KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE);
	add_ends(d);
	offsets_log_wait(d->where, &k->wait);
	return KAFKA_PARKED;
}

enum kafka_outcome coordinator_handle_offset_delete(struct kafka_request *r)
{
	struct deleting d = {.r = r, .s = r->groups};
	if (!kafka_request_decode(r, &offset_delete_request, &d.q))
		return KAFKA_CLOSE;
	int16_t error = delete_error(d.s, d.q.group_id, &d.where, &d.group);
	if (error)
		return refuse_delete(&d, error);
	if (!delete_topics(&d))
		return KAFKA_CLOSE;
	return d.found > 0 ? store_ends(&d) : answer_delete(&d);
}
