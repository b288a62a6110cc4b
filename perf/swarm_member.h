/* swarm_member.h - a consumer as its group's coordinator sees it: answers and time in, requests
 * out.
 *
 *     join ─▶ JOINING ─ its generation ─▶ SYNCING ─ its share ─▶ STABLE ─ leave ─▶ LEAVING ─▶ GONE
 *               ▲ 79: again, with an id                            │ a heartbeat each interval
 *               └───────────────── 27: the group rebalances ───────┘
 *     commit ─▶ COMMITTING: one commit after the other, as a client without a group does
 *     wait ───▶ WAITING: one Fetch of an empty partition after the other
 *
 * As Java's consumer: an id is asked for first (KIP-394), a heartbeat is due an interval after the
 * last or after the share came, and none is sent while it joins. What it brings and what the
 * leader assigns have the sizes of Java's, for a topic of one name.
 *
 * Core: one thread. Memory: the members are the caller's, at fixed places.
 */
#ifndef PENSTOCK_PERF_SWARM_MEMBER_H
#define PENSTOCK_PERF_SWARM_MEMBER_H

#include "perf/histogram.h"
#include "perf/swarm_link.h"

enum {
	SWARM_ID_BYTES_MAX = 128,
	SWARM_GROUP_BYTES_MAX = 32,
	SWARM_ERROR_CODES = 160, /* of Kafka's; others count as the last */
};

enum swarm_state {
	SWARM_JOINING,
	SWARM_SYNCING,
	SWARM_STABLE,
	SWARM_LEAVING,
	SWARM_GONE,
	SWARM_COMMITTING,
	SWARM_WAITING,
	SWARM_RESTING, /* told to come again: joins when it is due */
};

/* What the members of one kind have seen. */
struct swarm_tally {
	const char *topic;    /* that is committed for, or waited at */
	uint64_t interval_ns; /* of heartbeats */
	int32_t session_ms;
	uint64_t good;        /* commits, or fetches that found nothing */
	struct histogram latency; /* of all but joins and syncs */
	/* Answers that neither a good group nor one that begins gives. */
	uint64_t errors[SWARM_ERROR_CODES];
};

struct swarm_member {
	struct swarm_link link;
	struct swarm_tally *tally;
	char group[SWARM_GROUP_BYTES_MAX];
	uint8_t id[SWARM_ID_BYTES_MAX];
	size_t id_bytes;
	uint8_t state; /* enum swarm_state */
	int32_t generation;
	uint32_t partition;  /* that it commits for, or waits at */
	uint64_t due_ns;     /* its next heartbeat, or try */
	uint64_t came_ns;    /* its last JoinGroup went, */
	uint64_t told_ns;    /* was answered with a generation, */
	uint64_t shared_ns;  /* and its share came */
};

/* All: 0 or -errno, when its connection is gone. */
int swarm_member_join(struct swarm_member *m, uint64_t now_ns);
int swarm_member_leave(struct swarm_member *m, uint64_t now_ns);
int swarm_member_commit(struct swarm_member *m, uint64_t now_ns);
int swarm_member_wait(struct swarm_member *m, uint64_t now_ns);
/* An answer is whole. */
int swarm_member_take(struct swarm_member *m, uint64_t now_ns);
/* Sends what is due. */
int swarm_member_turn(struct swarm_member *m, uint64_t now_ns);

#endif
