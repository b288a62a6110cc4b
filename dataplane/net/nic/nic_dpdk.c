/* nic_dpdk.c - receive queue of a DPDK port in, packet vector out; frames in, transmit queue
 * out.
 *
 * The only file beside control/eal.c that sees mbufs and ethdev. Opening and closing the port
 * is in nic_dpdk_open.c; both share nic_dpdk_port.h.
 */
#include "dataplane/net/nic/nic_dpdk.h"
#include "dataplane/base/cycles.h"
#include "dataplane/base/require.h"
#include "dataplane/net/nic/nic_dpdk_port.h"

#include <rte_ethdev.h>

const struct nic_caps *nic_caps(const struct nic *n)
{
	return &n->caps;
}

void nic_attach(struct nic *n, struct stats *stats)
{
	n->stats = stats;
}

int nic_wait_fd(const struct nic *n)
{
	return n->wait_fd;
}

/* ---- in ---------------------------------------------------------------------------- */

/* NONE says that the field is not filled in but the data are right, as virtio delivers what
 * never was on a wire: good. */
static uint8_t ip_verdict(uint64_t flags)
{
	switch (flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) {
	case RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN:
		return PKT_CHECKSUM_UNKNOWN;
	case RTE_MBUF_F_RX_IP_CKSUM_BAD:
		return PKT_CHECKSUM_BAD;
	default:
		return PKT_CHECKSUM_GOOD;
	}
}

static uint8_t l4_verdict(uint64_t flags)
{
	switch (flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) {
	case RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN:
		return PKT_CHECKSUM_UNKNOWN;
	case RTE_MBUF_F_RX_L4_CKSUM_BAD:
		return PKT_CHECKSUM_BAD;
	default:
		return PKT_CHECKSUM_GOOD;
	}
}

/* A packet in several buffers cannot be shown in one piece; the port is not asked to make
 * any. */
static void packet_take(struct nic *n, struct rte_mbuf *m, struct pkt_vec *ret)
{
	n->stats->value[STAT_bytes_received] += m->pkt_len;
	if (unlikely(m->nb_segs > 1)) {
		stats_add(n->stats, STAT_packet_drop_multi_segment, 1);
		return;
	}
	struct pkt *p = &n->pkts[ret->count];
	p->data = rte_pktmbuf_mtod(m, uint8_t *);
	p->size = m->pkt_len;
	/* Without offloads the driver's word is not asked for, not even when it gives one. */
	p->ip_checksum = n->offload ? ip_verdict(m->ol_flags) : PKT_CHECKSUM_UNKNOWN;
	p->l4_checksum = n->offload ? l4_verdict(m->ol_flags) : PKT_CHECKSUM_UNKNOWN;
	/* Nobody asks a port to take tags off; some do it all the same. */
	p->vlan = 0;
	if (unlikely(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED))
		p->vlan = m->vlan_tci & RTE_ETHER_MAX_VLAN_ID;
	p->buffer = m;
	pkt_vec_push(ret, p);
}

/* All packets are on their way into the cache before the first is looked at. The driver's
 * cycles are counted apart from the turn's other work. */
void nic_rx(struct nic *n, struct pkt_vec *ret)
{
	require(n->rx_count == 0);
	uint64_t start = clock_cycles();
	n->rx_count = rte_eth_rx_burst(n->port, 0, n->rx, PACKETS_PER_TURN);
	n->cycles += clock_cycles() - start;
	ret->count = 0;
	stats_add(n->stats, STAT_packets_received, n->rx_count);
	for (unsigned i = 0; i < n->rx_count; i++)
		rte_prefetch0(rte_pktmbuf_mtod(n->rx[i], void *));
	for (unsigned i = 0; i < n->rx_count; i++)
		packet_take(n, n->rx[i], ret);
}

void nic_release(struct nic *n)
{
	if (n->rx_count == 0)
		return;
	uint64_t start = clock_cycles();
	rte_pktmbuf_free_bulk(n->rx, n->rx_count);
	n->cycles += clock_cycles() - start;
	n->rx_count = 0;
}

uint64_t nic_cycles(const struct nic *n)
{
	return n->cycles;
}

/* ---- out --------------------------------------------------------------------------- */

