/* nic_dpdk_open.c - a port's name in, a configured and started port out, and back.
 *
 * Offloads are negotiated: what is wanted and what the port has; absence never fails, ip.c
 * does the rest in software.
 */
#include "dataplane/net/nic/nic_dpdk_port.h"
#include "dataplane/base/map.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <stdio.h>

enum {
	POOL_CACHE = 64,
	/* A burst of answers finds buffers that were sent last, not those that were sent first. */
	TX_POOL_CACHE = RTE_MEMPOOL_CACHE_MAX_SIZE,
	MTU_DEFAULT = 1500,
	/* The RX pool holds a full queue, a turn's burst, and what caches keep back. */
	RX_POOL_SPARE = PACKETS_PER_TURN + 2 * POOL_CACHE,
};

static const uint64_t rx_wanted = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM |
				  RTE_ETH_RX_OFFLOAD_UDP_CKSUM |
				  RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
static const uint64_t tx_wanted = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |
				  RTE_ETH_TX_OFFLOAD_UDP_CKSUM |
				  RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
/* Cutting makes chains of buffers inside some drivers (net_tap). */
static const uint64_t tx_segmentation =
	RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS;

/* Says why the port is not usable; gives `error` back. */
static int refuse(const struct nic_dpdk_options *o, const char *what, int error)
{
	fprintf(stderr, "penstockd: port %s: %s: %s\n", o->port, what, strerror(-error));
	return error;
}

static struct rte_mempool *pool_create(const struct nic *n, const char *use, unsigned count,
				       unsigned cache, unsigned frame_bytes)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	snprintf(name, sizeof name, "port%u_%s", n->port, use);
	return rte_pktmbuf_pool_create(name, count, cache, 0,
				       (uint16_t)(frame_bytes + RTE_PKTMBUF_HEADROOM),
				       rte_eth_dev_socket_id(n->port));
}

static bool is_tap(const struct rte_eth_dev_info *info)
{
	return strcmp(info->driver_name, "net_tap") == 0;
}

static bool is_packet_socket(const struct rte_eth_dev_info *info)
{
	return strcmp(info->driver_name, "net_af_packet") == 0;
}

static bool has_offload(const struct nic_dpdk_options *o)
{
	return o->settings.offload == OFFLOAD_AUTO;
}

/* net_tap compares a cut piece, Ethernet header included, with the MTU and refuses it: with
 * full segments it sends nothing. */
static bool has_segmentation(const struct nic_dpdk_options *o,
			     const struct rte_eth_dev_info *info)
{
	uint64_t needed = tx_segmentation | RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	return has_offload(o) && o->segmentation && !is_tap(info) &&
	       (info->tx_offload_capa & needed) == needed;
}

/* A port that cuts, or sends jumbo frames, has few buffers for these beside the many for what is
 * short. */
static int large_pool_create(struct nic *n, const struct nic_dpdk_options *o,
			     uint32_t frame_bytes, uint16_t tx_descriptors)
{
	bool cuts = n->caps.tx_segment_bytes > n->caps.mtu;
	bool is_jumbo = frame_bytes > NIC_FRAME_BYTES_MAX;
	if (!cuts && !is_jumbo)
		return 0;
	if (cuts)
		frame_bytes = max_u32(frame_bytes, NIC_LARGE_FRAME_BYTES_MAX);
	n->tx_large_pool = pool_create(n, "tx_large", is_jumbo ? tx_descriptors : NIC_LARGE_BUFFERS,
				       POOL_CACHE, frame_bytes);
	n->tx_size_max = frame_bytes;
	return n->tx_large_pool ? 0 : refuse(o, "no memory for transmit buffers", -rte_errno);
}

static int pools_create(struct nic *n, const struct nic_dpdk_options *o, uint16_t rx_descriptors,
			uint16_t tx_descriptors)
{
	uint32_t frame_bytes = n->caps.mtu + (uint32_t)PORT_FRAME_HEAD_BYTES;
	uint64_t rx_bytes = NIC_FRAME_BYTES_MAX;
	if (frame_bytes > NIC_FRAME_BYTES_MAX)
		rx_bytes = round_up(frame_bytes + PORT_RING_HEAD_BYTES, PORT_PAGE_BYTES);
	n->rx_pool = pool_create(n, "rx", rx_descriptors + RX_POOL_SPARE, POOL_CACHE,
				 (unsigned)rx_bytes);
	n->tx_pool = pool_create(n, "tx", o->tx_buffers + 2 * TX_POOL_CACHE, TX_POOL_CACHE,
				 NIC_FRAME_BYTES_MAX);
	n->tx_size_max = NIC_FRAME_BYTES_MAX;
	if (!n->rx_pool || !n->tx_pool)
		return refuse(o, "no memory for packet buffers", -rte_errno);
	return large_pool_create(n, o, frame_bytes, tx_descriptors);
}

/* The MTU that DPDK is to set; 0: none. Sockets of the kernel state one limit for all interfaces,
 * below what theirs may have: there the interface's MTU, which is not ours to set, rules. */
static uint16_t mtu_to_set(const struct nic_dpdk_options *o, const struct rte_eth_dev_info *info)
{
	return is_packet_socket(info) ? 0 : (uint16_t)o->settings.mtu;
}

