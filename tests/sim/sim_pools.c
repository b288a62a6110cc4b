/* sim_pools.c - a poller's options in, what it has of each memory out; see sim_pools.h. */
#include "tests/sim/sim_pools.h"
#include "tests/sim/sim.h"

enum { STORM_CONNECTIONS_MAX = 60 };

/* For the connections of a storm, as control/capacity.h says, were it not for its smallest
 * amounts; of what is scarce, less than they take when nothing holds them up. */
void sim_pools_small(struct poller_options *o)
{
	uint8_t scarce = sim_world()->scarce;
	o->sessions_max = o->tcp.connections_max = STORM_CONNECTIONS_MAX;
	o->receive_chunks = STORM_CONNECTIONS_MAX * 4096 / CHUNK_RECEIVE_BYTES;
	o->tcp.receive_buffer_bytes = 2 * 4096; /* grown windows promise twice what there is */
	o->answers_max = scarce == SCARCE_ANSWERS ? STORM_CONNECTIONS_MAX : 500;
	o->answer_large_chunks = 40;
	o->request_chunks = 16;
	o->parts_chunks = 64;
	o->settings.writer_credit_bytes = scarce == SCARCE_CREDIT ? 96 << 10 : 400 << 10;
	o->settings.lane_credit_bytes = o->settings.writer_credit_bytes / 2;
}

/* Each poller may have all of them. */
void sim_pools_large(struct poller_options *o)
{
	uint32_t connections = sim_world()->connections;
	o->sessions_max = o->tcp.connections_max = connections + 100;
	o->tcp.half_open_max = connections;
	o->receive_chunks = connections * 4096 / CHUNK_RECEIVE_BYTES;
	o->answers_max = connections + 500;
}
