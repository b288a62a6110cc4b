/* gen_report.c - a finished run in, its figures as JSON and as text out; see
 * gen_report.h. */
#include "perf/gen_report.h"
#include "dataplane/base/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum { SENTENCE_BYTES = 256 };

/* All counts that come here are of the measured part of the run. */
static double per_second(uint64_t count, const struct gen_figures *f)
{
	return f->steady_ns ? (double)count * (double)NS_PER_S / (double)f->steady_ns
			    : 0.0;
}

static uint64_t done_of(const uint64_t done[GEN_STRANGE])
{
	return done[GEN_ACCEPTED] + done[GEN_REFUSED];
}

/* ---- JSON -------------------------------------------------------------------------- */

static json_t *latency_json(const struct histogram *h)
{
	static const struct {
		const char *name;
		double quantile;
	} shown[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
	json_t *latency = json_object();
	json_object_set_new(latency, "count", json_integer((json_int_t)h->count));
	for (unsigned i = 0; i < array_len(shown); i++)
		json_object_set_new(latency, shown[i].name,
				    json_real((double)histogram_quantile_ns(
						      h, shown[i].quantile) /
					      (double)NS_PER_US));
	json_object_set_new(latency, "max",
			    json_real((double)h->max_ns / (double)NS_PER_US));
	return latency;
}

static json_t *second_json(const struct gen_series *s, uint32_t i)
{
	struct gen_tally t = gen_series_grown(s, i);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:o}", "given",
			 (json_int_t)t.given, "held_back", (json_int_t)t.held_back, "begun",
			 (json_int_t)t.begun, "accepted", (json_int_t)t.accepted, "refused",
			 (json_int_t)t.refused, "lost", (json_int_t)t.lost, "retransmits",
			 (json_int_t)t.retransmits, "busy",
			 t.cycles_all ? (double)t.cycles_busy / (double)t.cycles_all : 0.0,
			 "latency_us", latency_json(&s->latency[i]));
}

/* The seconds of each step, and the latencies of all messages due in it. */
static json_t *steps_json(const struct gen_run_options *o, const struct gen_series *s)
{
	json_t *steps = json_array();
	uint32_t second = 0;
	for (unsigned i = 0; i < o->step_count; i++) {
		struct histogram latency = {0};
		json_t *seconds = json_array();
		uint32_t end = second + (uint32_t)o->steps[i].seconds;
		for (; second < end && second + 1 < s->marked; second++) {
			json_array_append_new(seconds, second_json(s, second));
			histogram_merge(&latency, &s->latency[second]);
		}
		json_array_append_new(
			steps, json_pack("{s:f, s:f, s:o, s:o}", "rate", o->steps[i].rate,
					 "seconds", o->steps[i].seconds, "latency_us",
					 latency_json(&latency), "each", seconds));
	}
	return steps;
}

/* Null without steps. */
static json_t *series_json(const struct gen_team *t)
{
	struct gen_series *s = calloc(1, sizeof *s);
	json_t *steps = s && gen_team_series(t, s) ? steps_json(&t->options->run, s) : NULL;
	free(s);
	return steps;
}

/* Bytes on the line, preamble and gap included, against what the driver calls its speed.
 */
static json_t *line_json(const struct gen_figures *f, uint32_t mbps)
{
	uint64_t line_bytes = f->bytes_sent + f->packets_sent * GEN_ETH_OVERHEAD_BYTES;
	double gbps = per_second(line_bytes, f) * 8e-9;
	return json_pack("{s:f, s:f, s:f, s:f, s:i, s:f}", "packets_sent_per_s",
			 per_second(f->packets_sent, f), "packets_received_per_s",
			 per_second(f->packets_received, f), "frame_bytes_mean",
			 f->packets_sent ? (double)f->bytes_sent / (double)f->packets_sent
					 : 0.0,
			 "gbit_per_s", gbps, "port_mbit_per_s", (int)mbps,
			 "percent_of_port", mbps ? gbps * 1e5 / mbps : 0.0);
}

