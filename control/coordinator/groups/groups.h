/* groups.h - consumer groups as Kafka's classic protocol has them: who is a member, of which
 * generation, and with which share of the work.
 *
 *            first member joins              leader's assignment is stored
 *     Empty ───────────────▶ Preparing ──────▶ Completing ──────────────────▶ Stable
 *       ▲                    │   ▲   all have    │   ▲                           │
 *       └── nobody is left ──┘   │   joined, or  │   └── a member changes, ──────┤
 *                                │   timeout     └────── comes, goes or fails ───┤
 *                                └───────────────────────────────────────────────┘
 *
 * A state machine and nothing else: time comes in with every call, random bytes with a join, and
 * what comes out are answers and writes, in lists that the caller empties after every call. So
 * the same calls in the same order give the same answers, in a test, in the simulator and in
 * the gateway. It knows no connection, no disk and no clock.
 *
 *     groups_join, groups_sync, groups_turn ... ─▶ groups_answered  ─▶ waiter, answer
 *                                               ─▶ groups_unwritten ─▶ group, number
 *     groups_written(group, number) ◀── it is stored, or it is not
 *
 * Core: the coordinator. Ownership: a waiter is the caller's, lent from groups_join() or
 * groups_sync() until groups_answered() gives it back, which happens exactly once. What an
 * answer or a view points to is the group's, and good until the next call.
 * Limits: below; memory in all GROUPS_BYTES_MAX (group.h says what a member costs). Who comes
 * when it is used up is told that the group is full.
 */
#ifndef PENSTOCK_GROUPS_H
#define PENSTOCK_GROUPS_H

#include "dataplane/base/list.h"
#include "dataplane/base/siphash.h"
#include "dataplane/wire/kafka/kafka_error.h"

enum {
	GROUPS_MAX = 65536,
	GROUPS_BYTES_MAX = 256 << 20,
	/* Protocols that a member may name; others are passed over. */
	GROUP_PROTOCOLS_MAX = 32,
	/* Different ones that the members of a group may name between them. */
	GROUP_PROTOCOL_NAMES_MAX = 64,
	/* Of a client's id in the member id that is made of it. */
	GROUP_CLIENT_ID_BYTES_MAX = 255,
	/* A member that was never answered and is not heard of: Kafka's own number. */
	GROUP_NEW_MEMBER_JOIN_MS = 300000,
	/* An empty group is looked at so often, and goes when nothing is kept for it. */
	GROUP_EMPTY_MS = 600000,
	GROUP_RANDOM_BYTES = 16,
};

enum group_state {
#define GROUP_STATE(id, name) GROUP_##id,
#include "control/coordinator/groups/group_states.def"
#undef GROUP_STATE
};

/* "PreparingRebalance": Kafka's names. */
const char *group_state_name(enum group_state state);

struct groups_options {
	int32_t session_timeout_min_ms; /* group.min.session.timeout.ms */
	int32_t session_timeout_max_ms;
	int32_t initial_rebalance_delay_ms;
	int32_t members_max; /* group.max.size */
	struct siphash_key hash_key;
};

struct groups;
struct group;
struct group_topic;

/* Null when there is no memory. */
struct groups *groups_create(const struct groups_options *options, uint64_t now_ns);
/* Who still waits is in the list of the answered, and forgotten: before the waiters go. */
void groups_destroy(struct groups *g);

/* ---- answers ---------------------------------------------------------------------------- */

/* Of a join or a sync; what does not belong to one is empty. */
struct group_answer {
	int16_t error; /* enum kafka_error */
	bool may_skip_assignment;
	int32_t generation; /* -1: none */
	struct bytes protocol_type; /* null: none */
	struct bytes protocol_name;
	struct bytes leader;
	struct bytes member_id;
	struct bytes assignment;
	const struct group *members_of; /* the leader's: all members go into it; else null */
};

struct group_waiter {
	struct list node; /* groups->answered, when it has its answer */
	bool is_answered;
	struct group_answer answer;
};

/* The next one that has its answer; null: no other. */
struct group_waiter *groups_answered(struct groups *g);

/* ---- requests --------------------------------------------------------------------------- */

struct group_protocol {
	struct bytes name;
	struct bytes metadata;
};

struct group_join {
	struct bytes group_id;
	struct bytes member_id;   /* empty: it has none */
	struct bytes instance_id; /* null: not a static member */
	struct bytes client_id;
	struct bytes client_host;
	struct bytes protocol_type;
	const struct group_protocol *protocols;
	int32_t protocols_count;
	int32_t session_timeout_ms;
	int32_t rebalance_timeout_ms;
	bool needs_member_id;     /* since version 4: it is told its id before it is a member */
	bool may_skip_assignment; /* since version 9 */
	uint8_t random[GROUP_RANDOM_BYTES]; /* for the id that it may be given */
};

void groups_join(struct groups *g, uint64_t now_ns, const struct group_join *join,
		 struct group_waiter *lend);

struct group_assignment {
	struct bytes member_id;
	struct bytes assignment;
};

