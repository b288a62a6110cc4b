/* own_clock.h - the time in which a core was there: what it measures its peers by.
 *
 *     machine  ──turn──turn────────── away ──────────turn──turn──▶
 *     own      ──turn──turn|                         |turn──turn──▶
 *
 * A core may lose its CPU for seconds: to other threads, to a hypervisor, to SIGSTOP. It comes back
 * to a port full of what its peers have sent meanwhile, and to peers that wait for their turn to
 * send the rest. By the machine's clock all their time is over, and none of them had it: so the
 * clock that timers are set by stands still while the core is away. A core that sleeps because it
 * may is not away before the time it wanted to be woken at.
 *
 * Core: the owner's. Pure functions; the machine's time is the caller's, from clock.h.
 */
#ifndef PENSTOCK_OWN_CLOCK_H
#define PENSTOCK_OWN_CLOCK_H

#include "dataplane/base/base.h"

/* Longer than any turn takes and any scheduler's slice: who is later than this was away. */
enum { OWN_CLOCK_LATE_NS = 100000000 };

struct own_clock {
	uint64_t due_ns;  /* machine's: by when the next turn begins; 0: there was none */
	uint64_t away_ns; /* all absences */
};

/* A turn begins; returns how long the core was away before it. */
static inline uint64_t own_clock_turn(struct own_clock *c, uint64_t machine_ns)
{
	bool is_late = c->due_ns && machine_ns > c->due_ns + OWN_CLOCK_LATE_NS;
	uint64_t away_ns = is_late ? machine_ns - c->due_ns : 0;
	c->away_ns += away_ns;
	c->due_ns = machine_ns;
	return away_ns;
}

/* The core may sleep until then. */
static inline void own_clock_rest(struct own_clock *c, uint64_t until_machine_ns)
{
	c->due_ns = until_machine_ns;
}

static inline uint64_t own_clock_ns(const struct own_clock *c, uint64_t machine_ns)
{
	return machine_ns - c->away_ns;
}

#endif
