/* parking.h - requests that wait for others at control or the coordinator, and their answers
 * through the inboxes of their pollers.
 *
 *     parking_take ─▶ the call goes back, is_parked ─ ... ─▶ parking_answer ─▶ SEND, ticket
 *                                      freed ◀── given back ◀── poller: answered, or gone
 *
 * What is parked is one block of memory, its first member a struct parked; the rest is the
 * server's. It costs no call, no place in a ring and no memory of the poller's but the answer
 * that is owed. Each has a place on its outbox's list from the start, so that nothing can fail
 * when it is answered. A connection that goes while its request is parked tells nobody: the SEND
 * comes back as INBOX_GONE.
 *
 * Core: the server's own. Limits: PARKED_REQUESTS_MAX, PARKED_BYTES_MAX.
 */
#ifndef PENSTOCK_PARKING_H
#define PENSTOCK_PARKING_H

#include "dataplane/inbox.h"

struct parked {
	struct inbox_msg msg; /* its SEND */
	struct list node;     /* parking->all */
	size_t size;          /* of the block */
	uint8_t *reply;
	uint8_t poller;
};

struct parking {
	struct outbox *outboxes[POLLERS_MAX]; /* by poller */
	unsigned poller_count;
	struct list all; /* struct parked.node, until its SEND is back */
	uint32_t requests;
	uint64_t bytes;
};

void parking_init(struct parking *p, struct outbox *const *outboxes, unsigned poller_count);
/* Frees what is still parked; the pollers turn no more. */
void parking_fini(struct parking *p);

/* A zeroed block of `size` bytes for the call's request, which is parked from now on; null: too
 * many are, or there is no memory, and the call must be answered at once. */
void *parking_take(struct parking *p, const struct call_msg *call, size_t size);

/* Answers it with the reply, from malloc; null ends the connection. Frees both when the poller
 * has taken them. */
void parking_answer(struct parking *p, struct parked *give, uint8_t *give_reply, size_t bytes);

/* Takes back what the pollers are done with; true when there was any. */
bool parking_turn(struct parking *p);
/* Would parking_turn() find any? Asked before the server sleeps. */
bool parking_has_news(const struct parking *p);

#endif
