/* gen_report.c - a finished run in, its figures as JSON and as text out; see
 * gen_report.h. */
#include "perf/gen_report.h"
#include "dataplane/base/clock.h"

#include <stdio.h>

enum { SENTENCE_BYTES = 256 };

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

static json_t *latency_json(const struct gen_figures *f)
{
	static const struct {
		const char *name;
		double quantile;
	} shown[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
	json_t *latency = json_object();
	json_object_set_new(latency, "count", json_integer((json_int_t)f->latency.count));
	for (unsigned i = 0; i < array_len(shown); i++)
		json_object_set_new(latency, shown[i].name,
				    json_real((double)histogram_quantile_ns(
						      &f->latency, shown[i].quantile) /
					      (double)NS_PER_US));
	json_object_set_new(latency, "max",
			    json_real((double)f->latency.max_ns / (double)NS_PER_US));
	return latency;
}

/* Bytes on the line, preamble and gap included, against what the driver calls its speed.
 */
static json_t *line_json(const struct gen_run *r)
{
	const struct gen_figures *f = &r->figures;
	uint32_t mbps = gen_port_speed_mbps(r->options.port);
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

static json_t *ledger_json(const struct gen_run *r)
{
	const struct gen_figures *f = &r->figures;
	json_t *lost = json_object(), *connections = json_object();
	for (unsigned i = 0; i < GEN_LOSSES; i++) {
		if (!r->tcp.lost[i])
			continue;
		json_object_set_new(lost, gen_loss_names[i],
				    json_integer((json_int_t)r->tcp.messages_lost[i]));
		json_object_set_new(connections, gen_loss_names[i],
				    json_integer((json_int_t)r->tcp.lost[i]));
	}
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:o, s:o}", "sent", (json_int_t)f->begun_all,
		"accepted", (json_int_t)f->done_all[GEN_ACCEPTED], "refused",
		(json_int_t)f->done_all[GEN_REFUSED], "unanswered",
		(json_int_t)f->unanswered, "lost", lost, "connections_lost", connections);
}

static json_t *generator_json(const struct gen_run *r)
{
	const struct gen_figures *f = &r->figures;
	const struct gen_port *p = r->options.port;
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i}", "cycles_busy",
			 (json_int_t)f->cycles_busy, "cycles_idle",
			 (json_int_t)f->cycles_idle, "retransmits",
			 (json_int_t)r->tcp.retransmits, "out_of_order",
			 (json_int_t)r->tcp.out_of_order, "port_waits",
			 (json_int_t)p->waits, "strays", (json_int_t)p->strays,
			 "checksum_errors", (json_int_t)p->checksum_errors,
			 "bytes_per_connection", (int)sizeof(struct gen_conn));
}

/* ---- the balance ------------------------------------------------------------------- */

/* Per end of a frame: what we foretell and what the gateway counts; null when all is
 * well. */
static const char *compare_ends(const struct gen_run *r, const struct gen_gateway *g,
				json_t **ret)
{
	struct gen_reading reading;
	const char *wrong = NULL;
	if (!gen_chaos_predict(r->options.chaos, &r->tcp, &reading))
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
	if (!wrong && r->tcp.answers[GEN_ACCEPTED] != reading.answered)
		wrong = "generator: not one answer per good frame";
	return wrong;
}

/* What the gateway should have stored more of since the BEGIN, by our own ledger. */
static int64_t records_expected(const struct gen_run *r)
{
	const struct gen_run_options *o = &r->options;
	if (!o->load)
		return (int64_t)r->datagrams;
	return (int64_t)(r->greeted + r->done[GEN_ACCEPTED] * o->load->records);
}

static int64_t records_found(const struct gen_run *r, const struct gen_gateway *g)
{
	int64_t found = gen_gateway_grown(g, "records_stored", GEN_AT_BEGIN, GEN_AT_END);
	if (r->options.load)
		return found;
	/* A datagram may be shed, or lost at the port: both are counted. */
	return found + gen_gateway_grown(g, "frame_drop_shed", GEN_AT_BEGIN, GEN_AT_END) +
	       gen_gateway_grown(g, "nic_missed", GEN_AT_BEGIN, GEN_AT_END);
}

