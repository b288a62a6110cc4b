/* gen_run.h - one measurement: the generator's loop, its schedule and what it saw.
 *
 *     RESOLVE ─▶ CONNECT ─▶ WARMUP ─▶ STEADY ─▶ DRAIN ─▶ FINISH ─▶ DONE
 *     ARP        greetings  load      measured  answers  FIN
 *
 * Open loop: message j of all is due at start + j / rate, on connection j mod N, whatever
 * has been answered; its latency counts from then, so that a target that stalls is
 * charged for everything it kept waiting. `burst_s` moves all of a period to the period's
 * start. Closed loop: each connection keeps `in_flight` messages under way.
 *
 * Core: gen_run_loop() on the generator's lcore; what main reads meanwhile is atomic.
 */
#ifndef PENSTOCK_GEN_RUN_H
#define PENSTOCK_GEN_RUN_H

#include "perf/gen_chaos.h"
#include "perf/gen_schedule.h"
#include "perf/gen_tcp.h"
#include "perf/histogram.h"

#include <stdatomic.h>

enum gen_phase {
	GEN_RESOLVE,
	GEN_CONNECT,
	GEN_WARMUP,
	GEN_STEADY,
	GEN_DRAIN,
	GEN_FINISH,
	GEN_DONE,
	GEN_PHASES,
};

extern const char *const gen_phase_names[GEN_PHASES];

struct gen_run_options {
	struct gen_port *port;
	const struct gen_load *load;   /* null: datagrams */
	const struct gen_chaos *chaos; /* null, or what `load` is the load of */
	uint32_t datagram_bytes;       /* payload */
	uint32_t connections;          /* of datagrams: senders */
	uint16_t target_port;
	double rate; /* messages per second of all connections; 0: closed loop */
	uint32_t in_flight;
	double warmup_s, seconds, burst_s;
};

/* Of the steady phase, unless it says otherwise. */
struct gen_figures {
	uint64_t steady_ns;
	uint64_t steady_cycles;     /* of the counter, in the same time */
	uint64_t connect_ns;        /* of the CONNECT phase */
	uint64_t offered;           /* messages that were due */
	uint64_t begun;             /* messages of which a byte was sent */
	uint64_t done[GEN_STRANGE]; /* answered, by verdict */
	uint64_t packets_sent, bytes_sent, packets_received, bytes_received;
	uint64_t cycles_busy, cycles_idle;
	struct histogram latency;
	/* Of the whole run */
	uint64_t done_all[GEN_STRANGE];
	uint64_t begun_all;
	uint64_t unanswered; /* neither done nor lost at the end */
	const char *failure; /* null: none */
};

struct gen_run {
	struct gen_run_options options;
	struct gen_tcp tcp;
	struct gen_figures figures;
	uint32_t *sent_us; /* closed loop: when, per connection and message in flight */
	struct gen_schedule schedule; /* open loop */
	uint64_t ask_ns, steady_from_ns, steady_to_ns, begin_cycles;
	uint64_t scheduled; /* open loop: messages given to their connections */
	uint32_t greeted;
	uint64_t done[GEN_STRANGE]; /* greetings left out */
	uint64_t cycles_busy, cycles_idle, datagrams;
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
