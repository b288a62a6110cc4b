/* penstock_perf.c - a command line in; a load on a gateway and a measurement of it out.
 *
 * Main keeps the terminal and the gateway's control socket; lcores do all the rest
 * (gen_team.h). Exit status: 0; 1 when a ledger does not balance or the run failed; 64
 * when the command line is wrong.
 */
#include "control/eal.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/map.h"
#include "dataplane/base/standard_files.h"
#include "perf/gen_inside.h"
#include "perf/gen_report.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	EXIT_USAGE = 64,
	LCORE_MEMORY_MIB = 128,
	WATCH_MS = 20,
	SAMPLE_WATCHES = 200 / WATCH_MS,
	PROGRESS_SAMPLES = 5,
	SETTLE_MS = 10000,
};

struct program {
	struct gen_options options;
	struct eal eal;
	struct gen_inside *inside; /* null: the gateway is another process */
	unsigned first_worker;     /* EAL's, of our lcores */
	struct gen_team team;
	struct gen_gateway gateway;
	sigset_t signals;
	json_t *samples; /* the rate over time */
	uint64_t begin_ns, sampled_ns, sampled_done, steady_ns;
};

/* This is also how main sleeps: for `ms`, or until a signal. */
static bool is_interrupted(const struct program *p, unsigned ms)
{
	struct timespec wait = {.tv_nsec = ms * (long)NS_PER_MS};
	return sigtimedwait(&p->signals, NULL, &wait) > 0;
}

/* What was done since the last sample, per second. */
static void take_sample(struct program *p, unsigned number)
{
	struct gen_shown shown = gen_team_show(&p->team);
	uint64_t now = clock_now_ns();
	double rate = (double)(shown.done - p->sampled_done) * (double)NS_PER_S /
		      (double)(now - p->sampled_ns);
	const char *phase = gen_phase_names[shown.phase];
	p->sampled_done = shown.done;
	p->sampled_ns = now;
	json_array_append_new(p->samples,
			      json_pack("{s:f, s:s, s:f, s:i}", "second",
					(double)(now - p->begin_ns) / (double)NS_PER_S,
					"phase", phase, "done_per_s", rate, "connections",
					(int)shown.open));
	if (number % PROGRESS_SAMPLES == 0)
		fprintf(stderr,
			"%-8s %8u connections %12.0f done/s %14lu sent %14lu done\n",
			phase, shown.open, rate, shown.begun, shown.done);
}

/* The gateway's counters second by second, when the run has steps. */
static void watch_gateway(struct program *p, enum gen_phase phase, enum gen_phase seen)
{
	bool is_end = phase > GEN_STEADY && seen == GEN_STEADY;
	if (p->options.run.step_count == 0 || (phase != GEN_STEADY && !is_end))
		return;
	uint64_t now = clock_now_ns();
	if (p->steady_ns == 0)
		p->steady_ns = now;
	if (!is_end && now < p->steady_ns + p->gateway.watched_count * NS_PER_S)
		return;
	gen_gateway_watch(&p->gateway, (double)(now - p->steady_ns) / (double)NS_PER_S);
}

/* Until the lcores are done: progress, and the gateway's counters as phases change. */
static void watch(struct program *p)
{
	p->begin_ns = p->sampled_ns = clock_now_ns();
	enum gen_phase seen = GEN_RESOLVE, phase;
	for (unsigned i = 1; (phase = gen_team_show(&p->team).phase) != GEN_DONE; i++) {
		if (phase >= GEN_STEADY && seen < GEN_STEADY)
			gen_gateway_take(&p->gateway, GEN_AT_STEADY);
		if (phase >= GEN_DRAIN && seen < GEN_DRAIN)
			gen_gateway_take(&p->gateway, GEN_AT_DRAIN);
		watch_gateway(p, phase, seen);
		seen = phase;
		if (is_interrupted(p, WATCH_MS))
			gen_team_stop(&p->team);
		if (i % SAMPLE_WATCHES == 0)
			take_sample(p, i / SAMPLE_WATCHES);
	}
	if (seen < GEN_DRAIN)
		gen_gateway_take(&p->gateway, GEN_AT_DRAIN);
}

/* The ledgers are read when the gateway has nothing in flight any more, or has had its time for
 * that. */
