/* sim_run.h - one run: the world, its clients, and a gateway that is started, stepped and
 * stopped. What happens in which order is for sim_main.c and sim_storm.c to say. */
#ifndef PENSTOCK_SIM_RUN_H
#define PENSTOCK_SIM_RUN_H

#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_gateway.h"
#include "tests/sim/sim_liveness.h"

enum { RUN_CLIENTS_MAX = 96 };

/* Within this everybody honest is answered when disk and network are quick. */
#define RUN_ANSWER_NS NS_PER_S

struct sim_crowd;

struct run {
	struct world world;
	struct sim_client *clients[RUN_CLIENTS_MAX];
	unsigned client_count;
	struct sim_gateway *gateway;
	bool is_up, is_stopping;
	uint64_t answer_ns; /* of this life: within it everybody is answered; 0: never mind */
	bool operates; /* somebody makes, alters and deletes topics meanwhile */
	struct sim_liveness liveness;
	uint64_t shed; /* datagrams, of the gateway that was drained last */
	struct sim_crowd *crowd; /* null: none */
};

/* Makes the world, whose only one it is from now on. */
struct run *run_create(uint64_t seed, bool is_verbose);
/* A second log directory, on a device of its own; before the first start. */
void run_add_directory(struct run *r);
void run_add_client(struct run *r, enum sim_client_kind kind, uint32_t id);

/* False: the disk failed meanwhile, and the gateway refused. */
bool run_start(struct run *r);
void run_for(struct run *r, uint64_t ns);
/* SIGTERM, and what it leaves is held against the history. */
void run_drain(struct run *r);
bool run_is_marked_clean(const struct run *r);
/* Nobody begins anything any more; when all have finished, the gateway is drained. */
void run_end(struct run *r);

#endif
