/* swarm_member.c - a member's requests and what their answers make of it; see swarm_member.h. */
#include "perf/swarm_member.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/msg_heartbeat.h"
#include "dataplane/wire/kafka/msg_join_group.h"
#include "dataplane/wire/kafka/msg_leave_group.h"
#include "dataplane/wire/kafka/msg_offset_commit.h"
#include "dataplane/wire/kafka/msg_sync_group.h"

#include <errno.h>
#include <stdlib.h>

/* The last versions that are not flexible. */
enum {
	JOIN_VERSION = 5,
	SYNC_VERSION = 3,
	HEARTBEAT_VERSION = 3,
	LEAVE_VERSION = 3,
	COMMIT_VERSION = 7,
	FETCH_VERSION = 4,
};

enum {
	REBALANCE_TIMEOUT_MS = 300000,
	/* Of Java's range assignor with one topic of 10 letters, and one partition. */
	SUBSCRIPTION_BYTES = 46,
	ASSIGNMENT_BYTES = 30,
	FETCH_WAIT_MS = 500,
	FETCH_BYTES_MAX = 1 << 20,
	MEMBERS_MAX = 20000,
	/* A decoded member, and an assignment made of it. */
	ARENA_BYTES = MEMBERS_MAX * 128,
};

#define REST_NS (100 * NS_PER_MS)

static const uint8_t brought[SUBSCRIPTION_BYTES], assigned[ASSIGNMENT_BYTES];

/* One thread, one answer at a time. */
static uint8_t arena_room[ARENA_BYTES];

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static struct bytes id_of(const struct swarm_member *m)
{
	return (struct bytes){m->id, m->id_bytes};
}

static void count_error(struct swarm_member *m, int16_t error)
{
	bool is_known = error >= 0 && error < SWARM_ERROR_CODES;
	m->tally->errors[is_known ? error : SWARM_ERROR_CODES - 1]++;
}

/* ---- requests --------------------------------------------------------------------------- */

int swarm_member_join(struct swarm_member *m, uint64_t now_ns)
{
	struct join_group_protocol range = {text("range"), {brought, sizeof brought}};
	struct join_group_request q = {
		.group_id = text(m->group),
		.session_timeout_ms = m->tally->session_ms,
		.rebalance_timeout_ms = REBALANCE_TIMEOUT_MS,
		.member_id = id_of(m),
		.protocol_type = text("consumer"),
		.protocols = {&range, 1},
	};
	m->state = SWARM_JOINING;
	m->came_ns = now_ns;
	return swarm_link_ask(&m->link, KAFKA_API_JOIN_GROUP, JOIN_VERSION, &join_group_request,
			      &q, now_ns);
}

/* The leader has been told of all members, the others of none. */
static int sync(struct swarm_member *m, const struct join_group_response *r,
		struct kafka_arena arena, uint64_t now_ns)
{
	size_t count = (size_t)r->members.count;
	struct sync_group_assignment *shares = kafka_arena_take(&arena, count, sizeof *shares);
	require(shares);
	for (size_t i = 0; i < count; i++)
		shares[i] = (struct sync_group_assignment){r->members.items[i].member_id,
							   {assigned, sizeof assigned}};
	struct sync_group_request q = {
		.group_id = text(m->group),
		.generation_id = m->generation,
		.member_id = id_of(m),
		.assignments = {shares, r->members.count},
	};
	m->state = SWARM_SYNCING;
	return swarm_link_ask(&m->link, KAFKA_API_SYNC_GROUP, SYNC_VERSION, &sync_group_request,
			      &q, now_ns);
}

static int heartbeat(struct swarm_member *m, uint64_t now_ns)
{
	struct heartbeat_request q = {
		.group_id = text(m->group),
		.generation_id = m->generation,
		.member_id = id_of(m),
	};
	m->due_ns = now_ns + m->tally->interval_ns;
	return swarm_link_ask(&m->link, KAFKA_API_HEARTBEAT, HEARTBEAT_VERSION,
			      &heartbeat_request, &q, now_ns);
}

