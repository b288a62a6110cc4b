/* neighbour.h - MAC addresses of the link (RFC 826): questions for ours answered, the router's
 * asked for.
 *
 *     arp_ask_router ─▶ question ... answer ─▶ arp_input ─▶ arp_way
 *
 * The router is asked each second where he was last. Three questions without an answer, and he is
 * lost: everybody is asked, and until one answers what is sent goes the way that its peer's
 * segments come. A router that fails over is so followed within three seconds, whether he says
 * anything or not; what is said unasked counts for nothing, for anybody on the link may say it.
 *
 * Core: poller. Called by ip.c only.
 */
#ifndef PENSTOCK_NEIGHBOUR_H
#define PENSTOCK_NEIGHBOUR_H

#include "dataplane/net/stack/ip.h"
#include "dataplane/wire/net/eth.h"

/* Where a packet of ARP ends. */
enum stat_id arp_input(struct ip *ip, const struct pkt *p, uint64_t now_ns);

/* It is time (router.ask_ns). */
void arp_ask_router(struct ip *ip, uint64_t now_ns);

/* The link's header of a frame; returns what is behind it. */
static inline void *eth_fill(const struct ip *ip, const struct way *way, enum ethertype type,
			     uint8_t *frame)
{
	struct eth_wire *eth = (struct eth_wire *)frame;
	struct vlan_wire *tag = (struct vlan_wire *)(eth + 1);
	memcpy(eth->destination, way->mac.octets, sizeof eth->destination);
	memcpy(eth->source, nic_caps(ip->nic)->mac.octets, sizeof eth->source);
	eth->type = be16_of((uint16_t)type);
	if (likely(!way->is_tagged))
		return eth + 1;
	eth->type = be16_of(ETHERTYPE_VLAN);
	*tag = (struct vlan_wire){be16_of(ip->vlan), be16_of((uint16_t)type)};
	return tag + 1;
}

static inline uint32_t eth_bytes(const struct way *way)
{
	return sizeof(struct eth_wire) + (way->is_tagged ? sizeof(struct vlan_wire) : 0);
}

static inline bool ip_is_on_link(const struct ip *ip, const struct address *a)
{
	uint32_t differs = address_to_ip4(a) ^ address_to_ip4(&ip->address);
	return ip->prefix_bits > 0 && differs >> (32 - ip->prefix_bits) == 0;
}

/* The way a packet of this route leaves. */
static inline const struct way *arp_way(const struct ip *ip, const struct ip_route *route)
{
	if (likely(!ip->router.is_known) || ip_is_on_link(ip, &route->to))
		return &route->way;
	return &ip->router.way;
}

#endif
