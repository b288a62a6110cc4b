/* gen_team.h - one measurement on several lcores: each has a port, a share of the connections,
 * of the rate and of the source addresses, and a run of its own; they begin together.
 *
 *     gen_team_open ─▶ gen_team_launch ─▶ gen_team_show ... gen_team_join ─▶ sum, predict
 *
 * An answer comes back to the port that asked: its address is that port's alone.
 * Connection i of all has the same VIN, partition and harm however many lcores there are.
 *
 * Core: main; the runs are on lcores.
 */
#ifndef PENSTOCK_GEN_TEAM_H
#define PENSTOCK_GEN_TEAM_H

#include "perf/gen_chaos.h"
#include "perf/gen_commit.h"
#include "perf/gen_consume.h"
#include "perf/gen_options.h"

struct gen_member {
	struct gen_port port;
	struct gen_fleet fleet;
	struct gen_terminals terminals;
	struct gen_chaos chaos;
	struct gen_run run;
	bool is_open, is_made; /* the port, the run */
};

struct gen_team {
	const struct gen_options *options;
	struct gen_gate gate;
	struct gen_kafka kafka;
	struct gen_commit commit;
	struct gen_consume consume;
	struct gen_member members[GEN_LCORES_MAX];
};

/* Progress of all together. */
struct gen_shown {
	enum gen_phase phase; /* of the last */
	uint64_t done, begun;
	uint32_t open;
};

/* 0 or -errno with the reason printed. Ports are named as DPDK names them. */
int gen_team_open(struct gen_team *t, const struct gen_options *options);
void gen_team_close(struct gen_team *t);

/* Starts the lcores, EAL workers `first` and following. 0 or -errno. */
int gen_team_launch(struct gen_team *t, unsigned first);
void gen_team_join(struct gen_team *t, unsigned first);
/* Ends the measurement early. */
void gen_team_stop(struct gen_team *t);
struct gen_shown gen_team_show(const struct gen_team *t);

/* Afterwards: */
const struct gen_load *gen_team_load(const struct gen_team *t); /* null: datagrams */
void gen_team_sum(const struct gen_team *t, struct gen_figures *ret);
/* Second by second, added to zeroes; false: the run has no steps. */
bool gen_team_series(const struct gen_team *t, struct gen_series *ret);
/* How the frames of a chaos run must end; false: no memory. */
bool gen_team_predict(const struct gen_team *t, struct gen_reading *ret);
uint32_t gen_team_speed_mbps(const struct gen_team *t);

#endif
