/* cores.h - the data cores: which CPU turns what, the loop each runs, and its idle ladder.
 *
 *     loop:  poller turn, writer turn ─▶ work? ─▶ again
 *                                          └─▶ busy ─▶ rte_pause ─▶ sleep in wake_wait()
 *
 * As long as its disks owe it something, each idle turn gives way to the kernel's threads.
 *
 * A core that sleeps is offline for rte_rcu_qsbr, is woken by messages (base/wake.h), by
 * packets where the port has a descriptor for them and by the disks; where the port has none it
 * sleeps CORE_BLIND_SLEEP_US at most.
 *
 * Phases: a core turns its writer from the start, its poller from core_serve() on, so that
 * nobody is answered before recovery is done. Then drain (poller_options.drain), core_stop().
 *
 * Core: control calls everything here; the loop runs on the core's own lcore. What both touch
 * is atomic.
 */
#ifndef PENSTOCK_CORES_H
#define PENSTOCK_CORES_H

#include "config/settings.h"
#include "dataplane/poller.h"
#include "dataplane/writer.h"

enum { CORE_BLIND_SLEEP_US = 100 };

/* Which CPU runs what. */
struct core_plan {
	unsigned count;
	unsigned poller_count;
	unsigned writer_count;
	int coordinator_cpu; /* -1: wherever control runs */
	struct {
		uint16_t cpu;
		int poller; /* index, or -1 */
		int writer;
	} core[POLLERS_MAX + WRITERS_MAX];
};

/* From penstock.cores; when that names no data core, a poller and a writer on the last two of
 * three or more CPUs, one fused core on the last of fewer. -errno with the reason printed. */
int cores_plan(const struct settings *s, struct core_plan *ret);

struct core_options {
	unsigned worker;       /* EAL's */
	struct poller *poller; /* null: none */
	unsigned reader;       /* of `rcu`, with a poller */
	struct rte_rcu_qsbr *rcu;
	struct writer *writer; /* null: none */
	struct disk *disks[LOG_DIRS_MAX]; /* the writer's */
	unsigned disk_count;
	struct wake *wake;
	const atomic_bool *drain;
	const struct settings *settings;
};

struct core {
	/* Set at start */
	struct core_options options;
	/* Control writes, the core reads */
	cache_aligned atomic_bool is_serving;
	atomic_bool is_resetting;
	atomic_bool is_stopping;
	/* The core writes, control reads */
	cache_aligned atomic_bool is_drained;
	struct stats_page page; /* the loop's: pauses, sleeps, allocations */
	/* The core's own */
	cache_aligned struct stats stats;
	uint64_t allocated_before;
	unsigned idle_turns;
	bool was_reset;
};

/* 0 or -errno. */
int core_start(struct core *c, const struct core_options *options);
/* Lets the poller turn. */
void core_serve(struct core *c);
/* True once the poller holds nothing any more; asked while draining. */
bool core_is_drained(const struct core *c);
/* The drain took too long: resets what is left. */
void core_reset(struct core *c);
/* Ends the loop after a last turn whose counters are published, and waits for it. */
void core_stop(struct core *c);

#endif
