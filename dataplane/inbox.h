/* inbox.h - what a poller is told that it did not ask for: messages of control, of the
 * coordinator, of other pollers.
 *
 *     sender: outbox_send ─▶ [ring] ─▶ delivery_input (poller) ─▶ done, or kept a while
 *                 └─ full ─▶ waiting, oldest first ─▶ outbox_reap moves it on
 *     sender: outbox_reap ◀── [ring] ◀── given back, with its outcome, exactly once
 *
 * An outbox is one sender's way to one poller: a handoff whose server is the poller, and a list
 * for what the handoff has no budget for. Neither side ever waits. A poller's inbox is the
 * servers' ends of all its senders; it takes INBOX_PER_TURN of each in a turn.
 *
 *   SEND    bytes to a stream. With a ticket they are the answer of that request, and its last
 *           message; without bytes the request ends without an answer and its connection with
 *           it. Without a ticket they go out behind what was sent before.
 *   CLOSE   the stream loses its session now, answers owed are not sent
 *   FENCE   the same, and comes back when nothing of that stream can reach a log any more
 *   PACKET  an Ethernet frame for a flow that the poller owns
 *
 * Ownership: a message and its bytes are the poller's from outbox_send() until outbox_reap().
 * Core: the sender's own, for everything here but inbox_give(). Barriers: the handoff's.
 */
#ifndef PENSTOCK_INBOX_H
#define PENSTOCK_INBOX_H

#include "dataplane/handoff.h"

enum inbox_outcome {
	INBOX_DONE, /* sent (in order, not yet acknowledged), closed, fenced, taken in */
	INBOX_GONE, /* nobody has this handle or ticket any more */
	INBOX_FULL, /* a SEND without a ticket: no memory, or the peer does not read */
};

struct inbox_msg {
	struct handoff_msg msg; /* kind: HANDOFF_SEND, _CLOSE, _FENCE or _PACKET */
	uint8_t outcome;        /* enum inbox_outcome, the answer */
	struct ticket ticket;   /* the stream, and of a SEND the request it answers */
	struct bytes bytes;     /* of a SEND, of a PACKET */
	void *owner;            /* sender's own */
	struct list node;       /* whoever holds the message */
};

struct outbox {
	struct handoff handoff;
	struct list waiting;   /* struct inbox_msg.node */
	uint32_t waiting_count;
	uint8_t sender;        /* index of the handoff in the poller's inbox */
};

/* What a poller looks into. */
struct inbox {
	struct handoff *senders[INBOX_SENDERS_MAX];
	unsigned count;
};

/* -errno when there is no memory. Core: control, before the cores start. */
int outbox_init(struct outbox *o, uint8_t sender, struct wake *from, struct wake *poller);
void outbox_fini(struct outbox *o);

/* May one more be sent, now or from the list? */
static inline bool outbox_has_room(const struct outbox *o)
{
	return o->waiting_count < OUTBOX_WAITING_MAX;
}

/* The caller has made sure of the room. */
void outbox_send(struct outbox *o, struct inbox_msg *give);

/* Messages given back, `max` at most; moves on what waits. */
unsigned outbox_reap(struct outbox *o, struct inbox_msg **ret, unsigned max);

/* Would outbox_reap() find any? Asked before the sender sleeps. */
static inline bool outbox_has_news(const struct outbox *o)
{
	return handoff_has_up(&o->handoff);
}

/* Core: poller. */
static inline bool inbox_has_any(const struct inbox *i)
{
	for (unsigned s = 0; s < i->count; s++)
		if (handoff_has_down(i->senders[s]))
			return true;
	return false;
}

/* The message goes back to whoever sent it. Core: poller. */
void inbox_give(struct inbox *i, struct inbox_msg *give, enum inbox_outcome outcome);

#endif
