/* nic.h - receive and transmit a vector of packets: the seam between port and stack.
 *
 * One implementation is linked: nic_dpdk.c in the programs (the only file beside
 * control/eal.c that sees mbufs and ethdev), tests/sim/sim_nic.c in the simulator.
 *
 *     nic_rx ──▶ pkt_vec ──▶ the layers ... turn ends ──▶ nic_release
 *     nic_tx_take ──▶ caller writes a whole Ethernet frame ──▶ nic_tx_push ... nic_tx_flush
 *
 * Core: the poller that owns the queue pair. Ownership: packets of nic_rx() are borrowed
 * until nic_release(); a transmit buffer is the caller's from take to push.
 */
#ifndef PENSTOCK_NIC_H
#define PENSTOCK_NIC_H

#include "dataplane/base/stats.h"
#include "dataplane/net/pkt.h"

struct nic;

/* What the port can do for us; the rest is done in software. */
struct nic_caps {
	struct mac mac;
	uint16_t mtu;               /* IP bytes */
	bool tx_ip_checksum;        /* fills the IPv4 header checksum */
	bool tx_tcp_checksum;       /* completes a TCP checksum from its pseudo-header sum */
	bool tx_udp_checksum;
	uint32_t tx_segment_bytes;  /* TCP payload one pushed packet may carry: > mtu with TSO */
};

const struct nic_caps *nic_caps(const struct nic *n);

/* Where the port counts; before the first nic_rx(). The poller gives its own block. */
void nic_attach(struct nic *n, struct stats *stats);

/* Up to PACKETS_PER_TURN packets, counted as received; the previous ones have been
 * released. */
void nic_rx(struct nic *n, struct pkt_vec *ret);
void nic_release(struct nic *n);

/* How the checksums of a pushed frame are to be completed by the port. */
struct nic_offload {
	uint8_t l2_bytes;
	uint8_t l3_bytes;
	uint8_t l4_bytes;     /* TCP header with options */
	bool ip_checksum;     /* port fills it; the field is zero */
	bool l4_checksum;     /* port completes it; the field holds the pseudo-header sum */
	bool is_tcp;
	uint16_t segment_bytes; /* MSS when the payload is to be cut by the port, else 0 */
};

/* A buffer of at least `size` bytes for one Ethernet frame, or null when transmit buffers
 * are exhausted or the port has fallen too far behind: try again next turn. */
uint8_t *nic_tx_take(struct nic *n, uint32_t size);
/* Gives the buffer of the last nic_tx_take() to the port with `size` bytes filled. */
void nic_tx_push(struct nic *n, uint32_t size, const struct nic_offload *offload);
/* Hands everything pushed to the port, once per turn. What a full queue does not take goes
 * with the next flush; what the driver refuses is dropped and counted (packets_unsent). */
void nic_tx_flush(struct nic *n);
/* Frames wait for the next flush. */
bool nic_has_unsent(const struct nic *n);

/* Cycles spent in the driver since the start. */
uint64_t nic_cycles(const struct nic *n);

/* A descriptor whose readability means packets, or -1: used by the idle ladder. */
int nic_wait_fd(const struct nic *n);

/* Adds what the port itself lost (imissed, ierrors, rx_nombuf) to `stats`. */
void nic_count_losses(struct nic *n, struct stats *stats);

#endif
