/* sim_liveness.c - clients in, the first that was kept waiting out; see sim_liveness.h. */
#include "tests/sim/sim_liveness.h"
#include "tests/sim/sim_disk.h"

#define LOOK_NS (5 * NS_PER_MS)

static uint64_t losses_of(struct sim_client *const *clients, unsigned count)
{
	uint64_t losses = 0;
	for (unsigned i = 0; i < count; i++)
		losses += clients[i]->losses;
	return losses;
}

void sim_liveness_watch(struct sim_liveness *l, struct sim_client *const *clients, unsigned count,
			uint64_t bound_ns)
{
	*l = (struct sim_liveness){.is_watching = true,
				   .bound_ns = bound_ns,
				   .since_ns = sim_world()->now_ns,
				   .losses = losses_of(clients, count)};
}

void sim_liveness_pause(struct sim_liveness *l)
{
	l->is_watching = false;
}

void sim_liveness_check(struct sim_liveness *l, struct sim_client *const *clients,
			unsigned count)
{
	uint64_t now_ns = sim_world()->now_ns;
	if (!l->is_watching || now_ns < l->look_ns || sim_fs_failures(sim_world()->fs))
		return;
	l->look_ns = now_ns + LOOK_NS;
	for (unsigned i = 0; i < count; i++) {
		uint64_t since_ns = max_u64(sim_client_waits_since_ns(clients[i]), l->since_ns);
		if (since_ns < now_ns && now_ns - since_ns > l->bound_ns)
			sim_fail("client %u waits for %.3f s", clients[i]->id,
				 (double)(now_ns - since_ns) / NS_PER_S);
	}
	if (losses_of(clients, count) != l->losses)
		sim_fail("somebody honest has lost a connection in calm weather");
}
