/* gen_port.h - the generator's port: IPv4 packets of many source addresses out, the
 * target's answers in.
 *
 *     gen_port_take ─▶ l4 bytes ─▶ gen_port_push ... gen_port_flush ─▶ port
 *     port ─▶ gen_port_rx ─▶ struct gen_packet (ARP is answered here) ...
 * gen_port_release
 *
 * Opening, offloads and receiving are the gateway's own net/nic/nic.h. Sending is not: a
 * gateway drops what a full port does not take, a generator keeps it and sends no more
 * until then, or it would measure its own losses. Every address of the source net is
 * ours: who asks for one by ARP is told our MAC.
 *
 * Core: the generator's lcore; opened and closed by main. Limits: IPv4, one queue pair,
 * frames of one buffer.
 */
#ifndef PENSTOCK_GEN_PORT_H
#define PENSTOCK_GEN_PORT_H

#include "dataplane/net/nic/nic.h"
#include "perf/gen_net.h"

struct rte_mbuf;
struct rte_mempool;

enum {
	GEN_TX_BATCH = 64,
	GEN_ETH_IP_BYTES = 14 + 20,
	GEN_ETH_OVERHEAD_BYTES =
		24, /* preamble, FCS, gap: what the line carries besides */
};

struct gen_port_options {
	const char *name; /* DPDK's, without arguments */
	uint16_t descriptors;
	struct gen_net net;
	/* Of a target that does not answer ARP; null: it is asked for. */
	const struct mac *target_mac;
};

struct gen_port {
	struct nic *nic;
	uint16_t id;
	struct mac mac;
	struct mac target_mac;
	bool is_resolved;
	struct gen_net net;
	struct rte_mempool *pool;
	unsigned tx_count;
	uint16_t ip_id;
	struct rte_mbuf *tx[GEN_TX_BATCH];
	struct stats stats; /* of the receiving side */
	struct pkt_vec received;
	uint64_t packets_sent;
	uint64_t bytes_sent;
	uint64_t strays; /* received, and nothing of ours */
	uint64_t checksum_errors;
	uint64_t waits; /* times the port took nothing of what was there */
};

struct gen_packet {
	uint32_t to; /* which of our addresses */
	uint8_t protocol;
	const uint8_t *l4;
	uint32_t size;
};

/* 0 or -errno; the reason is printed. */
int gen_port_open(struct gen_port *p, const struct gen_port_options *options);
void gen_port_close(struct gen_port *p);

/* Asks who has the target's address; the answer sets is_resolved in a later
 * gen_port_rx(). */
void gen_port_ask(struct gen_port *p);

/* Up to `max` packets for us; release them before the next call. */
unsigned gen_port_rx(struct gen_port *p, struct gen_packet *ret, unsigned max);
void gen_port_release(struct gen_port *p);

/* Does a frame fit behind those the port has not taken yet? */
bool gen_port_has_room(struct gen_port *p);
/* Room for `size` l4 bytes, or null: no room. */
uint8_t *gen_port_take(struct gen_port *p, uint32_t size);
/* Sends what the last take gave, `size` bytes, from `source` (host order). The l4
 * checksum field lies at `checksum_at`. */
struct gen_l4 {
	uint8_t protocol;
	uint8_t header_bytes;
	uint8_t checksum_at;
	uint32_t size;
};
void gen_port_push(struct gen_port *p, uint32_t source, const struct gen_l4 *l4);
/* Gives the port what it takes; the rest waits for the next flush. */
void gen_port_flush(struct gen_port *p);

/* Mbit/s as the driver says; 0: it does not. */
uint32_t gen_port_speed_mbps(const struct gen_port *p);
bool gen_port_is_up(const struct gen_port *p);
uint32_t gen_port_mtu(const struct gen_port *p);

#endif
