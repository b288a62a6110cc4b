/* gen_gateway.c - stats.get in, differences and verdicts out; see gen_gateway.h. */
#include "perf/gen_gateway.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SETTLE_STEP_MS = 50, NS_PER_STEP = SETTLE_STEP_MS * 1000000 };

static const char *const ledgers[] = {"packets", "frames", "records"};

int gen_gateway_connect(struct gen_gateway *g, const char *path)
{
	*g = (struct gen_gateway){0};
	if (!path)
		return 0;
	int error = ctl_connect(&g->client, path, 0);
	if (error)
		fprintf(stderr, "penstock-perf: control socket %s: %s\n", path,
			strerror(-error));
	g->is_connected = error == 0;
	return error;
}

/* A topic that is there already will do, with the partitions it has: one run may follow
 * another. */
int gen_gateway_create_topic(struct gen_gateway *g, const char *name, uint32_t partitions)
{
	json_t *answer = ctl_call(&g->client, "topic.create",
				  json_pack("{s:s, s:i}", "name", name, "partitions",
					    (int)partitions));
	const char *message = NULL, *error = "";
	json_unpack(answer, "{s:{s:s, s?{s?s}}}", "error", "message", &message, "data",
		    "kafka_error", &error);
	bool is_there =
		answer && (!message || strcmp(error, "TOPIC_ALREADY_EXISTS") == 0);
	if (!is_there)
		fprintf(stderr, "penstock-perf: topic %s: %s\n", name,
			message ? message : "the gateway does not answer");
	json_decref(answer);
	return is_there ? 0 : -EIO;
}

void gen_gateway_close(struct gen_gateway *g)
{
	for (unsigned i = 0; i < GEN_MOMENTS; i++)
		json_decref(g->at[i]);
	for (unsigned i = 0; i < g->watched_count; i++)
		json_decref(g->watched[i]);
	if (g->is_connected)
		ctl_close(&g->client);
}

/* Null when the gateway does not answer. */
static json_t *stats_get(struct gen_gateway *g)
{
	json_t *answer = ctl_call(&g->client, "stats.get", NULL);
	json_t *stats = json_incref(json_object_get(answer, "result"));
	json_decref(answer);
	return stats;
}

void gen_gateway_take(struct gen_gateway *g, enum gen_moment moment)
{
	if (!g->is_connected)
		return;
	json_decref(g->at[moment]);
	g->at[moment] = stats_get(g);
}

void gen_gateway_watch(struct gen_gateway *g, double second)
{
	if (!g->is_connected || g->watched_count == GEN_WATCHED_MAX)
		return;
	g->watched_s[g->watched_count] = second;
	g->watched[g->watched_count++] = stats_get(g);
}

