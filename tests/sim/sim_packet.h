/* sim_packet.h - IPv4 packets of the simulated clients: headers and sums, written apart from the
 * gateway's.
 *
 *     l4 bytes at SIM_L4_AT of a frame ─▶ sim_packet_send ─▶ sim_net_send
 */
#ifndef PENSTOCK_SIM_PACKET_H
#define PENSTOCK_SIM_PACKET_H

#include "dataplane/base/be.h"
#include "tests/sim/sim_net.h"

enum {
	ETH_BYTES = 14,
	IP_BYTES = 20,
	SIM_L4_AT = ETH_BYTES + IP_BYTES,
	PROTOCOL_NUMBER_ICMP = 1,
	PROTOCOL_NUMBER_TCP = 6,
	PROTOCOL_NUMBER_UDP = 17,
	SIM_ROUTE_BYTES = 8, /* a source route of one hop, padded */
};

/* 0: the header's own sum is right. */
uint16_t sim_ip_checksum(const uint8_t *ip);
/* 0 likewise, of TCP or UDP. */
uint16_t sim_l4_checksum(const uint8_t *ip, size_t l4_bytes);

/* `fragment`: identification, then flags and offset as they lie in the header. */
void sim_packet_headers(uint8_t *frame, uint32_t from, uint32_t to, uint8_t protocol,
			uint32_t fragment, size_t l4_bytes);
struct sim_packet {
	uint32_t from, to;
	uint8_t protocol;
	size_t l4_bytes;
	uint8_t route;  /* IP option of a source route, for which the frame has room; 0: none */
	bool is_astray; /* by one who is not behind the clients' router */
};

/* Sends l4 bytes that lie behind room for the headers in `frame`, with their sum. */
void sim_packet_send(uint8_t *frame, const struct sim_packet *p);

#endif
