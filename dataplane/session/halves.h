/* halves.h - large requests of which a part is kept, and for how long none of them has grown while
 * somebody waits for memory of theirs.
 *
 * Each of them waiting for chunks that the others keep would wait for ever: none of their peers is
 * slow, for it is not they who are waited for. Small requests come and go in the same pool
 * meanwhile, so that what the pool has left says nothing.
 *
 * Core: poller. Pure functions.
 */
#ifndef PENSTOCK_HALVES_H
#define PENSTOCK_HALVES_H

#include "dataplane/base/base.h"
#include "dataplane/base/list.h"

enum { HALVES_STUCK_NS = 250000000 }; /* a whole request's answer gives its chunks back sooner */

struct halves {
	struct list batches; /* struct incoming_batch.node, oldest first */
	uint64_t still_since_ns; /* 0: one has grown since the last look, or nobody waits */
};

static inline void halves_init(struct halves *h)
{
	list_init(&h->batches);
	h->still_since_ns = 0;
}

static inline void halves_moved(struct halves *h)
{
	h->still_since_ns = 0;
}

/* Somebody waits; true: none has grown for HALVES_STUCK_NS. */
static inline bool halves_are_stuck(struct halves *h, uint64_t now_ns)
{
	if (!h->still_since_ns)
		h->still_since_ns = now_ns;
	return now_ns - h->still_since_ns >= HALVES_STUCK_NS;
}

#endif
