/* icmp.h - ICMP header, as an echo has it (RFC 792), and "fragmentation needed" (RFC
 * 1191): bytes to struct, in place. */
#ifndef PENSTOCK_WIRE_ICMP_H
#define PENSTOCK_WIRE_ICMP_H

#include "dataplane/base/be.h"

enum icmp_type {
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_ECHO_REQUEST = 8,
};

enum { ICMP_FRAGMENTATION_NEEDED = 4 }; /* a code of ICMP_UNREACHABLE */

/* offset size field
 *    0    1  type      enum icmp_type
 *    1    1  code      0
 *    2    2  checksum  of header and data
 *    4    2  id        copied into the reply, as all data behind
 *    6    2  sequence  of "fragmentation needed": the MTU of the next hop, 0 from old routers;
 *                      behind it the packet's header and 8 bytes of its data */
struct icmp_wire {
	uint8_t type;
	uint8_t code;
	struct be16 checksum;
	struct be16 id;
	struct be16 sequence;
};

static_assert(sizeof(struct icmp_wire) == 8, "RFC 792, echo");
static_assert(offsetof(struct icmp_wire, checksum) == 2, "RFC 792, echo");

#endif
