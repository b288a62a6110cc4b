/* gen_team.c - options in, runs on lcores and their sum out; see gen_team.h. */
#include "perf/gen_team.h"
#include "control/eal.h"

#include <errno.h>
#include <stdio.h>

enum { DESCRIPTORS = 2048 };

/* ---- open and close ---------------------------------------------------------------- */

/* Each lcore has hosts of its own, so that no two of them ever send from one address. */
static int port_open(struct gen_team *t, unsigned index)
{
	const struct gen_options *o = t->options;
	char name[EAL_PORT_NAME_BYTES];
	struct gen_port_options port = {
		.name = eal_port_name(o->ports[index], name),
		.descriptors = DESCRIPTORS,
		.net = gen_net_share(&o->net, index, o->lcore_count),
		.target_mac = o->has_target_mac ? &o->target_mac : NULL,
	};
	int error = gen_port_open(&t->members[index].port, &port);
	t->members[index].is_open = error == 0;
	return error;
}

/* Loads with memory of their own are each lcore's own. */
static const struct gen_load *load_init(struct gen_team *t, struct gen_member *m)
{
	const struct gen_options *o = t->options;
	switch (o->mode) {
	case GEN_MODE_FLEET:
		if (o->is_jt808) {
			gen_terminals_init(&m->terminals, &o->terminals);
			if (o->chaos <= 0)
				return &m->terminals.load;
			gen_chaos_init_terminals(&m->chaos, &m->terminals, o->chaos);
			return &m->chaos.load;
		}
		gen_fleet_init(&m->fleet, &o->fleet);
		if (o->chaos <= 0)
			return &m->fleet.load;
		gen_chaos_init(&m->chaos, &m->fleet, o->chaos);
		return &m->chaos.load;
	case GEN_MODE_KAFKA:
		return &t->kafka.load;
	case GEN_MODE_CONSUME:
		return &t->consume.load;
	case GEN_MODE_COMMIT:
		return &t->commit.load;
	case GEN_MODE_UDP:
		break;
	}
	return NULL;
}

/* Of rate and steps each lcore has the share that its connections are of all. */
static int run_open(struct gen_team *t, unsigned index, uint32_t first)
{
	const struct gen_options *o = t->options;
	struct gen_member *m = &t->members[index];
	struct gen_run_options run = o->run;
	run.port = &m->port;
	run.gate = &t->gate;
	run.load = load_init(t, m);
	run.connections = gen_share(o->run.connections, index, o->lcore_count);
	run.first = first;
	double share = (double)run.connections / o->run.connections;
	run.rate = o->run.rate * share;
	for (unsigned i = 0; i < run.step_count; i++)
		run.steps[i].rate = o->run.steps[i].rate * share;
	int error = gen_run_init(&m->run, &run);
	m->is_made = error == 0;
	if (error)
		fprintf(stderr, "penstock-perf: %s\n", strerror(-error));
	return error;
}

static void commit_init(struct gen_team *t)
{
	const struct gen_kafka_options *o = &t->options->kafka;
	gen_commit_init(&t->commit, &(struct gen_commit_options){.topic = o->topic,
								 .connections = o->connections,
								 .partitions = o->partitions});
}

int gen_team_open(struct gen_team *t, const struct gen_options *options)
{
	*t = (struct gen_team){.options = options, .gate = {.count = options->lcore_count}};
	uint32_t first = 0;
	int error = 0;
	if (options->mode == GEN_MODE_KAFKA)
		gen_kafka_init(&t->kafka, &options->kafka);
	if (options->mode == GEN_MODE_COMMIT)
		commit_init(t);
	if (options->mode == GEN_MODE_CONSUME)
		error = gen_consume_init(&t->consume, &options->consume, &options->kafka);
	for (unsigned i = 0; i < options->lcore_count && !error; i++) {
		error = port_open(t, i);
		if (!error)
			error = run_open(t, i, first);
		first += t->members[i].run.options.connections;
	}
	if (error)
		gen_team_close(t);
	return error;
}

/* As far as it was opened: also half a team is closed here. */
void gen_team_close(struct gen_team *t)
{
	for (unsigned i = 0; i < t->options->lcore_count; i++) {
		struct gen_member *m = &t->members[i];
		if (m->is_made)
			gen_run_fini(&m->run);
		if (m->is_open)
			gen_port_close(&m->port);
	}
	gen_kafka_fini(&t->kafka);
	gen_consume_fini(&t->consume);
}

/* ---- while it runs ----------------------------------------------------------------- */

int gen_team_launch(struct gen_team *t, unsigned first)
{
	int error = 0;
	for (unsigned i = 0; i < t->options->lcore_count && !error; i++)
		error = eal_launch(first + i, gen_run_loop, &t->members[i].run);
	return error;
}

void gen_team_join(struct gen_team *t, unsigned first)
{
	for (unsigned i = 0; i < t->options->lcore_count; i++)
		eal_join(first + i);
}

/* An lcore that is told to stop still drains, finishes and sums up: it is joined all the
 * same. */
void gen_team_stop(struct gen_team *t)
{
	for (unsigned i = 0; i < t->options->lcore_count; i++)
		atomic_store(&t->members[i].run.is_stopped, true);
}

/* The team is as far as the slowest lcore. Without a load there are no answers: sent is done. */
struct gen_shown gen_team_show(const struct gen_team *t)
{
	struct gen_shown all = {.phase = GEN_DONE};
	for (unsigned i = 0; i < t->options->lcore_count; i++) {
		const struct gen_run *r = &t->members[i].run;
		enum gen_phase phase = (enum gen_phase)atomic_load(&r->phase);
		all.phase = phase < all.phase ? phase : all.phase;
		all.begun += atomic_load(&r->shown_begun);
		all.done += r->options.load ? atomic_load(&r->shown_done)
					    : atomic_load(&r->shown_begun);
		all.open += atomic_load(&r->shown_open);
	}
	return all;
}

/* ---- afterwards -------------------------------------------------------------------- */

const struct gen_load *gen_team_load(const struct gen_team *t)
{
	return t->members[0].run.options.load;
}

void gen_team_sum(const struct gen_team *t, struct gen_figures *ret)
{
	*ret = (struct gen_figures){0};
	for (unsigned i = 0; i < t->options->lcore_count; i++)
		gen_figures_add(ret, &t->members[i].run.figures);
}

bool gen_team_series(const struct gen_team *t, struct gen_series *ret)
{
	for (unsigned i = 0; i < t->options->lcore_count; i++) {
		const struct gen_series *one = t->members[i].run.series;
		if (!one)
			return false;
		gen_series_add(ret, one);
	}
	return true;
}

/* Every lcore's connections have numbers of their own, from which their streams are made
 * again. */
bool gen_team_predict(const struct gen_team *t, struct gen_reading *ret)
{
	*ret = (struct gen_reading){0};
	for (unsigned i = 0; i < t->options->lcore_count; i++) {
		const struct gen_member *m = &t->members[i];
		if (!gen_chaos_predict(&m->chaos, &m->run.tcp, ret))
			return false;
	}
	return true;
}

uint32_t gen_team_speed_mbps(const struct gen_team *t)
{
	uint32_t mbps = 0;
	for (unsigned i = 0; i < t->options->lcore_count; i++)
		mbps += gen_port_speed_mbps(&t->members[i].port);
	return mbps;
}
