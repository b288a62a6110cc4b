/* fence.h - when is nothing of a connection on its way to a log any more?
 *
 *     FENCE ─▶ closing: its session ends ─▶ next ─▶ now: what was begun is back ─▶ given back
 *
 * A connection's records lie in batches beside other connections', begun or handed to writers.
 * So a fence waits for all of them: batches are counted by the epoch in which they were begun,
 * there are two of these, and the epoch changes when the other one is empty. What was begun
 * before a change is back when its epoch is empty again; new batches go on meanwhile. That
 * costs a batch two additions, and a fence no list of what it waits for.
 *
 * Core: poller. Memory: none but the messages. Bound: INBOX_FENCES_MAX of each sender.
 */
#ifndef PENSTOCK_FENCE_H
#define PENSTOCK_FENCE_H

#include "dataplane/inbox.h"

struct batching;
struct delivery;

struct fences {
	struct list closing; /* struct inbox_msg.node: the session is not gone yet */
	struct list next;    /* wait for the epoch to change */
	struct list now;     /* wait for the epoch before this to be empty */
};

void fences_init(struct fences *f);

/* A FENCE message: ends the stream's session, if it has one. */
void fence_begin(struct delivery *d, struct inbox_msg *give);

/* Gives back what is over; once a turn. */
void fences_turn(struct delivery *d, struct batching *b);

/* A session is about to go: the poller turns once more before it sleeps. */
static inline bool fences_are_closing(const struct fences *f)
{
	return !list_is_empty(&f->closing);
}

#endif
