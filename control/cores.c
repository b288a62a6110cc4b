/* cores.c - the loop of a data core and its idle ladder; see cores.h. */
#include "control/cores.h"
#include "control/eal.h"
#include "control/heap.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/quiescent.h"
#include "dataplane/store/disk/disk.h"

#include <rte_pause.h>
#include <sched.h>

enum {
	/* Empty turns before the core gives way or pauses, and before it sleeps. */
	BUSY_TURNS = 64,
	PAUSE_TURNS = 128,
	PAUSES_PER_TURN = 16,
	/* Counters of a core that never sleeps are published this often. */
	PUBLISH_TURNS = 1 << 16,
	/* Longer than the interval in which pollers and writers publish theirs. */
	LAST_TURN_NS = 2000000,
};

/* A write of the marks is waited for by no log and no drain, and ends before its memory and its
 * file go. A disk that hangs keeps the stop no longer than this. */
#define LAST_WRITES_NS (1 * NS_PER_S)

/* ---- the loop ---------------------------------------------------------------------- */

static void publish(struct core *c)
{
	stats_set(&c->stats, STAT_lcore_allocated_bytes,
		  heap_thread_allocated() - c->allocated_before);
	stats_publish(&c->page, &c->stats);
}

/* A core that sleeps reads no snapshot, and whoever retires one does not wait for it. */
static void sleep_wait(struct core *c, uint64_t limit_ns)
{
	const struct core_options *o = &c->options;
	int fds[1 + LOG_DIRS_MAX];
	unsigned count = 0;
	if (o->poller && poller_wait_fd(o->poller) >= 0)
		fds[count++] = poller_wait_fd(o->poller);
	for (unsigned d = 0; d < o->disk_count; d++)
		if (disk_wait_fd(o->disks[d]) >= 0)
			fds[count++] = disk_wait_fd(o->disks[d]);
	if (o->poller)
		quiescent_leave(o->rcu, o->reader);
	wake_wait(o->wake, limit_ns, fds, count);
	if (o->poller)
		quiescent_join(o->rcu, o->reader);
}

/* A port without a descriptor wakes nobody, so that the core has to look at it again soon. */
static uint64_t sleep_limit_ns(const struct core *c, bool is_polling)
{
	const struct core_options *o = &c->options;
	uint64_t limit_ns = o->settings->idle_sleep_us * NS_PER_US;
	if (o->writer)
		limit_ns = writer_idle_ns(o->writer, limit_ns);
	if (!is_polling)
		return limit_ns;
	if (poller_wait_fd(o->poller) < 0)
		limit_ns = min_u64(limit_ns, CORE_BLIND_SLEEP_US * NS_PER_US);
	return poller_idle_ns(o->poller, limit_ns);
}

/* What is checked behind wake_prepare() was perhaps sent before it, by somebody who saw no
 * sleeper and posted nothing. */
static void sleep_a_while(struct core *c, bool is_polling)
{
	const struct core_options *o = &c->options;
	uint64_t limit_ns = sleep_limit_ns(c, is_polling);
	publish(c);
	wake_prepare(o->wake);
	if (limit_ns == 0 || atomic_load(&c->is_stopping) ||
	    (is_polling && !poller_may_sleep(o->poller)) ||
	    (o->writer && !writer_may_sleep(o->writer))) {
		wake_cancel(o->wake);
		return;
	}
	sleep_wait(c, limit_ns);
}

/* A sync is done by a thread of the kernel that is bound to this CPU. A core that finds a packet
 * now and then never sleeps, and would keep that thread waiting until the scheduler's tick. A core
 * that is nearly always busy keeps its short gaps: each yield forfeits a slice of its time. */
static void give_way(const struct core_options *o)
{
	unsigned outstanding = 0;
	for (unsigned d = 0; d < o->disk_count; d++)
		outstanding += disk_outstanding(o->disks[d]);
	if (outstanding > 0)
		sched_yield();
}

