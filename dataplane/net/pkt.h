/* pkt.h - one packet as the layers above the port see it: our own descriptor, no mbuf.
 *
 * `data[0 .. size)` is the packet from the layer that holds it on: nic sets the Ethernet
 * frame, each layer pulls its header. Nothing keeps a packet beyond the turn.
 */
#ifndef PENSTOCK_PKT_H
#define PENSTOCK_PKT_H

#include "config/bounds.h"
#include "dataplane/base/base.h"

enum pkt_checksum {
	PKT_CHECKSUM_UNKNOWN, /* the port did not look: verify in software */
	PKT_CHECKSUM_GOOD,
	PKT_CHECKSUM_BAD,
};

/* 16 bytes above ip.c: IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2). */
struct address {
	uint8_t octets[16];
};

/* Who may have many of them is one source: an address of IPv4 (it lies behind as many zeroes), a
 * network of IPv6. */
static inline uint64_t address_source(const struct address *a)
{
	uint64_t network, host;
	memcpy(&network, a->octets, sizeof network);
	memcpy(&host, a->octets + sizeof network, sizeof host);
	return network ? network : host;
}

struct endpoint {
	struct address address;
	uint16_t port;
};

struct mac {
	uint8_t octets[6];
};

/* The way back to who sent a frame: his address on the link, or that of the router he is behind,
 * and whether his frames carry our VLAN's tag. */
struct way {
	struct mac mac;
	bool is_tagged;
};

struct pkt {
	uint8_t *data;
	uint32_t size;
	uint8_t ip_checksum; /* enum pkt_checksum */
	uint8_t l4_checksum;
	uint16_t vlan;         /* of a tag that the port has taken off; 0: none */
	struct way way;        /* set by ip */
	struct endpoint from;  /* address set by ip, port by udp or tcp */
	struct endpoint to;
	void *buffer; /* the port's own */
};

struct pkt_vec {
	unsigned count;
	struct pkt *pkts[PACKETS_PER_TURN];
};

/* Takes `n` bytes off the front; the caller has checked that they are there. */
static inline uint8_t *pkt_pull(struct pkt *p, uint32_t n)
{
	uint8_t *header = p->data;
	p->data += n;
	p->size -= n;
	return header;
}

static inline void pkt_vec_push(struct pkt_vec *v, struct pkt *p)
{
	v->pkts[v->count++] = p;
}

#endif
