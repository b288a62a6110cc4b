/* udp_header.h - UDP header (RFC 768): bytes to struct, in place. */
#ifndef PENSTOCK_WIRE_UDP_HEADER_H
#define PENSTOCK_WIRE_UDP_HEADER_H

#include "dataplane/wire/net/ip4.h"

/* offset size field
 *    0    2  source
 *    2    2  destination
 *    4    2  length       header and payload
 *    6    2  checksum     0: the sender computed none */
struct udp_wire {
	struct be16 source;
	struct be16 destination;
	struct be16 length;
	struct be16 checksum;
};

static_assert(sizeof(struct udp_wire) == 8, "RFC 768");
static_assert(offsetof(struct udp_wire, checksum) == 6, "RFC 768");

/* Whether the datagram at `l4`, which came behind `ip`, has the sum it says, or says none. A length
 * that is nonsense is not this one's to judge: true. */
static inline bool udp_sum_is_good(const struct ip4_wire *ip, const uint8_t *l4, uint32_t size)
{
	const struct udp_wire *udp = (const struct udp_wire *)l4;
	if (size < sizeof *udp || be16_get(udp->checksum) == 0)
		return true;
	uint16_t length = be16_get(udp->length);
	if (length < sizeof *udp || length > size)
		return true;
	uint64_t sum = ip4_pseudo_sum(ip, IP_PROTOCOL_UDP, length);
	return inet_sum_fold(inet_sum_add(sum, l4, length)) == 0xffff;
}

#endif
