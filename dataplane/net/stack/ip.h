/* ip.h - Ethernet and IPv4: packets of the port in, segments and datagrams out; answers ARP
 * and ping itself, drops the rest with a reason.
 *
 *     nic ─▶ ip_input ─┬─▶ segments (TCP)         tcp/udp ─▶ ip_tx_take ... ip_tx_push ─▶ nic
 *                      ├─▶ datagrams (UDP)
 *                      ├─▶ fragments (of UDP) ─▶ fragments.h ─▶ datagrams
 *                      └─▶ too_big (TCP)
 *
 * Everything above sees 16-byte addresses and l4 bytes only. A passive host needs no routes:
 * an answer goes back to the MAC address its question came from, which is the peer itself or
 * the router that knows the way. Where a router is named, that one has what is for beyond the
 * link.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_IP_H
#define PENSTOCK_IP_H

#include "dataplane/base/be.h"
#include "dataplane/net/nic/nic.h"

/* Who leads to the peers beyond the link, when penstock.port.gateway names him. */
struct router {
	uint32_t ip4;       /* host order; 0: none is named */
	bool is_known;
	uint8_t unanswered; /* questions since he was heard */
	struct way way;
	uint64_t ask_ns;    /* when he is asked (again) */
};

/* A router has no room for a segment of ours (RFC 1191): which one, and how much room there is. */
struct too_big {
	struct endpoint peer;
	uint16_t local_port;
	uint16_t mtu;
	uint32_t seq;
};

struct ip {
	struct nic *nic;
	struct stats *stats;
	struct address address; /* ours */
	uint8_t prefix_bits;
	uint16_t vlan;        /* whose tagged frames are taken; 0: none */
	uint32_t icmp_budget; /* echo answers left in this second */
	uint64_t icmp_second;
	struct router router;
	unsigned too_big_count; /* of this turn; who takes them counts their packets, sets 0 */
	struct too_big too_big[PACKETS_PER_TURN];
	uint8_t *tx_frame;    /* between ip_tx_take() and ip_tx_push() */
};

struct ip_options {
	struct nic *nic;
	struct stats *stats;
	struct address address;
	uint8_t prefix_bits;
	uint16_t vlan;
	uint32_t router_ip4; /* 0: none */
};

void ip_init(struct ip *ip, const struct ip_options *options);

/* Sorts `packets` into `segments` and `datagrams`, l4 header first, checksums of IP and l4
 * verified (in software where the port did not), and `fragments` of datagrams, IP header first;
 * the rest is answered or dropped here. */
void ip_input(struct ip *ip, const struct pkt_vec *packets, struct pkt_vec *segments,
	      struct pkt_vec *datagrams, struct pkt_vec *fragments, uint64_t now_ns);

/* Where an l4 answer goes. */
struct ip_route {
	struct way way;
	struct address from; /* ours, as the peer addressed us */
	struct address to;
};

/* Room for `l4_size` bytes of l4 header and payload in a frame to `route`, or null when the
 * port has no buffer. The caller fills it, then calls ip_tx_push() at once. */
uint8_t *ip_tx_take(struct ip *ip, const struct ip_route *route, uint32_t l4_size);
/* Completes headers and checksums of the frame just filled. `tcp_header_bytes` is 0 for UDP
 * and ICMP; `segment_bytes` is the MSS when l4 payload exceeds it (TSO), else 0. */
void ip_tx_push(struct ip *ip, const struct ip_route *route, uint8_t protocol,
		uint32_t l4_size, uint8_t tcp_header_bytes, uint16_t segment_bytes);

/* Bytes of l4 (header and payload) that fit one frame of the port. */
static inline uint32_t ip_l4_bytes_max(const struct ip *ip)
{
	return nic_caps(ip->nic)->mtu - 20u;
}

struct address address_of_ip4(uint32_t host_order);
/* Host order. */
static inline uint32_t address_to_ip4(const struct address *a)
{
	return be32_load(a->octets + 12);
}

/* "a.b.c.d:port" into `out` (48 bytes suffice); returns `out`. */
char *endpoint_format(const struct endpoint *e, char *out, size_t size);

#endif
