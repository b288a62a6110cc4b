/* fragments_sent.h - datagrams in fragments as test_fragments.c and fuzz_fragments.c send them:
 * from whom, to whom, how large. */
#ifndef PENSTOCK_TESTS_FRAGMENTS_SENT_H
#define PENSTOCK_TESTS_FRAGMENTS_SENT_H

#include "dataplane/net/stack/assembly.h"
#include "dataplane/wire/net/udp_header.h"

enum {
	OURS = 0x0a000002,
	PEER = 0x0a000101,
	PORT = 5140,
	HEADER = sizeof(struct udp_wire),
	PAYLOAD_MAX = ASSEMBLY_BYTES_MAX - HEADER,
	PIECE = 1480, /* what one Ethernet frame has of it */
};

#endif
