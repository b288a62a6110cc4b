/* group_store.c - states and commits in, records out; batches in, what they say of groups out. See
 * group_store.h. */
#include "control/coordinator/group_store.h"
#include "control/coordinator/group_answers.h"
#include "control/coordinator/parked_commit.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/record/record_batch.h"

#include <stdlib.h>

/* A group's state on its way to the disk. */
struct group_write {
	struct offsets_wait wait;
	struct group *group;
	uint32_t number;
};

/* ---- keys and values -------------------------------------------------------------------- */

/* Null data: the arena is full. */
static struct bytes key_make(struct kafka_arena *arena, enum group_record_kind kind,
			     const struct group_record_key *key)
{
	size_t size = group_record_key_size(kind, key);
	uint8_t *room = kafka_arena_take(arena, size, 1);
	if (!room)
		return (struct bytes){0};
	struct emitter e = emitter_of(room, size);
	group_record_key_emit(&e, kind, key);
	return (struct bytes){room, emitter_size(&e)};
}

static struct bytes value_make(struct kafka_arena *arena, const struct kafka_message *m,
			       const void *value)
{
	size_t size = group_record_value_size(m, value);
	uint8_t *room = kafka_arena_take(arena, size, 1);
	if (!room)
		return (struct bytes){0};
	struct emitter e = emitter_of(room, size);
	group_record_value_emit(&e, m, value);
	return (struct bytes){room, emitter_size(&e)};
}

/* ---- offsets ---------------------------------------------------------------------------- */

size_t group_store_offset_bytes(const struct group_record_key *key,
				const struct offset_commit_value *value)
{
	size_t value_bytes = value ? group_record_value_size(&offset_commit_value, value) : 0;
	return offsets_record_bytes_max(group_record_key_size(GROUP_RECORD_OFFSET, key),
					value_bytes);
}

bool group_store_offset(struct group_service *s, struct offsets_partition *p,
			struct kafka_arena scratch, const struct group_record_key *key,
			const struct offset_commit_value *value)
{
	struct bytes key_bytes = key_make(&scratch, GROUP_RECORD_OFFSET, key), value_bytes = {0};
	if (value)
		value_bytes = value_make(&scratch, &offset_commit_value, value);
	if (!key_bytes.data || (value && !value_bytes.data))
		return false;
	offsets_log_add(&s->log, p, s->now.wall_ms, key_bytes, value_bytes);
	return true;
}

/* ---- states ----------------------------------------------------------------------------- */

static struct group_metadata_member member_value(const struct group_member_view *m)
{
	return (struct group_metadata_member){
		.member_id = m->member_id,
		.group_instance_id = m->instance_id,
		.client_id = m->client_id,
		.client_host = m->client_host,
		.rebalance_timeout = m->rebalance_timeout_ms,
		.session_timeout = m->session_timeout_ms,
		.subscription = m->metadata,
		.assignment = m->assignment,
	};
}

/* Null data: the arena is full. */
static struct bytes state_make(struct group_service *s, struct kafka_arena *arena,
			       const struct group *group, const struct group_view *view)
{
	size_t count = (size_t)view->members_count;
	struct group_member_view *views = kafka_arena_take(arena, count, sizeof *views);
	struct group_metadata_member *members = kafka_arena_take(arena, count, sizeof *members);
	if (!views || !members)
		return (struct bytes){0};
	group_view_members(group, views);
	for (size_t i = 0; i < count; i++)
		members[i] = member_value(&views[i]);
	struct group_metadata_value value = {
		.protocol_type = view->protocol_type,
		.generation = view->generation,
		.protocol = view->protocol_name,
		.leader = view->leader,
		.current_state_timestamp = s->now.wall_ms,
		.members = {members, view->members_count},
	};
	return value_make(arena, &group_metadata_value, &value);
}