static bool report(struct program *p)
{
	const char *path = p->options.json;
	gen_gateway_settle(&p->gateway, SETTLE_MS);
	json_t *figures = gen_report(&p->team, &p->gateway);
	json_object_set(figures, "samples", p->samples);
	gen_report_print(figures);
	bool is_even = gen_report_is_even(figures);
	if (path && json_dump_file(figures, path, JSON_INDENT(1)) != 0) {
		fprintf(stderr, "penstock-perf: cannot write %s\n", path);
		is_even = false;
	}
	json_decref(figures);
	return is_even;
}

/* A gateway inside is new, and has no topic yet; one that runs already has what its operator
 * made. */
static int gateway_connect(struct program *p)
{
	const struct gen_options *o = &p->options;
	const char *path = p->inside ? gen_inside_socket(p->inside) : o->socket;
	int error = gen_gateway_connect(&p->gateway, path);
	bool has_topic = o->mode == GEN_MODE_KAFKA || o->mode == GEN_MODE_CONSUME;
	if (!error && p->inside && has_topic)
		error = gen_gateway_create_topic(&p->gateway, o->kafka.topic,
						 o->kafka.partitions);
	if (!error && p->inside && o->consume.produce_topic)
		error = gen_gateway_create_topic(&p->gateway, o->consume.produce_topic,
						 o->kafka.partitions);
	return error;
}

/* What the gateway has counted before the run is taken off: it may have served others. */
static bool measure(struct program *p)
{
	if (gateway_connect(p) != 0)
		return false;
	gen_gateway_take(&p->gateway, GEN_AT_BEGIN);
	int error = gen_team_launch(&p->team, p->first_worker);
	if (error) {
		fprintf(stderr, "penstock-perf: the lcores do not start: %s\n",
			strerror(-error));
		return false;
	}
	p->samples = json_array();
	watch(p);
	gen_team_join(&p->team, p->first_worker);
	bool is_even = report(p);
	json_decref(p->samples);
	gen_gateway_close(&p->gateway);
	return is_even;
}

/* The gateway inside goes first: our buffers may still lie with it. */
static bool run_inside(struct program *p)
{
	p->inside = gen_inside_start(&p->options, LCORE_MEMORY_MIB);
	if (!p->inside)
		return false;
	p->first_worker = gen_inside_worker(p->inside);
	bool is_open = gen_team_open(&p->team, &p->options) == 0;
	bool is_even = is_open && measure(p);
	is_even &= gen_inside_stop(p->inside);
	if (is_open)
		gen_team_close(&p->team);
	gen_inside_end(p->inside);
	return is_even;
}

/* DPDK's log is kept until the ports are open, and shown if they do not: a good start is
 * silent. */
static bool run_outside(struct program *p)
{
	const struct gen_options *o = &p->options;
	struct eal_options eal = {
		.hugepages = HUGEPAGES_AUTO,
		.memory_mib = LCORE_MEMORY_MIB * o->lcore_count,
		.port_count = o->lcore_count,
		.worker_count = o->lcore_count,
	};
	for (unsigned i = 0; i < o->lcore_count; i++) {
		eal.ports[i] = o->ports[i];
		eal.worker_cpus[i] = o->cpus[i];
	}
	if (eal_start(&p->eal, &eal) != 0)
		return false;
	int error = gen_team_open(&p->team, o);
	eal_release_log(&p->eal, error);
	bool is_even = !error && measure(p);
	if (!error)
		gen_team_close(&p->team);
	eal_stop(&p->eal);
	return is_even;
}

static int run(struct program *p)
{
	sigemptyset(&p->signals);
	sigaddset(&p->signals, SIGINT);
	sigaddset(&p->signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &p->signals, NULL);
	signal(SIGPIPE, SIG_IGN); /* a gateway that died is a result, too */
	bool is_even = p->options.is_inside ? run_inside(p) : run_outside(p);
	return is_even ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct program *p = map_take(sizeof *p);
	if (!p || !standard_files_open())
		return EXIT_FAILURE;
	int status =
		gen_options_read(argc, argv, &p->options) ? run(p) : EXIT_USAGE;
	map_give(p, sizeof *p);
	return status;
}
