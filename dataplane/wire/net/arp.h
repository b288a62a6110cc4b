/* arp.h - ARP for IPv4 over Ethernet (RFC 826): bytes to struct, in place. */
#ifndef PENSTOCK_WIRE_ARP_H
#define PENSTOCK_WIRE_ARP_H

#include "dataplane/base/be.h"

enum {
	ARP_HARDWARE_ETHERNET = 1,
	ARP_PROTOCOL_IP4 = 0x0800,
	ARP_OP_REQUEST = 1,
	ARP_OP_REPLY = 2,
};

/* offset size field
 *    0    2  hardware         ARP_HARDWARE_ETHERNET
 *    2    2  protocol         ARP_PROTOCOL_IP4
 *    4    1  hardware_bytes   6
 *    5    1  protocol_bytes   4
 *    6    2  op
 *    8    6  sender_hardware
 *   14    4  sender_protocol
 *   18    6  target_hardware
 *   24    4  target_protocol */
struct arp_wire {
	struct be16 hardware;
	struct be16 protocol;
	uint8_t hardware_bytes;
	uint8_t protocol_bytes;
	struct be16 op;
	uint8_t sender_hardware[6];
	struct be32 sender_protocol;
	uint8_t target_hardware[6];
	struct be32 target_protocol;
};

static_assert(sizeof(struct arp_wire) == 28, "RFC 826, Ethernet and IPv4");
static_assert(offsetof(struct arp_wire, sender_protocol) == 14, "unpadded");
static_assert(offsetof(struct arp_wire, target_protocol) == 24, "unpadded");

/* As RFC 826 asks for it to be examined: right spaces, right lengths. */
static inline bool arp_is_ip4(const struct arp_wire *arp)
{
	return be16_get(arp->hardware) == ARP_HARDWARE_ETHERNET &&
	       be16_get(arp->protocol) == ARP_PROTOCOL_IP4 && arp->hardware_bytes == 6 &&
	       arp->protocol_bytes == 4;
}

static inline bool arp_is_request(const struct arp_wire *arp)
{
	return arp_is_ip4(arp) && be16_get(arp->op) == ARP_OP_REQUEST;
}

#endif
