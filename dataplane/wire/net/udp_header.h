/* udp_header.h - UDP header (RFC 768): bytes to struct, in place. */
#ifndef PENSTOCK_WIRE_UDP_HEADER_H
#define PENSTOCK_WIRE_UDP_HEADER_H

#include "dataplane/base/be.h"

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

#endif
