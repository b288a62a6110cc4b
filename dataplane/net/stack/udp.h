/* udp.h - datagrams in: header checked, listener found. Core: poller. */
#ifndef PENSTOCK_UDP_H
#define PENSTOCK_UDP_H

#include "dataplane/net/stack/ip.h"

/* A datagram for a listener; `bytes` lie in the packet, valid until the end of the turn. */
struct datagram {
	struct bytes bytes;
	struct endpoint from;
	uint8_t listener;
};

struct datagram_vec {
	unsigned count;
	struct datagram datagrams[PACKETS_PER_TURN];
};

struct udp {
	struct stats *stats;
	uint16_t ports[LISTENERS_MAX]; /* 0: listener takes no UDP */
	unsigned listeners;
};

void udp_init(struct udp *u, struct stats *stats);
void udp_listen(struct udp *u, uint16_t port, uint8_t listener);
bool udp_listens(const struct udp *u, uint16_t port);

/* Counts what no listener wants; the rest is counted by ingest as consumed or shed. */
void udp_input(struct udp *u, const struct pkt_vec *packets, struct datagram_vec *ret);

#endif