/* Only losses that there were: a clean run shows none. */
static json_t *ledger_json(const struct gen_figures *f)
{
	json_t *lost = json_object(), *connections = json_object();
	for (unsigned i = 0; i < GEN_LOSSES; i++) {
		if (!f->lost[i])
			continue;
		json_object_set_new(lost, gen_loss_names[i],
				    json_integer((json_int_t)f->messages_lost[i]));
		json_object_set_new(connections, gen_loss_names[i],
				    json_integer((json_int_t)f->lost[i]));
	}
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:o, s:o}", "sent", (json_int_t)f->begun_all,
		"accepted", (json_int_t)f->done_all[GEN_ACCEPTED], "refused",
		(json_int_t)f->done_all[GEN_REFUSED], "unanswered",
		(json_int_t)f->unanswered, "lost", lost, "connections_lost", connections);
}

/* Whether the generator itself was at its end: then the figures say less of the gateway. */
static json_t *generator_json(const struct gen_figures *f, unsigned lcores)
{
	return json_pack(
		"{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i}", "lcores",
		(int)lcores, "cycles_busy", (json_int_t)f->cycles_busy, "cycles_idle",
		(json_int_t)f->cycles_idle, "cycles_stalled",
		(json_int_t)f->cycles_stalled, "retransmits", (json_int_t)f->retransmits,
		"out_of_order", (json_int_t)f->out_of_order, "port_waits",
		(json_int_t)f->port_waits, "strays", (json_int_t)f->strays,
		"checksum_errors", (json_int_t)f->checksum_errors, "bytes_per_connection",
		(int)sizeof(struct gen_conn));
}

/* Null when nobody reads. */
static json_t *reads_json(const struct gen_figures *f, const struct gen_load *load)
{
	const struct gen_reads *all = &f->reads_all, *r = &f->reads;
	if (!load || !load->readers)
		return NULL;
	double cycles = r->records ? (double)f->cycles_busy / (double)r->records : 0.0;
	json_t *ledger = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "records",
		(json_int_t)all->records, "batches", (json_int_t)all->batches, "bytes",
		(json_int_t)all->bytes, "fetches", (json_int_t)all->fetches, "empty",
		(json_int_t)all->empty, "gaps", (json_int_t)all->gaps, "duplicates",
		(json_int_t)all->duplicates, "corrupt", (json_int_t)all->corrupt, "cut",
		(json_int_t)all->cut, "errors", (json_int_t)all->errors, "sessions_lost",
		(json_int_t)all->sessions_lost);
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:o, s:o}", "records_per_s",
			 per_second(r->records, f), "bytes_per_s", per_second(r->bytes, f),
			 "batches_per_s", per_second(r->batches, f), "fetches_per_s",
			 per_second(r->fetches, f), "generator_cycles_per_record", cycles,
			 "end_to_end_us", latency_json(&f->end_to_end), "ledger", ledger);
}

/* ---- the balance ------------------------------------------------------------------- */

/* Per end of a frame: what we foretell and what the gateway counts; null when all is
 * well. */
static const char *compare_ends(const struct gen_team *t, const struct gen_gateway *g,
				uint64_t good_answers, json_t **ret)
{
	struct gen_reading reading;
	const char *wrong = NULL;
	if (!gen_team_predict(t, &reading))
		return "no memory to foretell the ends of frames";
	*ret = json_object();
	for (unsigned i = 0; i < GEN_ENDS; i++) {
		json_int_t found =
			gen_gateway_grown(g, gen_end_names[i], GEN_AT_BEGIN, GEN_AT_END);
		json_object_set_new(*ret, gen_end_names[i],
				    json_pack("{s:I, s:I}", "foretold",
					      (json_int_t)reading.ends[i], "counted",
					      found));
		if (g->is_connected && found != (json_int_t)reading.ends[i])
			wrong = "the gateway's ends of frames are not those foretold";
	}
	if (!wrong && good_answers != reading.answered)
		wrong = "generator: not one answer per good frame";
	return wrong;
}

static int64_t records_found(const struct gen_gateway *g, bool is_datagrams)
{
	int64_t found = gen_gateway_grown(g, "records_stored", GEN_AT_BEGIN, GEN_AT_END);
	if (!is_datagrams)
		return found;
	/* A datagram may be shed, or lost at the port: both are counted. */
	return found + gen_gateway_grown(g, "frame_drop_shed", GEN_AT_BEGIN, GEN_AT_END) +
	       gen_gateway_grown(g, "nic_missed", GEN_AT_BEGIN, GEN_AT_END);
}

/* What was stored in the run each group has read, but where it was told to stop, or not to begin
 * with it. */