/* Nothing is added to what cannot be read: it would hide what is there. */
static int16_t room_error(const struct group_service *s, const struct offsets_partition *p,
			  size_t bytes)
{
	if (p->state == OFFSETS_BROKEN)
		return KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE;
	if (!offsets_log_may_hold(&s->log, bytes))
		return KAFKA_ERROR_MESSAGE_TOO_LARGE;
	return offsets_log_has_room(&s->log, p, bytes) ? KAFKA_ERROR_NONE
						       : KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE;
}

/* A dead one is stored as nothing. An error: it was not added. */
static int16_t store_state(struct group_service *s, struct group *group, uint32_t number)
{
	struct kafka_arena arena = group_service_scratch(s);
	struct group_view view = group_view(group);
	struct group_record_key key = {.group = view.id};
	struct offsets_partition *p = offsets_log_partition(&s->log, view.id);
	require(p); /* it was found before the group was made */
	struct bytes key_bytes = key_make(&arena, GROUP_RECORD_GROUP, &key), value = {0};
	if (view.state != GROUP_DEAD)
		value = state_make(s, &arena, group, &view);
	if (!key_bytes.data || (view.state != GROUP_DEAD && !value.data))
		return KAFKA_ERROR_MESSAGE_TOO_LARGE;
	int16_t error = room_error(s, p, offsets_record_bytes_max(key_bytes.size, value.size));
	if (error)
		return error;
	struct group_write *w = malloc(sizeof *w);
	if (!w)
		return KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE;
	*w = (struct group_write){{.is_group = true}, group, number};
	offsets_log_add(&s->log, p, s->now.wall_ms, key_bytes, value);
	offsets_log_wait(p, &w->wait);
	return KAFKA_ERROR_NONE;
}

void group_store_settle(struct group_service *s)
{
	uint32_t number;
	group_answers_send(s);
	for (struct group *group; (group = groups_unwritten(s->groups, &number));) {
		int16_t error = store_state(s, group, number);
		if (!error)
			continue;
		groups_written(s->groups, s->now.ns, group, number, error);
		group_answers_send(s);
	}
}

/* ---- what is stored --------------------------------------------------------------------- */

static bool apply_offset(struct group_service *s, const struct group_record_key *key,
			 struct bytes value, struct kafka_arena arena)
{
	struct offset_commit_value v;
	if (!value.data) {
		groups_forget_offset(s->groups, key->group, key->topic, key->partition);
		return true;
	}
	if (!group_record_value_read(&offset_commit_value, value, &arena, &v))
		return true;
	struct group_offset commit = {
		.partition = key->partition,
		.leader_epoch = v.leader_epoch,
		.offset = v.offset,
		.commit_ms = v.commit_timestamp,
		.expire_ms = v.expire_timestamp,
		.metadata = v.metadata,
	};
	return groups_commit(s->groups, s->now.ns, key->group, key->topic, &commit);
}

static struct group_member_view member_view(const struct group_metadata_member *m)
{
	return (struct group_member_view){
		.member_id = m->member_id,
		.instance_id = m->group_instance_id,
		.client_id = m->client_id,
		.client_host = m->client_host,
		.metadata = m->subscription,
		.assignment = m->assignment,
		.session_timeout_ms = m->session_timeout,
		.rebalance_timeout_ms =
			m->rebalance_timeout < 0 ? m->session_timeout : m->rebalance_timeout,
	};
}

/* Of a state that was stored with its time, as Kafka has done since 2.1. */
static int64_t age_ns(const struct group_service *s, int64_t since_ms)
{
	int64_t age_ms = since_ms < 0 ? 0 : s->now.wall_ms - since_ms;
	int64_t longest_ms = INT64_MAX / 4 / (int64_t)NS_PER_MS;
	return (age_ms < 0 ? 0 : age_ms > longest_ms ? longest_ms : age_ms) * (int64_t)NS_PER_MS;
}

