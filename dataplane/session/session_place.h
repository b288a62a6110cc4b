/* session_place.h - what a session has while it waits: its place in a line, a time, the rest of a
 * frame.
 *
 *     session_wait, session_arm, a frame that is not whole ─▶ session_take_place ─▶ s->place
 *     nothing is waited for any more, or the session ends ──▶ given back
 *
 * All of a fleet may wait at the same time, in a storm: there are as many as sessions, so that
 * nobody is turned away for want of one, and no more of them are touched than ever waited at a
 * time. A vehicle that is silent between two frames has none.
 *
 * Core: poller. Memory: a slab, mapped at start.
 */
#ifndef PENSTOCK_SESSION_PLACE_H
#define PENSTOCK_SESSION_PLACE_H

#include "dataplane/session/session.h"

struct session_place {
	struct session *session;
	struct list blocked;   /* on the list of what it waits for, or alone */
	struct timer timer;
	uint32_t ticket;       /* of its place in the line; wraps */
	/* T-Box, of the frame in front that is not whole, in low bits of offsets: */
	uint32_t frame_at;     /* where it begins */
	uint32_t frame_bytes;  /* with so many it can be judged */
	uint32_t arrived_end;  /* end of what had arrived when the timer was armed */
};
static_assert(sizeof(struct session_place) == CACHE_LINE_BYTES, "one line for each that waits");

enum { SESSION_OWN_WAITS = 0xf0 }; /* bits of session.own that mean its place */

/* What it waits with, taken when it has none. */
struct session_place *session_take_place(struct sessions *ss, struct session *s);
/* Gives that back, unless something is waited for. */
void session_rest(struct sessions *ss, struct session *s);

#endif