static const char *find_unread(const struct gen_options *o, const struct gen_figures *f,
			       const struct gen_gateway *g)
{
	const struct gen_consume_options *c = &o->consume;
	if (o->mode != GEN_MODE_CONSUME)
		return NULL;
	const char *wrong = gen_reads_wrong(&f->reads_all);
	if (!wrong && f->reads_all.cut && g->is_connected)
		wrong = "consumers: batches were cut, which the gateway never does";
	bool is_read_back = gen_consume_is_own(c) && !c->is_to_end && c->from != GEN_FROM_OFFSET;
	if (!wrong && is_read_back && f->reads_all.records < f->records * c->groups)
		wrong = "consumers: fewer records were read than were stored";
	return wrong;
}

/* The first that does not hold: what follows from a lost connection would only hide it. With
 * chaos records are not compared, for compare_ends() knows more. */
static const char *find_imbalance(const struct gen_options *o,
				  const struct gen_figures *f,
				  const struct gen_gateway *g, char *out, size_t size)
{
	if (f->failure)
		return f->failure;
	uint64_t lost = 0;
	for (unsigned i = 0; i < GEN_LOSSES; i++)
		lost += f->messages_lost[i] + f->lost[i];
	if (lost || f->unanswered)
		return "generator: messages were lost or not answered";
	const char *unread = find_unread(o, f, g);
	if (unread)
		return unread;
	if (!g->is_connected)
		return NULL;
	const char *wrong = gen_gateway_imbalance(g, out, size);
	if (wrong || o->chaos > 0)
		return wrong;
	int64_t expected = (int64_t)f->records;
	int64_t found = records_found(g, o->mode == GEN_MODE_UDP);
	if (expected == found)
		return NULL;
	snprintf(out, size, "generator counts %ld records accepted, the gateway %ld",
		 (long)expected, (long)found);
	return out;
}

json_t *gen_report(const struct gen_team *t, const struct gen_gateway *g)
{
	struct gen_figures sum, *f = &sum;
	const struct gen_options *o = t->options;
	const struct gen_load *load = gen_team_load(t);
	gen_team_sum(t, f);
	uint32_t records = load ? load->records : 1;
	uint32_t bytes = load ? load->message_bytes : o->run.datagram_bytes;
	uint64_t done = load ? done_of(f->done) : f->begun;
	/* Of a closed loop; what readers ask for is nobody's offer. */
	uint64_t begun = load && load->readers ? done : f->begun;
	uint64_t offered = o->run.rate > 0 ? f->offered : begun;
	char sentence[SENTENCE_BYTES];
	const char *wrong = find_imbalance(o, f, g, sentence, sizeof sentence);
	json_t *ends = NULL;
	if (o->chaos > 0 && !wrong)
		wrong = compare_ends(t, g, f->good_answers, &ends);
	return json_pack(
		"{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:i, s:o, s:o, s:o, s:o, s:o, s:s, "
		"s:o*, s:o*, s:o*, s:o*}",
		"seconds", (double)f->steady_ns / (double)NS_PER_S, "connect_seconds",
		(double)f->connect_ns / (double)NS_PER_S, "offered_messages_per_s",
		per_second(offered, f), "achieved_messages_per_s", per_second(done, f),
		"achieved_records_per_s", per_second(done * records, f), "refused_per_s",
		per_second(f->done[GEN_REFUSED], f), "counter_hz",
		per_second(f->steady_cycles, f), "message_bytes", (int)bytes, "line",
		line_json(f, gen_team_speed_mbps(t)), "latency_us", latency_json(&f->latency),
		"ledger", ledger_json(f), "generator",
		generator_json(f, o->lcore_count), "gateway",
		gen_gateway_report(g, o->run.connections, f->reads.records), "balance",
		wrong ? wrong : "even", "reads", reads_json(f, load), "chaos", ends, "steps",
		series_json(t), "watched", g->watched_count ? gen_gateway_watched(g) : NULL);
}

bool gen_report_is_even(const json_t *report)
{
	return strcmp(json_string_value(json_object_get(report, "balance")), "even") == 0;
}

/* ---- text -------------------------------------------------------------------------- */

static double real(const json_t *o, const char *name)
{
	return json_number_value(json_object_get(o, name));
}

/* A ledger has objects in it, too; only its numbers are for people. */
static void print_counts(const char *title, const json_t *counts)
{
	const char *name;
	json_t *value;
	printf("%-14s", title);
	json_object_foreach((json_t *)counts, name, value)
	{
		if (json_is_integer(value))
			printf(" %s %lld", name, (long long)json_integer_value(value));
	}
	printf("\n");
}