/* Who says that he is a member. */
struct group_identity {
	struct bytes group_id;
	struct bytes member_id;
	struct bytes instance_id; /* null: not a static member */
	int32_t generation;
};

struct group_sync {
	struct group_identity who;
	struct bytes protocol_type; /* null: not compared */
	struct bytes protocol_name;
	const struct group_assignment *assignments;
	int32_t assignments_count;
};

void groups_sync(struct groups *g, uint64_t now_ns, const struct group_sync *sync,
		 struct group_waiter *lend);

/* enum kafka_error, for the member's client. */
int16_t groups_heartbeat(struct groups *g, uint64_t now_ns, const struct group_identity *who);

/* May it commit offsets? A group nobody has heard of is none of a commit's that names no
 * generation: then there need not be one. */
int16_t groups_may_commit(struct groups *g, uint64_t now_ns, const struct group_identity *who);

struct group_leaver {
	struct bytes member_id; /* empty: named by its instance id */
	struct bytes instance_id;
	int16_t error; /* enum kafka_error: the answer */
};

/* The error of all of them, else 0: each has one of its own. */
int16_t groups_leave(struct groups *g, uint64_t now_ns, struct bytes group_id,
		     struct group_leaver *leavers, int32_t count);

/* ---- time ------------------------------------------------------------------------------- */

/* What is due by now, one thing; false: nothing. The caller has taken by then what members had
 * sent before `now_ns`: who was late himself must not find that they were. */
bool groups_turn(struct groups *g, uint64_t now_ns);
/* How long nothing is due, `limit_ns` at most. */
uint64_t groups_idle_ns(const struct groups *g, uint64_t now_ns, uint64_t limit_ns);

/* ---- what is to be stored --------------------------------------------------------------- */

/* The next group whose state has changed, with a number for it; null: no other. It stays until
 * groups_written() has been called with that number. A dead one is to be forgotten: no call
 * finds it any more. */
struct group *groups_unwritten(struct groups *g, uint32_t *ret_number);
/* `error`: as an append's, 0 when it is durable. Numbers of a group come in their order. */
void groups_written(struct groups *g, uint64_t now_ns, struct group *group, uint32_t number,
		    int16_t error);

/* ---- committed offsets ------------------------------------------------------------------ */

struct group_offset {
	int32_t partition;
	int32_t leader_epoch; /* -1: not known */
	int64_t offset;
	int64_t commit_ms; /* wall time */
	int64_t expire_ms; /* -1: as its group's */
	struct bytes metadata;
};

/* It is durable: what a fetch of offsets sees from now on. The group is made if there is none.
 * False: no memory, and what was committed before is still seen. */
bool groups_commit(struct groups *g, uint64_t now_ns, struct bytes group_id, struct bytes topic,
		   const struct group_offset *commit);
/* The same of one that is to be forgotten. */
void groups_forget_offset(struct groups *g, struct bytes group_id, struct bytes topic,
			  int32_t partition);

/* Null: nothing was committed. */
const struct group_offset *group_offset_find(const struct groups *g, const struct group *group,
					     struct bytes topic, int32_t partition);

struct group_topic_view {
	struct bytes name;
	const struct group_offset *offsets;
	uint32_t count;
};

/* The topic behind `previous`, in the order they came; null to begin with, null at the end. */
const struct group_topic *group_topic_next(const struct group *group,
					   const struct group_topic *previous);
struct group_topic_view group_topic_view(const struct group_topic *topic);

/* ---- looking at it ---------------------------------------------------------------------- */

struct group_view {
	struct bytes id;
	enum group_state state;
	int32_t generation;
	struct bytes protocol_type; /* null: none yet */
	struct bytes protocol_name; /* null: none is chosen */
	struct bytes leader;        /* null: none */
	int32_t members_count;
	/* When the last member went, or it was made: perhaps before the clock began. */
	int64_t empty_ns;
};

struct group_member_view {
	struct bytes member_id;
	struct bytes instance_id; /* null: none */
	struct bytes client_id;
	struct bytes client_host;
	struct bytes metadata; /* of the protocol that was chosen */
	struct bytes assignment;
	int32_t session_timeout_ms;
	int32_t rebalance_timeout_ms;
};

const struct group *groups_find(const struct groups *g, struct bytes id);
/* The group behind `previous`, in the order they came; null to begin with, null at the end. */
const struct group *groups_next(const struct groups *g, const struct group *previous);
struct group_view group_view(const struct group *group);
/* All of its members, members_count of them. */
void group_view_members(const struct group *group, struct group_member_view *ret);

/* As it was stored: what a view was of, and with members each has a session's time to be heard of.
 * It takes the place of what was restored of that id before; its offsets stay. False: no memory. */
bool groups_restore(struct groups *g, uint64_t now_ns, const struct group_view *view,
		    const struct group_member_view *members);
/* It was stored that there is no such group: what was restored of it goes, and nothing has to be
 * stored of that. Offsets have ends of their own. */
void groups_forget(struct groups *g, uint64_t now_ns, struct bytes id);

/* It goes, and its offsets, if it has no members; enum kafka_error. */
int16_t groups_delete(struct groups *g, struct bytes id);

#endif
