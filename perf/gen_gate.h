/* gen_gate.h - lcores that begin together: none before all are connected, and none at all when
 * one of them failed.
 *
 *     gen_gate_enter (each, once) ... gen_gate_start_ns: 0 until the last has entered
 *
 * Core: all of the generator's; everything is atomic.
 */
#ifndef PENSTOCK_GEN_GATE_H
#define PENSTOCK_GEN_GATE_H

#include "dataplane/base/base.h"

#include <stdatomic.h>

struct gen_gate {
	unsigned count; /* lcores */
	atomic_uint entered;
	atomic_bool is_shut;
	atomic_uint_fast64_t start_ns;
};

static inline void gen_gate_enter(struct gen_gate *g, uint64_t now_ns)
{
	if (atomic_fetch_add(&g->entered, 1) + 1 == g->count)
		atomic_store(&g->start_ns, now_ns);
}

/* For an lcore that cannot enter: the others need not wait. */
static inline void gen_gate_shut(struct gen_gate *g)
{
	atomic_store(&g->is_shut, true);
}

static inline uint64_t gen_gate_start_ns(const struct gen_gate *g)
{
	return atomic_load(&g->start_ns);
}

static inline bool gen_gate_is_shut(const struct gen_gate *g)
{
	return atomic_load(&g->is_shut);
}

#endif