uint8_t *nic_tx_take(struct nic *n, uint32_t size)
{
	require(!n->tx_taken && size <= n->tx_size_max);
	if (n->tx_count == NIC_TX_FRAMES)
		return NULL;
	struct rte_mempool *pool =
		size <= NIC_FRAME_BYTES_MAX ? n->tx_pool : n->tx_large_pool;
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	n->tx_taken = m;
	return m ? rte_pktmbuf_mtod(m, uint8_t *) : NULL;
}

static void offload_fill(struct rte_mbuf *m, const struct nic_offload *offload)
{
	m->l2_len = offload->l2_bytes;
	m->l3_len = offload->l3_bytes;
	m->l4_len = offload->l4_bytes;
	m->ol_flags |= RTE_MBUF_F_TX_IPV4;
	if (offload->ip_checksum)
		m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
	if (offload->l4_checksum)
		m->ol_flags |= offload->is_tcp ? RTE_MBUF_F_TX_TCP_CKSUM
					       : RTE_MBUF_F_TX_UDP_CKSUM;
	if (offload->segment_bytes) {
		m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
		m->tso_segsz = offload->segment_bytes;
	}
}

void nic_tx_push(struct nic *n, uint32_t size, const struct nic_offload *offload)
{
	struct rte_mbuf *m = n->tx_taken;
	require(m && size <= rte_pktmbuf_tailroom(m));
	n->tx_taken = NULL;
	m->data_len = (uint16_t)size;
	m->pkt_len = size;
	if (offload->ip_checksum || offload->l4_checksum)
		offload_fill(m, offload);
	n->tx[n->tx_count] = m;
	n->tx_bytes[n->tx_count++] = size;
}

/* The first `count` frames are out of our hands; the rest moves up. */
static void tx_advance(struct nic *n, unsigned count)
{
	n->tx_count -= count;
	n->tx_prepared -= count;
	memmove(n->tx, n->tx + count, n->tx_count * sizeof *n->tx);
	memmove(n->tx_bytes, n->tx_bytes + count, n->tx_count * sizeof *n->tx_bytes);
}

/* Lets the driver finish what its hardware leaves open. One frame it refuses ends the turn's
 * sending, and goes once it is the first. */
static void tx_prepare(struct nic *n)
{
	unsigned left = n->tx_count - n->tx_prepared;
	if (!n->offload) {
		n->tx_prepared = n->tx_count;
		return;
	}
	unsigned took = rte_eth_tx_prepare(n->port, 0, n->tx + n->tx_prepared, (uint16_t)left);
	n->tx_prepared += took;
	if (n->tx_prepared > 0 || took == left)
		return;
	rte_pktmbuf_free(n->tx[0]);
	n->tx_prepared = 1;
	tx_advance(n, 1);
	stats_add(n->stats, STAT_packets_unsent, 1);
}

/* How many of the prepared frames the driver took. */
static unsigned tx_burst(struct nic *n)
{
	unsigned sent = 0;
	while (sent < n->tx_prepared) {
		uint16_t took = rte_eth_tx_burst(n->port, 0, n->tx + sent,
						 (uint16_t)(n->tx_prepared - sent));
		if (took == 0)
			break;
		sent += took;
	}
	return sent;
}

void nic_tx_flush(struct nic *n)
{
	if (n->tx_count == 0)
		return;
	uint64_t start = clock_cycles(), bytes = 0;
	tx_prepare(n);
	unsigned sent = tx_burst(n);
	for (unsigned i = 0; i < sent; i++)
		bytes += n->tx_bytes[i];
	tx_advance(n, sent);
	stats_add(n->stats, STAT_packets_sent, sent);
	stats_add(n->stats, STAT_bytes_sent, bytes);
	n->cycles += clock_cycles() - start;
}

bool nic_has_unsent(const struct nic *n)
{
	return n->tx_count > 0;
}

/* ---- what the port lost ------------------------------------------------------------ */

void nic_count_losses(struct nic *n, struct stats *stats)
{
	struct rte_eth_stats now;
	if (rte_eth_stats_get(n->port, &now) != 0)
		return;
	uint64_t errors = now.ierrors + now.rx_nombuf;
	stats_add(stats, STAT_nic_missed, now.imissed - n->missed_seen);
	stats_add(stats, STAT_nic_errors, errors - n->errors_seen);
	n->missed_seen = now.imissed;
	n->errors_seen = errors;
}