/* A counter that is missing is 0: an older gateway may not have it yet. */
static int64_t number_at(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const json_t *ledger_at(const struct gen_gateway *g, enum gen_moment moment,
			       const char *name)
{
	return json_object_get(json_object_get(g->at[moment], "ledgers"), name);
}

/* Only when nothing is in flight does "in" have to be the sum of the ends. */
static bool is_settled(const struct gen_gateway *g)
{
	for (unsigned i = 0; i < array_len(ledgers); i++)
		if (number_at(ledger_at(g, GEN_AT_END, ledgers[i]), "in_flight") != 0)
			return false;
	return true;
}

void gen_gateway_settle(struct gen_gateway *g, unsigned limit_ms)
{
	struct timespec step = {.tv_nsec = NS_PER_STEP};
	for (unsigned ms = 0; ms < limit_ms && g->is_connected; ms += SETTLE_STEP_MS) {
		nanosleep(&step, NULL);
		gen_gateway_take(g, GEN_AT_END);
		if (is_settled(g))
			break;
	}
	/* Each core publishes at its own pace: once more, when all of them have. */
	nanosleep(&step, NULL);
	gen_gateway_take(g, GEN_AT_END);
}

int64_t gen_gateway_grown(const struct gen_gateway *g, const char *counter,
			  enum gen_moment from, enum gen_moment to)
{
	return number_at(json_object_get(g->at[to], "counters"), counter) -
	       number_at(json_object_get(g->at[from], "counters"), counter);
}

const char *gen_gateway_imbalance(const struct gen_gateway *g, char *out, size_t size)
{
	if (!g->is_connected)
		return NULL;
	if (!g->at[GEN_AT_BEGIN] || !g->at[GEN_AT_END])
		return "the gateway did not answer stats.get";
	for (unsigned i = 0; i < array_len(ledgers); i++) {
		int64_t held =
			number_at(ledger_at(g, GEN_AT_END, ledgers[i]), "in_flight");
		if (held == 0)
			continue;
		snprintf(out, size, "gateway: %s ledger has %ld in flight at the end",
			 ledgers[i], (long)held);
		return out;
	}
	return NULL;
}

/* ---- the report -------------------------------------------------------------------- */

/* Counters of a ledger that have grown over the run. */
static json_t *ledger_report(const struct gen_gateway *g, const char *name)
{
	json_t *grown = json_object();
	const json_t *end = ledger_at(g, GEN_AT_END, name);
	const json_t *begin = ledger_at(g, GEN_AT_BEGIN, name);
	json_t *ends = json_object_get(end, "ends"), *value;
	const char *key;
	json_object_set_new(grown, "in",
			    json_integer(number_at(end, "in") - number_at(begin, "in")));
	json_object_foreach(ends, key, value)
	{
		int64_t by = json_integer_value(value) -
			     number_at(json_object_get(begin, "ends"), key);
		if (by)
			json_object_set_new(grown, key, json_integer(by));
	}
	json_object_set_new(grown, "in_flight",
			    json_integer(number_at(end, "in_flight")));
	return grown;
}

/* All counters that have grown from one answer to the other. */
static json_t *counters_report(const json_t *from, const json_t *to)
{
	json_t *grown = json_object(), *value;
	const json_t *before = json_object_get(from, "counters");
	const char *name;
	json_object_foreach(json_object_get(to, "counters"), name, value)
	{
		int64_t by = json_integer_value(value) - number_at(before, name);
		if (by)
			json_object_set_new(grown, name, json_integer(by));
	}
	return grown;
}

/* Cycles per record of each stage of a core's turns. */
static json_t *stages_report(const json_t *from, const json_t *to, uint64_t records)
{
	json_t *stages = json_object(), *value;
	const json_t *before = json_object_get(from, "stages");
	const char *name;
	json_object_foreach(json_object_get(to, "stages"), name, value)
	{
		int64_t grown = json_integer_value(value) - number_at(before, name);
		json_object_set_new(
			stages, name,
			json_real(records ? (double)grown / (double)records : 0.0));
	}
	return stages;
}

/* Busy cycles only: a core that waits turns, too, and costs nothing by that. */
static json_t *core_report(const json_t *from, const json_t *to, uint64_t records)
{
	json_int_t busy = number_at(to, "cycles_busy") - number_at(from, "cycles_busy");
	json_int_t idle = number_at(to, "cycles_idle") - number_at(from, "cycles_idle");
	json_int_t stalled =
		number_at(to, "cycles_stalled") - number_at(from, "cycles_stalled");
	return json_pack("{s:O, s:O, s:O, s:I, s:I, s:I, s:f, s:o}", "role",
			 json_object_get(to, "role"), "index",
			 json_object_get(to, "index"), "cpu", json_object_get(to, "cpu"),
			 "cycles_busy", busy, "cycles_idle", idle, "cycles_stalled",
			 stalled, "cycles_per_record",
			 records ? (double)busy / (double)records : 0.0, "stages",
			 stages_report(from, to, records));
}

/* Matched by their places: a gateway that runs has always the same cores, in one order. */
static json_t *cores_report(const json_t *from, const json_t *to, uint64_t records)
{
	json_t *cores = json_array(), *core;
	const json_t *before = json_object_get(from, "cores");
	size_t i;
	json_array_foreach(json_object_get(to, "cores"), i, core)
		json_array_append_new(
			cores, core_report(json_array_get(before, i), core, records));
	return cores;
}

json_t *gen_gateway_watched(const struct gen_gateway *g)
{
	json_t *seconds = json_array();
	for (unsigned i = 1; i < g->watched_count; i++) {
		const json_t *from = g->watched[i - 1], *to = g->watched[i];
		/* Per record means per second here: one "record". */
		json_array_append_new(
			seconds, json_pack("{s:f, s:f, s:o, s:o}", "from", g->watched_s[i - 1],
					   "to", g->watched_s[i], "counters",
					   counters_report(from, to), "cores",
					   cores_report(from, to, 1)));
	}
	return seconds;
}

/* By what the memory of connections has grown: a gateway that has had as many before shows
 * nothing, for what was touched stays. */
static double bytes_per_connection(const struct gen_gateway *g, uint32_t connections)
{
	int64_t bytes[GEN_MOMENTS];
	for (unsigned i = 0; i < GEN_MOMENTS; i++) {
		const json_t *memory = json_object_get(g->at[i], "memory");
		bytes[i] = number_at(json_object_get(memory, "connections"), "bytes");
	}
	return connections ? (double)(bytes[GEN_AT_STEADY] - bytes[GEN_AT_BEGIN]) /
				     connections
			   : 0.0;
}

json_t *gen_gateway_report(const struct gen_gateway *g, uint32_t connections,
			   uint64_t records_read)
{
	if (!g->is_connected)
		return json_null();
	int64_t stored =
		gen_gateway_grown(g, "records_stored", GEN_AT_STEADY, GEN_AT_DRAIN);
	json_t *all = json_object();
	for (unsigned i = 0; i < array_len(ledgers); i++)
		json_object_set_new(all, ledgers[i], ledger_report(g, ledgers[i]));
	return json_pack("{s:o, s:o, s:o, s:I, s:f, s:O?}", "ledgers", all, "counters",
			 counters_report(g->at[GEN_AT_BEGIN], g->at[GEN_AT_END]), "cores",
			 cores_report(g->at[GEN_AT_STEADY], g->at[GEN_AT_DRAIN],
				      records_read ? records_read : (uint64_t)stored),
			 "records_stored_steady", (json_int_t)stored,
			 "resident_bytes_per_connection",
			 bytes_per_connection(g, connections), "answer_latency_us",
			 json_object_get(g->at[GEN_AT_END], "answer_latency_us"));
}