int swarm_member_leave(struct swarm_member *m, uint64_t now_ns)
{
	struct leave_group_member self = {.member_id = id_of(m)};
	struct leave_group_request q = {.group_id = text(m->group), .members = {&self, 1}};
	m->state = SWARM_LEAVING;
	return swarm_link_ask(&m->link, KAFKA_API_LEAVE_GROUP, LEAVE_VERSION,
			      &leave_group_request, &q, now_ns);
}

int swarm_member_commit(struct swarm_member *m, uint64_t now_ns)
{
	struct offset_commit_request_partition partition = {
		.partition_index = (int32_t)m->partition,
		.committed_offset = (int64_t)m->link.correlation,
		.committed_leader_epoch = -1,
		.committed_metadata = text(""),
	};
	struct offset_commit_request_topic topic = {text(m->tally->topic), {&partition, 1}};
	struct offset_commit_request q = {
		.group_id = text(m->group),
		.generation_id = -1,
		.member_id = text(""),
		.topics = {&topic, 1},
	};
	m->state = SWARM_COMMITTING;
	return swarm_link_ask(&m->link, KAFKA_API_OFFSET_COMMIT, COMMIT_VERSION,
			      &offset_commit_request, &q, now_ns);
}

/* A partition from its beginning, which is its end as well. */
int swarm_member_wait(struct swarm_member *m, uint64_t now_ns)
{
	size_t name_bytes = strlen(m->tally->topic);
	size_t bytes = 4 * sizeof(uint32_t) + 1 + sizeof(uint32_t) + 2 + name_bytes +
		       2 * sizeof(uint32_t) + sizeof(uint64_t) + sizeof(uint32_t);
	struct emitter e = swarm_link_begin(&m->link, KAFKA_API_FETCH, FETCH_VERSION, bytes);
	emit_u32(&e, UINT32_MAX); /* no replica */
	emit_u32(&e, FETCH_WAIT_MS);
	emit_u32(&e, 1);
	emit_u32(&e, FETCH_BYTES_MAX);
	emit_u8(&e, 0);
	emit_u32(&e, 1);
	emit_u16(&e, (uint16_t)name_bytes);
	emit_bytes(&e, m->tally->topic, name_bytes);
	emit_u32(&e, 1);
	emit_u32(&e, m->partition);
	emit_u64(&e, 0);
	emit_u32(&e, FETCH_BYTES_MAX);
	m->state = SWARM_WAITING;
	return swarm_link_end(&m->link, &e, now_ns);
}

/* ---- answers ---------------------------------------------------------------------------- */

/* Of a coordinator that is not ready yet. */
static bool says_later(int16_t error)
{
	return error == KAFKA_ERROR_COORDINATOR_LOAD_IN_PROGRESS ||
	       error == KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE;
}

/* Who is unknown begins anew. */
static int come_again(struct swarm_member *m, int16_t error, uint64_t now_ns)
{
	if (error == KAFKA_ERROR_REBALANCE_IN_PROGRESS)
		return swarm_member_join(m, now_ns);
	if (!says_later(error))
		count_error(m, error);
	if (error == KAFKA_ERROR_UNKNOWN_MEMBER_ID)
		m->id_bytes = 0;
	m->state = SWARM_RESTING;
	m->due_ns = now_ns + REST_NS;
	return 0;
}

static bool take_id(struct swarm_member *m, struct bytes id)
{
	if (id.size > sizeof m->id)
		return false;
	memcpy(m->id, id.data, id.size);
	m->id_bytes = id.size;
	return true;
}