static bool apply_state(struct group_service *s, const struct group_record_key *key,
			struct bytes value, struct kafka_arena arena)
{
	struct group_metadata_value v;
	if (!value.data) {
		groups_forget(s->groups, s->now.ns, key->group);
		return true;
	}
	if (!group_record_value_read(&group_metadata_value, value, &arena, &v))
		return true;
	struct group_member_view *members =
		kafka_arena_take(&arena, (size_t)v.members.count, sizeof *members);
	if (!members)
		return false;
	for (int32_t i = 0; i < v.members.count; i++)
		members[i] = member_view(&v.members.items[i]);
	struct group_view view = {
		.id = key->group,
		.empty_ns = (int64_t)s->now.ns - age_ns(s, v.current_state_timestamp),
		.generation = v.generation,
		.protocol_type = v.protocol_type,
		.protocol_name = v.protocol,
		.leader = v.leader,
		.members_count = v.members.count,
	};
	return groups_restore(s->groups, s->now.ns, &view, members);
}

bool group_store_apply(struct group_service *s, struct bytes batch, struct kafka_arena arena,
		       bool with_states)
{
	struct record_iterator it = record_iterate(batch.data, batch.size);
	struct group_record_key key;
	bool are_kept = true;
	for (struct record_view r; record_next(&it, &r);) {
		enum group_record_kind kind = group_record_key_read(r.key, &key);
		if (kind == GROUP_RECORD_OFFSET)
			are_kept &= apply_offset(s, &key, r.value, arena);
		else if (kind == GROUP_RECORD_GROUP && with_states)
			are_kept &= apply_state(s, &key, r.value, arena);
	}
	return are_kept;
}

/* ---- who waits -------------------------------------------------------------------------- */

static void answer_state(struct group_service *s, struct group_write *give, int16_t error)
{
	groups_written(s->groups, s->now.ns, give->group, give->number, error);
	free(give);
	group_store_settle(s);
}

static struct group_write *write_of(struct list *node)
{
	return container_of(list_entry(node, struct offsets_wait, node), struct group_write, wait);
}

static struct parked_commit *commit_of(struct list *node)
{
	return container_of(list_entry(node, struct offsets_wait, node), struct parked_commit,
			    wait);
}

static bool is_groups(struct list *node)
{
	return list_entry(node, struct offsets_wait, node)->is_group;
}

/* False: memory is short, and what is durable is not seen. Its clients hear that it failed, and
 * come again. */
static bool apply_stored(struct group_service *s, const struct chain *bytes)
{
	struct kafka_arena arena = group_service_scratch(s);
	uint8_t *batch = kafka_arena_take(&arena, bytes->size, 1);
	require(batch);
	chain_copy_out(bytes, 0, batch, bytes->size);
	return group_store_apply(s, (struct bytes){batch, bytes->size}, arena, false);
}

void group_store_back(struct group_service *s, struct append_msg *append)
{
	struct offsets_batch *b = offsets_log_back(append);
	if (append->error == KAFKA_ERROR_NONE)
		stats_add(s->stats, STAT_group_records, append->records);
	bool are_seen = append->error == KAFKA_ERROR_NONE && apply_stored(s, &append->bytes);
	for (struct list *node; (node = list_take_first(&b->waiting));) {
		if (is_groups(node))
			answer_state(s, write_of(node), append->error);
		else
			parked_commit_answer(s, commit_of(node), are_seen);
	}
	offsets_log_give(&s->log, b);
}

/* A parked commit is its parking's. */
static void forget_waiting(struct offsets_batch *b)
{
	for (struct list *node; (node = list_take_first(&b->waiting));)
		if (is_groups(node))
			free(write_of(node));
}

void group_store_forget(struct group_service *s)
{
	for (uint32_t i = 0; i < s->log.count; i++) {
		forget_waiting(&s->log.partitions[i].batches[0]);
		forget_waiting(&s->log.partitions[i].batches[1]);
	}
}
