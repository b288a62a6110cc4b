/* gen_run.h - one measurement: the generator's loop, its schedule and what it saw.
 *
 *     RESOLVE ─▶ CONNECT ─▶ READY ─▶ WARMUP ─▶ STEADY ─▶ DRAIN ─▶ FINISH ─▶ DONE
 *     ARP        greetings  others   load      measured  answers  FIN
 *
 * Open loop: message j of all is due at start + j / rate, on connection j mod N, whatever
 * has been answered; its latency counts from then, so that a target that stalls is
 * charged for everything it kept waiting. `burst_s` moves all of a period to the period's
 * start. Closed loop: each connection keeps `in_flight` messages under way.
 *
 * With steps the open loop's rate changes while it runs, and each second is told apart
 * (gen_series.h). A connection then has at most `outstanding` messages that are due and not
 * answered, the others are held back; when the rate falls, and at the end, those of which
 * no byte was sent are forgotten: a storm's end is its end, and not that of its backlog.
 *
 * Readers (gen_load.h), if the load has some, are its last connections: schedule, latency and
 * the counts of messages are of the others, the writers. A reader is owed its next request when
 * one is answered: until the steady phase is over, and then until it has all that there is for
 * it; to the end only the latter, and the phase is over with the last. What a batch that arrives
 * at one is measured from is when its message was due: of an open loop.
 *
 * Core: gen_run_loop() on the generator's lcore; what main reads meanwhile is atomic.
 */
#ifndef PENSTOCK_GEN_RUN_H
#define PENSTOCK_GEN_RUN_H

#include "perf/gen_figures.h"
#include "perf/gen_gate.h"
#include "perf/gen_schedule.h"
#include "perf/gen_series.h"

enum gen_phase {
	GEN_RESOLVE,
	GEN_CONNECT,
	GEN_READY,
	GEN_WARMUP,
	GEN_STEADY,
	GEN_DRAIN,
	GEN_FINISH,
	GEN_DONE,
	GEN_PHASES,
};

extern const char *const gen_phase_names[GEN_PHASES];

struct gen_step {
	double rate, seconds;
};

struct gen_run_options {
	struct gen_port *port;
	struct gen_gate *gate;
	const struct gen_load *load; /* null: datagrams */
	uint32_t datagram_bytes;     /* payload */
	uint32_t connections;        /* of datagrams: senders */
	uint32_t first;              /* number of the first of them, to the load */
	uint16_t target_port;
	double rate; /* messages per second of all connections; 0: closed loop */
	uint32_t in_flight;
	double warmup_s, seconds, burst_s;
	/* Of the steady phase; the warm-up has the first one's rate. */
	unsigned step_count;
	struct gen_step steps[GEN_STEPS_MAX];
	uint32_t outstanding; /* open loop, per connection; 0: as many as come */
};

struct gen_run {
	struct gen_run_options options;
	struct gen_tcp tcp;
	struct gen_figures figures;
	/* From when latency counts, per connection and outstanding message; null: by the
	 * schedule alone */
	uint32_t *since_us;
	struct gen_series *series; /* null: no steps */
	struct gen_schedule schedule; /* open loop */
	uint64_t ask_ns, steady_from_ns, steady_to_ns, begin_cycles;
	uint32_t empty_turns; /* since one that moved something */
	uint64_t scheduled; /* open loop: the next message */
	uint64_t given, held_back; /* see gen_series.h */
	unsigned step;             /* of the schedule's changes that have come */
	uint64_t mark_ns;          /* when a second ends */
	uint32_t greeted;
	uint64_t done[GEN_STRANGE]; /* greetings left out */
	uint64_t owed;               /* messages of writers that were given and not forgotten */
	uint32_t reading;            /* readers with a request under way */
	uint64_t fetched[GEN_STRANGE]; /* requests of readers */
	uint64_t cycles_busy, cycles_idle, cycles_stalled, datagrams;
	/* The lcore writes, main reads */
	cache_aligned atomic_int phase;
	atomic_uint_fast64_t shown_done, shown_begun;
	atomic_uint shown_open;
	/* Main writes */
	cache_aligned atomic_bool is_stopped; /* ends the measurement early */
};

/* 0 or -errno. */
int gen_run_init(struct gen_run *r, const struct gen_run_options *options);
void gen_run_fini(struct gen_run *r);
int gen_run_loop(void *run);

#endif
