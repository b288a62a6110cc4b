/* ip4.h - IPv4 header (RFC 791): bytes to struct, in place. */
#ifndef PENSTOCK_WIRE_IP4_H
#define PENSTOCK_WIRE_IP4_H

#include "dataplane/base/be.h"
#include "dataplane/wire/net/inet_sum.h"

enum ip_protocol {
	IP_PROTOCOL_ICMP = 1,
	IP_PROTOCOL_TCP = 6,
	IP_PROTOCOL_UDP = 17,
};

enum {
	IP4_VERSION_IHL = 0x45, /* version 4, five words: no options */
	IP4_DONT_FRAGMENT = 0x4000,
	IP4_MORE_FRAGMENTS = 0x2000,
	IP4_FRAGMENT_OFFSET_MASK = 0x1fff, /* in units of 8 bytes */
	IP4_FRAGMENT_MASK = IP4_MORE_FRAGMENTS | IP4_FRAGMENT_OFFSET_MASK,
	IP4_TTL = 64,               /* RFC 1700's recommended default */
};

enum ip4_option {
	IP4_OPTION_END = 0,
	IP4_OPTION_NOP = 1,
	IP4_OPTION_LOOSE_ROUTE = 131,
	IP4_OPTION_STRICT_ROUTE = 137,
};

/* offset size field
 *    0    1  version_ihl    version << 4 | header length in 32-bit words
 *    1    1  tos
 *    2    2  total_length   header and payload
 *    4    2  id
 *    6    2  fragment       flags and offset
 *    8    1  ttl
 *    9    1  protocol       enum ip_protocol
 *   10    2  checksum       of the header
 *   12    4  source
 *   16    4  destination */
struct ip4_wire {
	uint8_t version_ihl;
	uint8_t tos;
	struct be16 total_length;
	struct be16 id;
	struct be16 fragment;
	uint8_t ttl;
	uint8_t protocol;
	struct be16 checksum;
	struct be32 source;
	struct be32 destination;
};

static_assert(sizeof(struct ip4_wire) == 20, "RFC 791, 3.1");
static_assert(offsetof(struct ip4_wire, checksum) == 10, "RFC 791, 3.1");
static_assert(offsetof(struct ip4_wire, source) == 12, "RFC 791, 3.1");

static inline uint32_t ip4_header_bytes(const struct ip4_wire *ip)
{
	return (ip->version_ihl & 0x0fu) * 4u;
}

/* Sum of the pseudo-header of TCP and UDP (RFC 9293 3.1, RFC 768), to be continued. */
static inline uint64_t ip4_pseudo_sum(const struct ip4_wire *ip, uint8_t protocol,
				      uint16_t l4_bytes)
{
	return inet_sum_be32(ip->source) + inet_sum_be32(ip->destination) +
	       inet_sum_be16(be16_of(protocol)) + inet_sum_be16(be16_of(l4_bytes));
}

/* Sum of a header of five words, field by field: one that was just written that way is not to be
 * read in larger pieces, which would wait for all of them. */
static inline uint64_t ip4_header_sum(const struct ip4_wire *ip)
{
	return inet_sum_be16(be16_of((uint16_t)(ip->version_ihl << 8 | ip->tos))) +
	       inet_sum_be16(ip->total_length) + inet_sum_be16(ip->id) +
	       inet_sum_be16(ip->fragment) +
	       inet_sum_be16(be16_of((uint16_t)(ip->ttl << 8 | ip->protocol))) +
	       inet_sum_be16(ip->checksum) + inet_sum_be32(ip->source) +
	       inet_sum_be32(ip->destination);
}

/* May a host have this as its address? 0.0.0.0/8 (RFC 1122 3.2.1.3), loopback, multicast and
 * the limited broadcast may not. `host_order`. */
static inline bool ip4_is_host(uint32_t host_order)
{
	uint32_t net = host_order >> 24;
	return net != 0 && net != 127 && host_order >> 28 != 0xe && host_order != ~0u;
}

/* All ones behind the prefix: directed broadcast. A /31 or /32 has none (RFC 3021). */
static inline bool ip4_is_directed_broadcast(uint32_t host_order, uint32_t ours,
					     uint8_t prefix_bits)
{
	if (prefix_bits == 0 || prefix_bits > 30)
		return false;
	uint32_t host_mask = ~0u >> prefix_bits;
	return (host_order | host_mask) == (ours | host_mask) &&
	       (host_order & host_mask) == host_mask;
}

#endif
