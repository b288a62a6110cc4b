/* sim_liveness.h - whether everybody honest is answered in time, and keeps their connection,
 * while the disk works and the network delivers.
 *
 * A request waits from when it is handed to TCP, a connection from its SYN. What began in
 * worse times counts from when they were over.
 */
#ifndef PENSTOCK_SIM_LIVENESS_H
#define PENSTOCK_SIM_LIVENESS_H

#include "tests/sim/sim_clients.h"

struct sim_liveness {
	bool is_watching;
	uint64_t bound_ns;
	uint64_t since_ns;
	uint64_t look_ns; /* not before */
	uint64_t losses;  /* of all clients when it began to watch */
};

/* From now on, for whole lives of connections. */
void sim_liveness_watch(struct sim_liveness *l, struct sim_client *const *clients, unsigned count,
			uint64_t bound_ns);
/* Anything may happen from now on. */
void sim_liveness_pause(struct sim_liveness *l);

/* Fails when somebody has waited for too long. */
void sim_liveness_check(struct sim_liveness *l, struct sim_client *const *clients,
			unsigned count);

#endif