static void print_gateway(const json_t *gateway)
{
	json_t *core, *ledger;
	const char *name;
	size_t i;
	json_array_foreach(json_object_get(gateway, "cores"), i, core)
	{
		double busy = real(core, "cycles_busy"),
		       stalled = real(core, "cycles_stalled"),
		       all = busy + stalled + real(core, "cycles_idle");
		printf("%-8s cpu %-2.0f busy %5.1f %%, stalled %5.1f %%  %8.1f cycles per "
		       "record\n",
		       json_string_value(json_object_get(core, "role")),
		       real(core, "cpu"), all > 0 ? 100 * busy / all : 0,
		       all > 0 ? 100 * stalled / all : 0,
		       real(core, "cycles_per_record"));
	}
	json_object_foreach(json_object_get(gateway, "ledgers"), name, ledger)
		print_counts(name, ledger);
	printf("%-14s %.0f bytes resident each, gateway\n", "connections",
	       real(gateway, "resident_bytes_per_connection"));
}

static void print_reads(const json_t *reads)
{
	if (!reads)
		return;
	const json_t *latency = json_object_get(reads, "end_to_end_us");
	printf("%-14s %.0f records/s, %.0f MB/s, %.0f batches/s, %.0f fetches/s, %.1f cycles of "
	       "the generator per record\n",
	       "read", real(reads, "records_per_s"), real(reads, "bytes_per_s") / 1e6,
	       real(reads, "batches_per_s"), real(reads, "fetches_per_s"),
	       real(reads, "generator_cycles_per_record"));
	if (real(latency, "count") > 0)
		printf("%-14s p50 %.0f us, p99 %.0f, p99.9 %.0f, max %.0f\n", "end to end",
		       real(latency, "p50"), real(latency, "p99"), real(latency, "p999"),
		       real(latency, "max"));
	print_counts("consumers", json_object_get(reads, "ledger"));
}

static void print_chaos(const json_t *ends)
{
	const char *name;
	json_t *end;
	json_object_foreach((json_t *)ends, name, end)
	{
		printf("%-24s foretold %10.0f, counted %10.0f\n", name,
		       real(end, "foretold"), real(end, "counted"));
	}
}

void gen_report_print(const json_t *report)
{
	const json_t *line = json_object_get(report, "line");
	const json_t *latency = json_object_get(report, "latency_us");
	const json_t *gateway = json_object_get(report, "gateway");
	const json_t *generator = json_object_get(report, "generator");
	double busy = real(generator, "cycles_busy"),
	       stalled = real(generator, "cycles_stalled"),
	       all = busy + stalled + real(generator, "cycles_idle");
	printf("%-14s offered %.0f/s, achieved %.0f/s (%.0f records/s), refused %.0f/s\n",
	       "messages", real(report, "offered_messages_per_s"),
	       real(report, "achieved_messages_per_s"),
	       real(report, "achieved_records_per_s"), real(report, "refused_per_s"));
	printf("%-14s %.0f packets/s out, %.0f in, %.2f Gbit/s, frames of %.0f bytes, "
	       "%.1f %% of the port's %.0f Mbit/s\n",
	       "line", real(line, "packets_sent_per_s"),
	       real(line, "packets_received_per_s"), real(line, "gbit_per_s"),
	       real(line, "frame_bytes_mean"), real(line, "percent_of_port"),
	       real(line, "port_mbit_per_s"));
	printf("%-14s p50 %.0f us, p90 %.0f, p99 %.0f, p99.9 %.0f, max %.0f\n", "latency",
	       real(latency, "p50"), real(latency, "p90"), real(latency, "p99"),
	       real(latency, "p999"), real(latency, "max"));
	print_counts("sent", json_object_get(report, "ledger"));
	print_reads(json_object_get(report, "reads"));
	printf("%-14s busy %.1f %%, stalled by the port %.1f %%, %.0f segments sent again\n",
	       "generator", all > 0 ? 100 * busy / all : 0,
	       all > 0 ? 100 * stalled / all : 0, real(generator, "retransmits"));
	if (json_is_object(gateway))
		print_gateway(gateway);
	print_chaos(json_object_get(report, "chaos"));
	printf("%-14s %s\n", "balance",
	       json_string_value(json_object_get(report, "balance")));
}
