/* offset_commit.c - OffsetCommit in; its answer out when what it says is durable.
 *
 *     judged, each partition ─▶ records of the good ones ─▶ a batch ─▶ parked ─▶ answered
 *     none is good: answered at once
 */
#include "control/coordinator/coordinator.h"
#include "control/coordinator/coordinator_handlers.h"
#include "control/coordinator/group_store.h"
#include "control/coordinator/parked_commit.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/msg_offset_commit.h"

static const struct bytes no_text = {(const uint8_t *)"", 0};

/* A commit while it is looked at. */
struct committing {
	struct kafka_request *r;
	struct group_service *s;
	struct offset_commit_request q;
	struct offsets_partition *where;
	struct offset_commit_response answer; /* an error of its own for each that is no good */
	int32_t good;
	size_t bytes; /* that the records of the good ones take at most */
};

static int16_t judge(const struct committing *c, const struct topic *topic,
		     const struct offset_commit_request_partition *p)
{
	size_t longest = (size_t)c->s->options->groups.offset_metadata_bytes_max;
	if (!topic || p->partition_index < 0 ||
	    (uint32_t)p->partition_index >= topic->partitions)
		return KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
	return p->committed_metadata.size > longest ? KAFKA_ERROR_OFFSET_METADATA_TOO_LARGE
						     : KAFKA_ERROR_NONE;
}

static struct group_record_key key_of(const struct committing *c, struct bytes topic,
				      int32_t partition)
{
	return (struct group_record_key){c->q.group_id, topic, partition};
}

static struct offset_commit_value value_of(const struct committing *c,
					   const struct offset_commit_request_partition *p)
{
	return (struct offset_commit_value){
		.offset = p->committed_offset,
		.leader_epoch = p->committed_leader_epoch,
		.metadata = p->committed_metadata.data ? p->committed_metadata : no_text,
		.commit_timestamp = c->s->now.wall_ms,
		.expire_timestamp = -1,
	};
}

/* `error`: of all of them; else each is looked at. False: the arena is full. */
static bool judge_topic(struct committing *c, const struct offset_commit_request_topic *asked,
			int16_t error, struct offset_commit_topic *out)
{
	int32_t count = asked->partitions.count;
	struct offset_commit_partition *items =
		kafka_request_take(c->r, (size_t)count, sizeof *items);
	const struct topic *topic =
		c->s->topics ? topics_find(c->s->topics, asked->name) : NULL;
	if (!items)
		return false;
	for (int32_t i = 0; i < count; i++) {
		const struct offset_commit_request_partition *p = &asked->partitions.items[i];
		struct group_record_key key = key_of(c, asked->name, p->partition_index);
		struct offset_commit_value value = value_of(c, p);
		items[i].partition_index = p->partition_index;
		items[i].error_code = error ? error : judge(c, topic, p);
		if (items[i].error_code)
			continue;
		c->good++;
		c->bytes += group_store_offset_bytes(&key, &value);
	}
	*out = (struct offset_commit_topic){asked->name, {items, count}};
	return true;
}

static bool judge_all(struct committing *c, int16_t error)
{
	int32_t count = c->q.topics.count;
	struct offset_commit_topic *topics =
		kafka_request_take(c->r, (size_t)count, sizeof *topics);
	bool fits = topics != NULL;
	for (int32_t i = 0; i < count && fits; i++)
		fits = judge_topic(c, &c->q.topics.items[i], error, &topics[i]);
	c->answer.topics.items = topics;
	c->answer.topics.count = count;
	return fits;
}

/* Those that have the one have the other from now on. */
static void change_errors(struct committing *c, int16_t from, int16_t to)
{
	for (int32_t t = 0; t < c->answer.topics.count; t++) {
		struct offset_commit_topic *topic = &c->answer.topics.items[t];
		for (int32_t i = 0; i < topic->partitions.count; i++)
			if (topic->partitions.items[i].error_code == from)
				topic->partitions.items[i].error_code = to;
	}
}

static enum kafka_outcome answer_commit(struct committing *c)
{
	return kafka_request_answer(c->r, &offset_commit_response, c->r->header.api_version,
				    &c->answer);
}

/* Each fits: their room was asked for. */
static void add_records(struct committing *c)
{
	for (int32_t t = 0; t < c->q.topics.count; t++) {
		const struct offset_commit_request_topic *asked = &c->q.topics.items[t];
		const struct offset_commit_topic *judged = &c->answer.topics.items[t];
		for (int32_t i = 0; i < asked->partitions.count; i++) {
			const struct offset_commit_request_partition *p =
				&asked->partitions.items[i];
			struct group_record_key key = key_of(c, asked->name, p->partition_index);
			struct offset_commit_value value = value_of(c, p);
			if (judged->partitions.items[i].error_code)
				continue;
			require(group_store_offset(c->s, c->where, c->r->arena, &key, &value));
		}
	}
}

/* Why a batch does not take the records now, or the arena one of them. A client comes again soon
 * with 14, and does not look for another coordinator first. */
static int16_t room_error(const struct committing *c)
{
	struct kafka_arena arena = c->r->arena;
	if (!kafka_arena_take(&arena, c->bytes, 1))
		return KAFKA_ERROR_INVALID_COMMIT_OFFSET_SIZE;
	if (!offsets_log_may_hold(&c->s->log, c->bytes))
		return KAFKA_ERROR_INVALID_COMMIT_OFFSET_SIZE;
	return offsets_log_has_room(&c->s->log, c->where, c->bytes)
		       ? KAFKA_ERROR_NONE
		       : KAFKA_ERROR_COORDINATOR_LOAD_IN_PROGRESS;
}

/* Records are added when nothing can fail any more. Of the answers' errors none is the one that
 * stands for a failed append. */
static enum kafka_outcome store(struct committing *c)
{
	enum { FAILED = KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE };
	struct sealed stored = parked_seal(c->r, &offset_commit_response, &c->answer);
	change_errors(c, KAFKA_ERROR_NONE, FAILED);
	struct sealed failed = parked_seal(c->r, &offset_commit_response, &c->answer);
	struct parked_commit *k = parked_commit_take(c->r, &stored, &failed);
	if (!k)
		return answer_commit(c);
	change_errors(c, FAILED, KAFKA_ERROR_NONE);
	add_records(c);
	offsets_log_wait(c->where, &k->wait);
	return KAFKA_PARKED;
}

enum kafka_outcome coordinator_handle_commit(struct kafka_request *r)
{
	struct committing c = {.r = r, .s = r->groups};
	if (!kafka_request_decode(r, &offset_commit_request, &c.q))
		return KAFKA_CLOSE;
	struct group_identity who = {c.q.group_id, c.q.member_id, c.q.group_instance_id,
				     c.q.generation_id};
	int16_t error = group_service_find(c.s, c.q.group_id, &c.where);
	if (!error)
		error = groups_may_commit(c.s->groups, c.s->now.ns, &who);
	if (!judge_all(&c, error))
		return KAFKA_CLOSE;
	if (c.good == 0)
		return answer_commit(&c);
	error = room_error(&c);
	if (!error)
		return store(&c);
	change_errors(&c, KAFKA_ERROR_NONE, error);
	return answer_commit(&c);
}