static const char *find_imbalance(const struct gen_run *r, const struct gen_gateway *g,
				  char *out, size_t size)
{
	const struct gen_figures *f = &r->figures;
	if (f->failure)
		return f->failure;
	uint64_t lost = 0;
	for (unsigned i = 0; i < GEN_LOSSES; i++)
		lost += r->tcp.messages_lost[i] + r->tcp.lost[i];
	if (lost || f->unanswered)
		return "generator: messages were lost or not answered";
	if (!g->is_connected)
		return NULL;
	const char *wrong = gen_gateway_imbalance(g, out, size);
	if (wrong || r->options.chaos)
		return wrong;
	int64_t expected = records_expected(r), found = records_found(r, g);
	if (expected == found)
		return NULL;
	snprintf(out, size, "generator counts %ld records accepted, the gateway %ld",
		 (long)expected, (long)found);
	return out;
}

/* The mean of what one message is on the wire, without headers of TCP or UDP. */
static uint32_t message_bytes(const struct gen_run *r)
{
	return r->options.load ? r->options.load->message_bytes
			       : r->options.datagram_bytes;
}

json_t *gen_report(const struct gen_run *r, const struct gen_gateway *g)
{
	const struct gen_figures *f = &r->figures;
	uint32_t records = r->options.load ? r->options.load->records : 1;
	uint64_t done = r->options.load ? done_of(f->done) : f->begun;
	uint64_t offered = r->options.rate > 0 ? f->offered : f->begun;
	char sentence[SENTENCE_BYTES];
	const char *wrong = find_imbalance(r, g, sentence, sizeof sentence);
	json_t *ends = NULL;
	if (r->options.chaos && !wrong)
		wrong = compare_ends(r, g, &ends);
	return json_pack(
		"{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:i, s:o, s:o, s:o, s:o, s:o, s:s, "
		"s:o*}",
		"seconds", (double)f->steady_ns / (double)NS_PER_S, "connect_seconds",
		(double)f->connect_ns / (double)NS_PER_S, "offered_messages_per_s",
		per_second(offered, f), "achieved_messages_per_s", per_second(done, f),
		"achieved_records_per_s", per_second(done * records, f), "refused_per_s",
		per_second(f->done[GEN_REFUSED], f), "counter_hz",
		per_second(f->steady_cycles, f), "message_bytes",
		(int)message_bytes(r), "line", line_json(r), "latency_us",
		latency_json(f), "ledger", ledger_json(r), "generator", generator_json(r),
		"gateway", gen_gateway_report(g, r->options.connections), "balance",
		wrong ? wrong : "even", "chaos", ends);
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
		double busy = real(core, "cycles_busy"), idle = real(core, "cycles_idle");
		printf("%-8s cpu %-2.0f busy %5.1f %%  %8.1f cycles per record\n",
		       json_string_value(json_object_get(core, "role")),
		       real(core, "cpu"),
		       busy + idle > 0 ? 100 * busy / (busy + idle) : 0,
		       real(core, "cycles_per_record"));
	}
	json_object_foreach(json_object_get(gateway, "ledgers"), name, ledger)
		print_counts(name, ledger);
	printf("%-14s %.0f bytes resident each, gateway\n", "connections",
	       real(gateway, "resident_bytes_per_connection"));
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
	       idle = real(generator, "cycles_idle");
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
	printf("%-14s busy %.1f %%, %.0f segments sent again, port full %.0f times\n",
	       "generator", busy + idle > 0 ? 100 * busy / (busy + idle) : 0,
	       real(generator, "retransmits"), real(generator, "port_waits"));
	if (json_is_object(gateway))
		print_gateway(gateway);
	print_chaos(json_object_get(report, "chaos"));
	printf("%-14s %s\n", "balance",
	       json_string_value(json_object_get(report, "balance")));
}
