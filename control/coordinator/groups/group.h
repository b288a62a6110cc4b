/* group.h - what a group and a member are made of; private to this folder.
 *
 *     groups ─ by id ─▶ group ─ members, in the order they came ─▶ member ─▶ text: its ids
 *        ├─ by (group, member id) ──────────────────────────────────▲  ├─▶ protocols
 *        └─ by (group, instance id) ────────────────────────────────┘  └─▶ assignment
 *
 * What a member costs is GROUP_MEMBER_BYTES, its ids, the metadata of its protocols and its
 * assignment; the sum of all is groups->bytes, GROUPS_BYTES_MAX at most. A pending member has
 * been given an id and has not come with it yet: it is a member for the join phase, which
 * waits for it, and for nobody else.
 */
#ifndef PENSTOCK_GROUP_H
#define PENSTOCK_GROUP_H

#include "control/coordinator/groups/group_table.h"
#include "control/coordinator/groups/groups.h"
#include "dataplane/base/wheel.h"

/* A group's and its members' lie in one wheel. */
struct group_timer {
	struct timer timer;
	bool is_members;
};

struct groups {
	struct groups_options options;
	struct wheel wheel;
	struct group_table by_id;       /* struct group.by_id */
	struct group_table by_member;   /* struct group_member.by_id */
	struct group_table by_instance; /* struct group_member.by_instance */
	struct list all;                /* struct group.of_all */
	struct list dead;               /* the same; they wait for their last write */
	struct list answered;           /* struct group_waiter.node */
	struct group_table by_topic;    /* struct group_topic.by_name */
	struct list unwritten;          /* struct group.of_unwritten */
	uint64_t bytes;
	uint64_t serial; /* of the last group that was made */
};

/* What its members name between them. */
struct group_protocol_count {
	struct bytes name; /* its own memory; null: the place is free */
	uint32_t members;
};

struct group {
	struct group_node by_id;
	struct list of_all;
	struct list of_unwritten;
	struct group_timer timer; /* of its state: join phase, syncs that are owed, emptiness */
	struct list members; /* struct group_member.of_group; pending ones are not among them */
	struct list pending; /* the same */
	struct list topics;   /* struct group_topic.of_group */
	struct list replaced; /* struct group_member.of_replaced: joins that wait for a write */
	struct group_member *leader;
	uint64_t serial; /* part of its members' hashes */
	uint8_t state;   /* enum group_state */
	bool is_initial; /* Preparing for the first time: its delay runs, whoever has come */
	bool has_newcomer; /* since the delay began */
	int32_t generation;
	int64_t empty_ns;     /* the last time that it became so */
	int32_t delay_ms;     /* the one that runs */
	int32_t delay_left_ms; /* that may follow */
	uint32_t members_count;
	uint32_t pending_count;
	uint32_t joining_count; /* members whose join waits */
	uint32_t owing_count;   /* members that have joined and not synced yet */
	uint32_t write_number;  /* the last one given */
	uint32_t sync_number;   /* of the assignments that are being stored; 0: none are */
	uint32_t writes_out;
	struct bytes type; /* of protocol; its own memory; null: none yet */
	struct group_protocol_count *elected; /* what the group speaks; null: nothing yet */
	struct group_protocol_count counts[GROUP_PROTOCOL_NAMES_MAX];
	struct bytes id;
	uint8_t text[]; /* the id */
};

/* One block: items, then the bytes they point to. */
struct group_protocols {
	size_t size; /* of the block */
	int32_t count;
	struct group_protocol items[];
};

/* One block: the ids, one behind the other. */
struct group_text {
	size_t size; /* of the block */
	struct bytes member_id;
	struct bytes instance_id;
	struct bytes client_id;
	struct bytes client_host;
	uint8_t bytes[];
};

struct group_member {
	struct group_node by_id;
	struct group_node by_instance;
	struct list of_group;
	struct list of_replaced;
	struct group_timer session;
	struct group *group;
	struct group_waiter *joining; /* null: no join of it waits */
	struct group_waiter *syncing;
	struct group_text *text;
	struct group_protocols *protocols; /* null: pending */
	struct bytes assignment;           /* its own memory */
	int32_t session_timeout_ms;
	int32_t rebalance_timeout_ms;
	uint32_t join_number; /* of the write that its join waits for; 0: none */
	bool is_pending;
	bool is_new;     /* its first join was not answered yet */
	bool owes_sync;
	bool may_skip_assignment; /* of the join that waits */
};

/* How far a group has read a topic: by partition, in their order. */
struct group_topic {
	struct group_node by_name;
	struct list of_group;
	struct group *group;
	struct group_offset *offsets; /* room for `room` of them */
	uint32_t count;
	uint32_t room;
	struct bytes name;
	uint8_t text[]; /* the name */
};
static_assert(sizeof(struct group_offset) <= 48, "a million committed offsets are 48 MB");

/* Beside what the client sends; malloc's own 16 bytes for each of four blocks besides. */
enum { GROUP_MEMBER_BYTES = sizeof(struct group_member) + sizeof(struct group_text) +
			    sizeof(struct group_protocols) + sizeof(struct group_protocol) };
static_assert(GROUP_MEMBER_BYTES <= 384, "10,000 members are 4 MB and what they bring");
static_assert(sizeof(struct group) <= 2048, "65,536 groups are 128 MiB: half of what there is");

static inline uint64_t group_ms(uint64_t now_ns, int32_t ms)
{
	return now_ns + (uint64_t)(ms > 0 ? ms : 0) * 1000000;
}

static inline bool group_is_same(struct bytes a, struct bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Each group has hashes of its own: the same id in many of them makes no chain. */
static inline uint64_t group_hash(const struct groups *g, const struct group *group,
				  struct bytes text)
{
	struct siphash_key key = g->options.hash_key;
	key.k0 ^= group->serial;
	return siphash_table(key, text.data, text.size);
}

#endif
