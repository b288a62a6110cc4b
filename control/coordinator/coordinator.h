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
 * Core: coordinator_create() and _destroy() control; the rest the coordinator's thread
 * (coordinator_thread.h), or the simulator's turn. Limits: COORDINATOR_ARENA_BYTES for one
 * request and its answer, decoded; larger ones lose their connection. Those that are parked:
 * control/calls/parking.h.
 */
#ifndef PENSTOCK_COORDINATOR_H
#define PENSTOCK_COORDINATOR_H

#include "dataplane/base/stats.h"
#include "dataplane/inbox.h"

enum {
	COORDINATOR_ARENA_BYTES = 4 << 20,
	COORDINATOR_COMPLETIONS_PER_TURN = 64, /* of each writer */
};

struct coordinator_options {
	struct handoff *pollers[POLLERS_MAX]; /* the coordinator is the server */
	struct outbox *outboxes[POLLERS_MAX]; /* its own, to each poller */
	unsigned poller_count;
	struct handoff *writers[WRITERS_MAX]; /* it is the requester, with `sender` */
	unsigned writer_count;
	uint8_t sender;                       /* behind the pollers, see writer.h */
	struct stats_page *stats_page;
};

struct coordinator;

/* Copies the options. Null when there is no memory. */
struct coordinator *coordinator_create(const struct coordinator_options *options);
/* The pollers turn no more: what is still owed is forgotten. */
void coordinator_destroy(struct coordinator *c);

/* One turn; true when it found work. */
bool coordinator_turn(struct coordinator *c);
/* May its thread sleep now? Looks at the rings again (after wake_prepare). */
bool coordinator_may_sleep(const struct coordinator *c);

#endif
