/* gen_figures.h - what a run has counted; those of several lcores add up to one.
 *
 * Core: the lcore that counts, then main.
 */
#ifndef PENSTOCK_GEN_FIGURES_H
#define PENSTOCK_GEN_FIGURES_H

#include "perf/gen_tcp.h"
#include "perf/histogram.h"

struct gen_figures {
	const char *failure; /* null: none */

	/* Of the steady phase */
	uint64_t steady_ns;
	uint64_t steady_cycles;     /* of the counter, in the same time */
	uint64_t offered;           /* messages that were due */
	uint64_t begun;             /* messages of which a byte was sent */
	uint64_t done[GEN_STRANGE]; /* answered, by verdict */
	uint64_t packets_sent, bytes_sent, packets_received, bytes_received;
	/* Turns that found work; that found none; whose work the full port did not take */
	uint64_t cycles_busy, cycles_idle, cycles_stalled;
	struct histogram latency;
	/* Of readers: what they read in the steady phase; from when a batch was due until a reader
	 * had it */
	struct gen_reads reads;
	struct histogram end_to_end;

	/* Of the whole run */
	uint64_t connect_ns;            /* of the CONNECT phase */
	uint64_t begun_all;             /* = done_all + unanswered + messages_lost */
	uint64_t done_all[GEN_STRANGE]; /* greetings included */
	uint64_t unanswered;
	uint64_t lost[GEN_LOSSES]; /* connections */
	uint64_t messages_lost[GEN_LOSSES];
	struct gen_reads reads_all;
	uint64_t records;        /* that the target says it has; of datagrams: sent */
	uint64_t good_answers;   /* asked for or not */
	uint64_t retransmits, out_of_order;
	uint64_t port_waits, strays, checksum_errors;
};

/* Counts and rates add up; times are those of the longest. */
void gen_figures_add(struct gen_figures *sum, const struct gen_figures *one);

#endif
