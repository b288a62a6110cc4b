/* sim_net.h - the wire between the gateway's port and the clients: frames in, frames out
 * later, or never, or twice, or damaged. Also the implementation of nic.h.
 *
 *     client ─ untagged ─▶ [ switch ] ─ no tag, a tag of VID 0, or of SIM_VLAN ─▶ gateway
 *
 * A switch stands on it, which tags the frames of a third of the clients for SIM_VLAN, and of
 * another third by priority alone. It loses what comes back otherwise than is right for the
 * client.
 *
 * All clients are behind a pair of routers with one IP address: the one at work has their frames
 * carry its own MAC address, takes only those for it, and answers to ARP. It may fail over to the
 * other, which says nothing of that. */
#ifndef PENSTOCK_SIM_NET_H
#define PENSTOCK_SIM_NET_H

#include "dataplane/net/nic/nic.h"
#include "tests/sim/sim.h"

enum {
	SIM_FRAME_BYTES_MAX = 1514,
	SIM_NIC_QUEUES_MAX = 2,
	SIM_VLAN = 7,
	SIM_ROUTER_IP = 0x0a0000fe, /* 10.0.0.254 */
	/* The port's network: no client is on it. */
	SIM_PREFIX_BITS = 24,
};

/* Of the router whose clients they are, on frames for sim_net_send(). */
extern const uint8_t sim_router_mac[6];

/* One frame in `n` meets the fault; 0: never. */
struct sim_net_faults {
	uint32_t lose;
	uint32_t twice;
	uint32_t corrupt;
	uint32_t late; /* overtaken by those behind it */
	uint32_t forge; /* followed by one that a stranger sends under the client's name */
	/* What the paths to some of the clients hold, 0: all there is; whether their routers say so
	 * when something is longer, or swallow it. */
	uint32_t path_mtu;
	bool path_is_told;
	/* The clients' router fails over so much later, once; 0: never. */
	uint64_t failover_ns;
	uint64_t delay_ns;
	uint64_t jitter_ns;
};

struct sim_net *sim_net_create(const struct sim_net_faults *faults);
void sim_net_destroy(struct sim_net *n);
void sim_net_set_faults(struct sim_net *n, const struct sim_net_faults *faults);

/* The gateway's end: what a poller is given as its port, queue `queue` of `queues` of it. A
 * frame of TCP or UDP is steered by its addresses and ports, as RSS does, so that a flow stays
 * with one poller; a fragment by its addresses; the router's answers go to every queue, all others
 * to queue 0. New ones after every restart; what was on the wire arrives there. */
struct nic *sim_nic_create(struct sim_net *n, unsigned queue, unsigned queues);
void sim_nic_destroy(struct nic *nic);

/* The clients' end. */
void sim_net_send(struct sim_net *n, const uint8_t *frame, uint32_t size);
/* Whether a stranger follows what was sent just now. */
bool sim_net_has_stranger(struct sim_net *n);
/* The next frame for the clients that has arrived by now; 0 when there is none. */
uint32_t sim_net_receive(struct sim_net *n, uint8_t *ret);

/* When the next frame arrives anywhere; UINT64_MAX when the wire is empty. */
uint64_t sim_net_next_ns(const struct sim_net *n);

#endif