/* One rung per call; work puts the core back at the foot of the ladder. */
static void idle_rung(struct core *c, bool is_polling)
{
	const struct settings *s = c->options.settings;
	if (++c->idle_turns < BUSY_TURNS)
		return;
	give_way(&c->options);
	if (s->idle == IDLE_BUSY)
		return;
	if (s->idle == IDLE_PAUSE || c->idle_turns < PAUSE_TURNS)
		for (unsigned i = 0; i < PAUSES_PER_TURN; i++)
			rte_pause();
	else
		sleep_a_while(c, is_polling);
}

/* What a thread of the kernel does meanwhile counts as idle: it is none of ours. */
static void idle(struct core *c, bool is_polling)
{
	uint64_t start = clock_cycles();
	idle_rung(c, is_polling);
	stats_add(&c->stats, STAT_cycles_idle, clock_cycles() - start);
}

static bool poller_step(struct core *c)
{
	struct poller *p = c->options.poller;
	if (!c->was_reset &&
	    unlikely(atomic_load_explicit(&c->is_resetting, memory_order_relaxed))) {
		poller_reset_connections(p);
		c->was_reset = true;
	}
	bool worked = poller_turn(p);
	if (unlikely(atomic_load_explicit(c->options.drain, memory_order_relaxed)))
		atomic_store(&c->is_drained, poller_is_drained(p));
	return worked;
}

static void last_writes(struct core *c)
{
	const struct core_options *o = &c->options;
	uint64_t limit_ns = clock_now_ns() + LAST_WRITES_NS;
	while (o->writer && !writer_is_idle(o->writer) && clock_now_ns() < limit_ns)
		if (!writer_turn(o->writer, false))
			give_way(o);
}

/* One more turn, late enough to publish what the ones before counted. */
static void last_turn(struct core *c)
{
	const struct core_options *o = &c->options;
	wake_wait(o->wake, LAST_TURN_NS, NULL, 0);
	if (o->poller && atomic_load(&c->is_serving))
		poller_turn(o->poller);
	if (o->writer)
		writer_turn(o->writer, false);
	publish(c);
}

/* The core reads snapshots from the moment it serves. Before that it has not joined, and nobody
 * who retires one waits for it. */
static int core_loop(void *argument)
{
	struct core *c = argument;
	const struct core_options *o = &c->options;
	bool is_polling = false;
	uint64_t turns = 0;
	require(heap_core_begin());
	c->allocated_before = heap_thread_allocated();
	while (!atomic_load_explicit(&c->is_stopping, memory_order_relaxed)) {
		bool worked = false;
		if (!is_polling && o->poller && atomic_load(&c->is_serving)) {
			quiescent_join(o->rcu, o->reader);
			is_polling = true;
		}
		if (is_polling)
			worked |= poller_step(c);
		if (o->writer)
			worked |= writer_turn(o->writer, worked);
		if (worked)
			c->idle_turns = 0;
		else
			idle(c, is_polling);
		if (++turns % PUBLISH_TURNS == 0)
			publish(c);
	}
	last_writes(c);
	last_turn(c);
	if (is_polling)
		quiescent_leave(o->rcu, o->reader);
	heap_core_end();
	return 0;
}

/* ---- control's side ---------------------------------------------------------------- */

int core_start(struct core *c, const struct core_options *options)
{
	*c = (struct core){.options = *options};
	return eal_launch(options->worker, core_loop, c);
}

void core_serve(struct core *c)
{
	atomic_store(&c->is_serving, true);
	wake_post(c->options.wake);
}

bool core_is_drained(const struct core *c)
{
	return !c->options.poller || atomic_load(&c->is_drained);
}

void core_reset(struct core *c)
{
	atomic_store(&c->is_resetting, true);
	wake_post(c->options.wake);
}

void core_stop(struct core *c)
{
	atomic_store(&c->is_stopping, true);
	wake_post(c->options.wake);
	eal_join(c->options.worker);
}