static int take_join(struct swarm_member *m, struct cursor c, struct kafka_arena arena,
		     uint64_t now_ns)
{
	struct join_group_response r;
	if (kafka_decode(&join_group_response, JOIN_VERSION, &c, &arena, &r))
		return -EPROTO;
	bool has_id = !r.error_code || r.error_code == KAFKA_ERROR_MEMBER_ID_REQUIRED;
	if (!has_id)
		return come_again(m, r.error_code, now_ns);
	if (!take_id(m, r.member_id))
		return -EPROTO;
	if (r.error_code)
		return swarm_member_join(m, now_ns);
	m->generation = r.generation_id;
	m->told_ns = now_ns;
	return sync(m, &r, arena, now_ns);
}

static int take_sync(struct swarm_member *m, struct cursor c, struct kafka_arena arena,
		     uint64_t now_ns)
{
	struct sync_group_response r;
	if (kafka_decode(&sync_group_response, SYNC_VERSION, &c, &arena, &r))
		return -EPROTO;
	if (r.error_code)
		return come_again(m, r.error_code, now_ns);
	m->state = SWARM_STABLE;
	m->shared_ns = now_ns;
	m->due_ns = now_ns + m->tally->interval_ns;
	return r.assignment.size == sizeof assigned ? 0 : -EPROTO;
}

static int take_heartbeat(struct swarm_member *m, struct cursor c, struct kafka_arena arena,
			  uint64_t now_ns)
{
	struct heartbeat_response r;
	if (kafka_decode(&heartbeat_response, HEARTBEAT_VERSION, &c, &arena, &r))
		return -EPROTO;
	histogram_add(&m->tally->latency, now_ns - m->link.asked_ns);
	return r.error_code ? come_again(m, r.error_code, now_ns) : 0;
}

static int take_commit(struct swarm_member *m, struct cursor c, struct kafka_arena arena,
		       uint64_t now_ns)
{
	struct offset_commit_response r;
	if (kafka_decode(&offset_commit_response, COMMIT_VERSION, &c, &arena, &r) ||
	    r.topics.count != 1 || r.topics.items[0].partitions.count != 1)
		return -EPROTO;
	int16_t error = r.topics.items[0].partitions.items[0].error_code;
	if (error)
		count_error(m, error);
	else
		m->tally->good++;
	histogram_add(&m->tally->latency, now_ns - m->link.asked_ns);
	return swarm_member_commit(m, now_ns);
}

static int take_fetch(struct swarm_member *m, struct cursor c, uint64_t now_ns)
{
	cursor_u32(&c); /* throttled for */
	cursor_u32(&c); /* topics */
	cursor_take(&c, cursor_u16(&c));
	cursor_u32(&c); /* partitions */
	cursor_u32(&c); /* its number */
	int16_t error = (int16_t)cursor_u16(&c);
	if (c.bad)
		return -EPROTO;
	if (error)
		count_error(m, error);
	else
		m->tally->good++;
	histogram_add(&m->tally->latency, now_ns - m->link.asked_ns);
	return swarm_member_wait(m, now_ns);
}

int swarm_member_take(struct swarm_member *m, uint64_t now_ns)
{
	struct cursor c = swarm_link_answer(&m->link);
	struct kafka_arena arena = kafka_arena_of(arena_room, sizeof arena_room);
	switch (m->state) {
	case SWARM_JOINING:
		return take_join(m, c, arena, now_ns);
	case SWARM_SYNCING:
		return take_sync(m, c, arena, now_ns);
	case SWARM_STABLE:
		return take_heartbeat(m, c, arena, now_ns);
	case SWARM_COMMITTING:
		return take_commit(m, c, arena, now_ns);
	case SWARM_WAITING:
		return take_fetch(m, c, now_ns);
	case SWARM_LEAVING:
		m->state = SWARM_GONE;
		return 0;
	default:
		return -EPROTO;
	}
}

int swarm_member_turn(struct swarm_member *m, uint64_t now_ns)
{
	if (m->link.is_asking || now_ns < m->due_ns)
		return 0;
	if (m->state == SWARM_STABLE)
		return heartbeat(m, now_ns);
	return m->state == SWARM_RESTING ? swarm_member_join(m, now_ns) : 0;
}
