/* nic_dpdk_port.h - what nic_dpdk.c (the turn's half) and nic_dpdk_open.c (control's half)
 * share: the port's own struct. Nobody else includes this. */
#ifndef PENSTOCK_NIC_DPDK_PORT_H
#define PENSTOCK_NIC_DPDK_PORT_H

#include "dataplane/net/nic/nic_dpdk.h"

struct rte_mbuf;
struct rte_mempool;

enum {
	/* Frames of a turn, and those the port did not take in the turns before. */
	NIC_TX_FRAMES = 512,
	/* Largest frame of an ordinary buffer. */
	NIC_FRAME_BYTES_MAX = 2048,
	/* TCP payload of one frame that the port cuts (TSO), and its buffer; of these there are as
	 * many as transmit descriptors where frames of their size are what is sent (jumbo). */
	NIC_SEGMENTATION_BYTES = 16384,
	NIC_LARGE_FRAME_BYTES_MAX = NIC_SEGMENTATION_BYTES + 256,
	NIC_LARGE_BUFFERS = 256,
};

struct nic {
	/* Set at start */
	uint16_t port;
	bool offload;
	int wait_fd;
	uint32_t tx_size_max;
	struct rte_mempool *rx_pool;
	struct rte_mempool *tx_pool;
	struct rte_mempool *tx_large_pool; /* null without TSO and jumbo frames */
	struct stats *stats;
	struct nic_caps caps;
	char driver[32];
	/* The turn's */
	cache_aligned unsigned rx_count;
	unsigned tx_count;
	unsigned tx_prepared; /* of them, by the driver */
	struct rte_mbuf *tx_taken;
	uint64_t cycles; /* in the driver */
	uint64_t missed_seen;
	uint64_t errors_seen;
	struct rte_mbuf *rx[PACKETS_PER_TURN];
	struct pkt pkts[PACKETS_PER_TURN];
	struct rte_mbuf *tx[NIC_TX_FRAMES];
	uint32_t tx_bytes[NIC_TX_FRAMES];
};

#endif
