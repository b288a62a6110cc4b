/* stuck.h - for how long no chunk of a pool has come or gone, while somebody waits for one.
 *
 * Requests that are kept in part, each waiting for chunks that the others keep, would wait for
 * ever: none of their peers is slow, for it is not they who are waited for.
 *
 * Core: poller. Pure functions.
 */
#ifndef PENSTOCK_STUCK_H
#define PENSTOCK_STUCK_H

#include "dataplane/base/base.h"

enum { STUCK_NS = 250000000 }; /* a whole request's answer gives its chunks back sooner */

struct stuck {
	uint64_t since_ns; /* 0: nobody waits */
	uint32_t in_use;
};

static inline void stuck_end(struct stuck *s)
{
	s->since_ns = 0;
}

/* Somebody waits; true: nothing has moved for STUCK_NS. */
static inline bool stuck_look(struct stuck *s, uint32_t in_use, uint64_t now_ns)
{
	if (!s->since_ns || s->in_use != in_use)
		*s = (struct stuck){.since_ns = now_ns, .in_use = in_use};
	return now_ns - s->since_ns >= STUCK_NS;
}

#endif
