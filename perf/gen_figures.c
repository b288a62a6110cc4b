/* gen_figures.c - the counts of several lcores in, those of one run out; see gen_figures.h. */
#include "perf/gen_figures.h"

static void add_counts(uint64_t *sum, const uint64_t *one, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		sum[i] += one[i];
}

/* The lcores measure at the same time, so the longest of their times is that of all; what they
 * counted adds up. */
static void add_steady(struct gen_figures *sum, const struct gen_figures *one)
{
	sum->steady_ns = max_u64(sum->steady_ns, one->steady_ns);
	sum->steady_cycles = max_u64(sum->steady_cycles, one->steady_cycles);
	sum->offered += one->offered;
	sum->begun += one->begun;
	add_counts(sum->done, one->done, GEN_STRANGE);
	sum->packets_sent += one->packets_sent;
	sum->bytes_sent += one->bytes_sent;
	sum->packets_received += one->packets_received;
	sum->bytes_received += one->bytes_received;
	sum->cycles_busy += one->cycles_busy;
	sum->cycles_idle += one->cycles_idle;
	sum->cycles_stalled += one->cycles_stalled;
	histogram_merge(&sum->latency, &one->latency);
	gen_reads_add(&sum->reads, &one->reads, 1);
	histogram_merge(&sum->end_to_end, &one->end_to_end);
}

/* One reason is enough: the others of a run that failed mostly follow from it. */
void gen_figures_add(struct gen_figures *sum, const struct gen_figures *one)
{
	if (!sum->failure)
		sum->failure = one->failure;
	add_steady(sum, one);
	sum->connect_ns = max_u64(sum->connect_ns, one->connect_ns);
	sum->begun_all += one->begun_all;
	add_counts(sum->done_all, one->done_all, GEN_STRANGE);
	sum->unanswered += one->unanswered;
	add_counts(sum->lost, one->lost, GEN_LOSSES);
	add_counts(sum->messages_lost, one->messages_lost, GEN_LOSSES);
	gen_reads_add(&sum->reads_all, &one->reads_all, 1);
	sum->records += one->records;
	sum->good_answers += one->good_answers;
	sum->retransmits += one->retransmits;
	sum->out_of_order += one->out_of_order;
	sum->port_waits += one->port_waits;
	sum->strays += one->strays;
	sum->checksum_errors += one->checksum_errors;
}
