/* bench_wire.h - the benches' port, and the peers at the other end of it.
 *
 *     wire_segment, wire_datagram ─▶ frames ─▶ nic_rx ─▶ (what is measured) ─▶ nic_tx_push
 *     wire_settle ◀─ reads what was sent: each peer acknowledges it with its next segment ─┘
 *
 * Implements net/nic/nic.h: one file of the bench is both driver and fleet, and costs the stack
 * nothing but the copy of a pointer. Checksums are the port's business if `has_offload`, as
 * they are with a NIC; else they are there, and are checked in software.
 *
 * Core: the bench's. Limits: a turn's worth of frames.
 */
#ifndef PENSTOCK_BENCH_WIRE_H
#define PENSTOCK_BENCH_WIRE_H

#include "dataplane/net/nic/nic.h"
#include "dataplane/net/tcp/tcp.h"

enum {
	WIRE_OUR_IP = 0x0a000001,
	WIRE_PEER_IP = 0x0a010000, /* and up, one per peer */
	WIRE_PREFIX_BITS = 8,
	WIRE_MTU = 1500,
	WIRE_PAYLOAD_BYTES_MAX = 1460,
};

struct wire_segment {
	unsigned peer;
	uint16_t port;
	uint8_t flags;
	const uint8_t *data;
	uint32_t size;
};

/* The limits of the stack behind the port; what the poller fills in is left out. */
struct tcp_settings wire_tcp_settings(unsigned connections);

struct nic *wire_create(unsigned peers, bool has_offload);
void wire_destroy(struct nic *n);

/* The next frames nic_rx() will give, PACKETS_PER_TURN at most. */
void wire_put_segment(struct nic *n, const struct wire_segment *s);
void wire_put_datagram(struct nic *n, const struct wire_segment *s);
/* Takes in what was sent since the last call. */
void wire_settle(struct nic *n);

#endif
