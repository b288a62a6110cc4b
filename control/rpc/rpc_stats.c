/* rpc_stats.c - stats.get: the pages of all cores, added up, as the JSON that
 * docs/CONTROL.md documents. */
#include "control/rpc/rpc_stats.h"
#include "dataplane/base/lap.h"
#include "dataplane/base/require.h"

#include <stdlib.h>

static json_t *ledger_json(const struct stats *s, enum ledger ledger)
{
	json_t *ends = json_object();
	json_int_t in = 0;
	for (unsigned i = 0; i < STAT_COUNT; i++) {
		if (stat_infos[i].ledger != ledger)
			continue;
		if (stat_infos[i].role == STAT_ROLE_in)
			in += (json_int_t)s->value[i];
		else
			json_object_set_new(ends, stat_infos[i].name,
					    json_integer((json_int_t)s->value[i]));
	}
	return json_pack("{s:I, s:o, s:I}", "in", in, "ends", ends, "in_flight",
			 (json_int_t)ledger_in_flight(s, ledger));
}

static json_t *ledgers_json(const struct stats *s)
{
	json_t *ledgers = json_object();
	for (unsigned i = 0; i < LEDGERS; i++)
		json_object_set_new(ledgers, ledger_names[i],
				    ledger_json(s, (enum ledger)i));
	return ledgers;
}

/* All of them, those of the ledgers too: a program finds each by its name, wherever it
 * belongs. */
static json_t *counters_json(const struct stats *s)
{
	json_t *counters = json_object();
	for (unsigned i = 0; i < STAT_COUNT; i++)
		json_object_set_new(counters, stat_infos[i].name,
				    json_integer((json_int_t)s->value[i]));
	return counters;
}

/* Where its cycles_busy went. */
static json_t *stages_json(const struct stats *s)
{
	json_t *stages = json_object();
	for (unsigned i = LAP_FIRST; i < LAP_FIRST + LAP_STAGES; i++)
		if (s->value[i])
			json_object_set_new(stages, stat_infos[i].name + strlen("cycles_"),
					    json_integer((json_int_t)s->value[i]));
	return stages;
}

static json_t *source_json(const struct rpc_source *source, const struct stats *s)
{
	return json_pack("{s:s, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:o}", "role", source->role,
			 "index", (int)source->index, "cpu", source->cpu, "turns",
			 (json_int_t)s->value[STAT_turns], "turns_busy",
			 (json_int_t)s->value[STAT_turns_busy], "cycles_busy",
			 (json_int_t)s->value[STAT_cycles_busy], "cycles_idle",
			 (json_int_t)s->value[STAT_cycles_idle], "cycles_stalled",
			 (json_int_t)s->value[STAT_cycles_stalled], "stages", stages_json(s));
}

static json_t *latency_json(const struct stats *s)
{
	static const struct {
		const char *name;
		double quantile;
	} shown[] = {
		{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1.0}};
	json_int_t count = 0;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += s->answer_latency_us[i];
	json_t *latency = json_pack("{s:I}", "count", count);
	for (unsigned i = 0; i < array_len(shown); i++)
		json_object_set_new(latency, shown[i].name,
				    json_integer((json_int_t)stats_latency_quantile_us(
					    s, shown[i].quantile)));
	return latency;
}

static double share_of(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0.0;
}

/* How much of it lies on huge pages tells whether the host gave them: without, data cores
 * spend more of their time on address translation. */
static json_t *heap_json(const struct rpc_options *o)
{
	struct heap_share h = {0};
	o->heap(o->owner, &h);
	return json_pack("{s:{s:I, s:I, s:f}, s:{s:I, s:I, s:f}}", "control", "bytes",
			 (json_int_t)h.heap_bytes, "huge_bytes",
			 (json_int_t)h.heap_huge_bytes, "huge_share",
			 share_of(h.heap_huge_bytes, h.heap_bytes), "connections",
			 "bytes", (json_int_t)h.connection_bytes, "huge_bytes",
			 (json_int_t)h.connection_huge_bytes, "huge_share",
			 share_of(h.connection_huge_bytes, h.connection_bytes));
}

/* Each page is whole, but cores go on counting while the others are read: a sum over cores is of
 * no one moment. */
void rpc_stats_get(struct rpc_call *call)
{
	const struct rpc_options *o = &call->rpc->options;
	struct stats *sum = calloc(2, sizeof *sum);
	require(sum);
	struct stats *one = &sum[1];
	json_t *cores = json_array();
	for (unsigned i = 0; i < o->source_count; i++) {
		stats_read(o->sources[i].page, one);
		stats_sum(sum, one);
		json_array_append_new(cores, source_json(&o->sources[i], one));
	}
	call->result = json_pack("{s:o, s:o, s:o, s:o}", "ledgers", ledgers_json(sum),
				 "counters", counters_json(sum), "cores", cores,
				 "answer_latency_us", latency_json(sum));
	if (o->heap)
		json_object_set_new(call->result, "memory", heap_json(o));
	free(sum);
}
