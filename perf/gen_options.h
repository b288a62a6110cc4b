/* gen_options.h - penstock-perf's command line in; what to do, as a struct, out.
 *
 * Core: main. Memory: strings point into argv.
 */
#ifndef PENSTOCK_GEN_OPTIONS_H
#define PENSTOCK_GEN_OPTIONS_H

#include "perf/gen_consume_options.h"
#include "perf/gen_fleet.h"
#include "perf/gen_kafka.h"
#include "perf/gen_run.h"
#include "perf/gen_terminals.h"

enum { GEN_LCORES_MAX = 8, GEN_SETS_MAX = 64 };

enum gen_mode {
	GEN_MODE_FLEET,
	GEN_MODE_KAFKA,
	GEN_MODE_CONSUME,
	GEN_MODE_COMMIT,
	GEN_MODE_UDP,
};

struct gen_options {
	enum gen_mode mode;
	/* Each lcore has a port of its own. */
	unsigned lcore_count;
	const char *ports[GEN_LCORES_MAX];
	uint16_t cpus[GEN_LCORES_MAX];
	struct gen_net net;
	struct mac target_mac;
	bool has_target_mac;
	struct gen_run_options run; /* of all lcores together; load and port are not set */
	struct gen_fleet_options fleet;
	bool is_jt808; /* the fleet speaks that: */
	struct gen_terminals_options terminals;
	double chaos; /* share of frames that go wrong */
	struct gen_kafka_options kafka; /* of commits: topic, partitions, connections */
	struct gen_consume_options consume;
	const char *socket, *json; /* null: none */
	/* The gateway is started by us (gen_inside.h), with these settings. */
	bool is_inside;
	unsigned set_count;
	const char *sets[GEN_SETS_MAX]; /* key=value */
};

/* False: it is wrong; what there is has been printed. */
bool gen_options_read(int argc, char **argv, struct gen_options *ret);

#endif