static int configure(struct nic *n, const struct nic_dpdk_options *o,
		     const struct rte_eth_dev_info *info)
{
	struct rte_eth_conf conf = {0};
	if (has_offload(o)) {
		conf.rxmode.offloads = rx_wanted & info->rx_offload_capa;
		conf.txmode.offloads = tx_wanted & info->tx_offload_capa;
	}
	if (has_segmentation(o, info))
		conf.txmode.offloads |= tx_segmentation;
	conf.rxmode.mtu = mtu_to_set(o, info);
	/* The receive interrupt of net_tap is the tap's own descriptor, readable as it stands.
	 * That of hardware would have to be armed before each sleep: it is polled instead. */
	conf.intr_conf.rxq = is_tap(info);
	int error = rte_eth_dev_configure(n->port, 1, 1, &conf);
	if (error)
		return refuse(o, o->settings.mtu ? "the driver refuses penstock.port.mtu, or one "
						   "receive and one transmit queue"
						 : "the driver refuses one receive and one "
						   "transmit queue",
			      error);
	uint64_t tx = conf.txmode.offloads;
	n->offload = has_offload(o);
	n->caps.tx_ip_checksum = tx & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
	n->caps.tx_tcp_checksum = tx & RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	n->caps.tx_udp_checksum = tx & RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	snprintf(n->driver, sizeof n->driver, "%s", info->driver_name);
	return 0;
}

/* Address and MTU as the port has them now; the driver may have no MTU of its own. */
static int read_port(struct nic *n, const struct nic_dpdk_options *o,
		     const struct rte_eth_dev_info *info)
{
	struct rte_ether_addr mac;
	int error = rte_eth_macaddr_get(n->port, &mac);
	if (error)
		return refuse(o, "no MAC address", error);
	memcpy(n->caps.mac.octets, mac.addr_bytes, sizeof mac.addr_bytes);
	if (rte_eth_dev_get_mtu(n->port, &n->caps.mtu) != 0 || n->caps.mtu == 0)
		n->caps.mtu = MTU_DEFAULT;
	if (o->settings.mtu && is_packet_socket(info))
		n->caps.mtu = (uint16_t)o->settings.mtu;
	if (n->caps.mtu > PORT_MTU_MAX)
		return refuse(o, "its MTU is too large, set a smaller one by penstock.port.mtu",
			      -EINVAL);
	n->caps.tx_segment_bytes = n->caps.mtu;
	if (has_segmentation(o, info))
		n->caps.tx_segment_bytes = NIC_SEGMENTATION_BYTES;
	return 0;
}

static int start_queues(struct nic *n, const struct nic_dpdk_options *o)
{
	uint16_t rx_descriptors = (uint16_t)o->settings.receive_descriptors;
	uint16_t tx_descriptors = (uint16_t)o->settings.transmit_descriptors;
	int socket = rte_eth_dev_socket_id(n->port);
	int error = rte_eth_dev_adjust_nb_rx_tx_desc(n->port, &rx_descriptors,
						     &tx_descriptors);
	if (error)
		return refuse(o, "no such number of descriptors", error);
	error = pools_create(n, o, rx_descriptors, tx_descriptors);
	if (error)
		return error;
	error = rte_eth_rx_queue_setup(n->port, 0, rx_descriptors, (unsigned)socket, NULL,
				       n->rx_pool);
	if (error)
		return refuse(o, "receive queue", error);
	error = rte_eth_tx_queue_setup(n->port, 0, tx_descriptors, (unsigned)socket,
				       NULL);
	if (error)
		return refuse(o, "transmit queue", error);
	error = rte_eth_dev_start(n->port);
	if (error)
		return refuse(o, "does not start", error);
	return 0;
}

static int open_port(struct nic *n, const struct nic_dpdk_options *o)
{
	struct rte_eth_dev_info info;
	int error = rte_eth_dev_get_port_by_name(o->port, &n->port);
	if (error)
		return refuse(o, "no such port", error);
	error = rte_eth_dev_info_get(n->port, &info);
	if (error)
		return refuse(o, "no answer from the driver", error);
	error = configure(n, o, &info);
	if (!error)
		error = read_port(n, o, &info);
	if (!error)
		error = start_queues(n, o);
	if (error)
		return error;
	n->wait_fd = is_tap(&info) ? rte_eth_dev_rx_intr_ctl_q_get_fd(n->port, 0) : -1;
	/* What the port lost before this start is not reported. */
	struct rte_eth_stats lost;
	if (rte_eth_stats_get(n->port, &lost) == 0) {
		n->missed_seen = lost.imissed;
		n->errors_seen = lost.ierrors + lost.rx_nombuf;
	}
	return 0;
}

struct nic *nic_dpdk_open(const struct nic_dpdk_options *options, int *error)
{
	struct nic *n = map_take(sizeof *n);
	*error = -ENOMEM;
	if (!n)
		return NULL;
	n->port = RTE_MAX_ETHPORTS;
	*error = open_port(n, options);
	if (*error == 0)
		return n;
	nic_dpdk_close(n);
	return NULL;
}

/* Closes a port that open_port() got only part of the way with, too. */
void nic_dpdk_close(struct nic *n)
{
	if (!n)
		return;
	nic_release(n);
	if (n->port != RTE_MAX_ETHPORTS) {
		rte_eth_dev_stop(n->port);
		rte_eth_dev_close(n->port);
	}
	rte_mempool_free(n->rx_pool);
	rte_mempool_free(n->tx_pool);
	rte_mempool_free(n->tx_large_pool);
	map_give(n, sizeof *n);
}

char *nic_dpdk_describe(const struct nic *n, char *out, size_t size)
{
	const uint8_t *mac = n->caps.mac.octets;
	struct rte_eth_link link = {0};
	rte_eth_link_get_nowait(n->port, &link);
	snprintf(out, size,
		 "%s, MAC %02x:%02x:%02x:%02x:%02x:%02x, MTU %u, link %s, checksums by "
		 "%s%s",
		 n->driver, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], n->caps.mtu,
		 link.link_status ? "up" : "down",
		 n->caps.tx_tcp_checksum ? "the port" : "software",
		 n->caps.tx_segment_bytes > n->caps.mtu ? ", TSO" : "");
	return out;
}
