/* eth.h - Ethernet II header (IEEE 802.3, 3.2): bytes to struct, in place. */
#ifndef PENSTOCK_WIRE_ETH_H
#define PENSTOCK_WIRE_ETH_H

#include "dataplane/base/be.h"

enum ethertype {
	ETHERTYPE_IP4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_VLAN = 0x8100,
};

/* offset size field
 *    0    6  destination
 *    6    6  source
 *   12    2  type         enum ethertype */
struct eth_wire {
	uint8_t destination[6];
	uint8_t source[6];
	struct be16 type;
};

static_assert(sizeof(struct eth_wire) == 14, "IEEE 802.3, 3.2");
static_assert(offsetof(struct eth_wire, type) == 12, "IEEE 802.3, 3.2.6");

/* VID 0 names no VLAN: such a tag only says how urgent the frame is (IEEE 802.1Q, 9.6). */
enum { VLAN_VID_MASK = 0x0fff };

/* A tag, behind a header whose type is ETHERTYPE_VLAN (IEEE 802.1Q, 9.6).
 * offset size field
 *    0    2  control   priority, drop eligible, VID
 *    2    2  type      of what is behind it, enum ethertype */
struct vlan_wire {
	struct be16 control;
	struct be16 type;
};

static_assert(sizeof(struct vlan_wire) == 4, "IEEE 802.1Q, 9.6");

/* The I/G bit: group addresses (multicast, broadcast) have it set. */
static inline bool eth_is_group(const uint8_t address[6])
{
	return address[0] & 1;
}

static inline bool eth_is_broadcast(const uint8_t address[6])
{
	return memcmp(address, "\xff\xff\xff\xff\xff\xff", 6) == 0;
}

#endif
