/* coordinator.h - who owns what is kept by key, and answers the requests about it.
 *
 *     pollers ── calls ──▶ coordinator_turn ── appends, reads, watches ──▶ writers
 *        ◀── replies ──────┘  │  ◀───────────── completions ──────────────────┘
 *        ◀── inbox ───────────┘  answers of parked requests
 *
 * It is a server of pollers, as control is, and a requester of writers, as a poller is. A turn
 * never blocks: there is no disk in sight (tests/tidy/layers.txt), no lock, and nothing that
 * waits for control. See docs/COORDINATOR.md.
 *
 * Its groups lie in __consumer_offsets: group_service.h. Its producer ids come in blocks from
 * control: producer_ids.h.
 *
 * Core: coordinator_create() and _destroy() control; the rest the coordinator's thread
 * (coordinator_thread.h), or the simulator's turn. Limits: COORDINATOR_ARENA_BYTES for one
 * request and its answer, decoded; larger ones lose their connection. Those that are parked:
 * control/calls/parking.h.
 */
#ifndef PENSTOCK_COORDINATOR_H
#define PENSTOCK_COORDINATOR_H

#include "config/settings.h"
#include "dataplane/base/stats.h"
#include "dataplane/inbox.h"

enum {
	/* A batch of OFFSETS_BATCH_BYTES_MAX that holds one state, and its members decoded: 61
	 * bytes there are 256 here. Touched as far as anything has ever needed it. */
	COORDINATOR_ARENA_BYTES = 32 << 20,
	COORDINATOR_COMPLETIONS_PER_TURN = 64, /* of each writer */
};

struct id_blocks;
struct topic_wish;
struct topics;
struct rte_rcu_qsbr;

/* Where clients of a listener are told to come back to. */
struct coordinator_listener {
	char host[SETTING_HOST_BYTES];
	uint16_t port;
};

struct coordinator_options {
	struct handoff *pollers[POLLERS_MAX]; /* the coordinator is the server */
	struct outbox *outboxes[POLLERS_MAX]; /* its own, to each poller */
	unsigned poller_count;
	struct handoff *writers[WRITERS_MAX]; /* it is the requester, with `sender` */
	unsigned writer_count;
	uint8_t sender;                       /* behind the pollers, see writer.h */
	struct stats_page *stats_page;
	struct topics *_Atomic *topics; /* where control publishes them; null: there are none */
	struct rte_rcu_qsbr *rcu;       /* the coordinator is its reader `reader`; null: none */
	unsigned reader;
	struct topic_wish *wish;        /* for __consumer_offsets; null: nobody makes it */
	struct id_blocks *ids;          /* producer ids; null: there are none */
	struct group_settings groups;
	int32_t node_id;
	struct coordinator_listener listeners[LISTENERS_MAX]; /* by index, as in struct call_msg */
	/* One line for the operator, from the coordinator's thread; null: nobody hears it. */
	void (*say)(void *say_owner, const char *line);
	void *say_owner;
};

struct coordinator;

/* Copies the options. Null when there is no memory. */
struct coordinator *coordinator_create(const struct coordinator_options *options);
/* The pollers turn no more: what is still owed is forgotten. */
void coordinator_destroy(struct coordinator *c);

/* One turn; true when it found work. */
bool coordinator_turn(struct coordinator *c);
/* For how long nothing is due unless something comes; `limit_ns` at most. */
uint64_t coordinator_idle_ns(const struct coordinator *c, uint64_t limit_ns);
/* May its thread sleep now? Looks at the rings again (after wake_prepare). */
bool coordinator_may_sleep(const struct coordinator *c);

#endif
