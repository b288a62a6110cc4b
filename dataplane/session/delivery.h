/* delivery.h - the inbox in: answers of parked requests and other bytes to their streams, streams
 * closed and fenced, packets to the turn; see inbox.h for the messages.
 *
 *     senders' rings ─▶ delivery_input ─┬─ SEND with a ticket ─▶ protocol->deliver ─▶ answer
 *                                       ├─ SEND ─▶ copied to its stream, or back as INBOX_FULL
 *                                       ├─ CLOSE ─▶ session_abort
 *                                       ├─ FENCE ─▶ fence.h
 *                                       └─ PACKET ─▶ packets, which the poller's turn takes
 *
 * Core: poller, between the completions and the port. Bound: INBOX_PER_TURN messages of each
 * sender in a turn; nothing here waits, what is kept is within the sender's budgets.
 */
#ifndef PENSTOCK_DELIVERY_H
#define PENSTOCK_DELIVERY_H

#include "dataplane/base/stats.h"
#include "dataplane/inbox.h"
#include "dataplane/session/fence.h"

struct ingest;
struct stream;

/* What was sent to a poller, as far as it is not back yet. */
struct delivery {
	struct stats *stats;
	struct inbox inbox;
	struct list packets; /* struct inbox_msg.node: PACKETs, for the next turns */
	struct fences fences;
	/* The stream a handle names, or null; `transport` is whose streams they are. */
	struct stream *(*stream_find)(void *transport, uint64_t handle);
	void *transport;
};

/* Inbox, stream_find and transport are the caller's to set. */
void delivery_init(struct delivery *d, struct stats *stats);

/* True when there were messages. */
bool delivery_input(struct ingest *in);

/* Gives a message back, and counts those that nobody was there for. */
static inline void delivery_give(struct delivery *d, struct inbox_msg *give,
				 enum inbox_outcome outcome)
{
	stats_add(d->stats, STAT_inbox_gone, outcome == INBOX_GONE);
	inbox_give(&d->inbox, give, outcome);
}

/* Nothing lies here or in the rings. Asked before the core sleeps. */
bool delivery_is_idle(const struct delivery *d);

#endif
