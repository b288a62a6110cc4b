/* delivery.h - the inbox in: answers of parked requests and other bytes to their streams, streams
 * closed and fenced, packets to the turn; see inbox.h for the messages.
 *
 *     senders' rings ─▶ delivery_input ─┬─ SEND with a ticket ─▶ protocol->deliver ─▶ answer
 *                                       ├─ SEND ─▶ copied to its stream, or back as INBOX_FULL
 *                                       ├─ CLOSE ─▶ session_abort
 *                                       ├─ FENCE ─▶ fence.h
 *                                       └─ PACKET ─▶ in->packets, which the poller's turn takes
 *
 * Core: poller, between the completions and the port. Bound: INBOX_PER_TURN messages of each
 * sender in a turn; nothing here waits, what is kept is within the sender's budgets.
 */
#ifndef PENSTOCK_DELIVERY_H
#define PENSTOCK_DELIVERY_H

#include "dataplane/session/ingest_parts.h"

void delivery_init(struct ingest *in);

/* True when there were messages. */
bool delivery_input(struct ingest *in);

/* Gives a message back, and counts those that nobody was there for. */
static inline void delivery_give(struct ingest *in, struct inbox_msg *give,
				 enum inbox_outcome outcome)
{
	stats_add(&in->stats, STAT_inbox_gone, outcome == INBOX_GONE);
	inbox_give(&in->inbox, give, outcome);
}

/* Nothing lies here or in the rings. Asked before the core sleeps. */
bool delivery_is_idle(const struct ingest *in);

#endif
