/* gen_port.c - frames of the target in, packets for the generator out, and back;
 * gen_port.h. */
#include "perf/gen_port.h"
#include "dataplane/base/require.h"
#include "dataplane/net/nic/nic_dpdk.h"
#include "dataplane/wire/net/arp.h"
#include "dataplane/wire/net/eth.h"
#include "dataplane/wire/net/ip4.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <stdio.h>

enum {
	NIC_OWN_TX_BUFFERS = 512,
	TX_BUFFERS = 16384,
	TX_CACHE = 256,
	TX_BUFFER_BYTES = 2048 + RTE_PKTMBUF_HEADROOM,
};

/* ---- open and close ---------------------------------------------------------------- */

int gen_port_open(struct gen_port *p, const struct gen_port_options *options)
{
	struct nic_dpdk_options nic = {
		.port = options->name,
		.settings = {.receive_descriptors = options->descriptors,
			     .transmit_descriptors = options->descriptors},
		.tx_buffers = NIC_OWN_TX_BUFFERS,
	};
	*p = (struct gen_port){.net = options->net};
	if (options->target_mac) {
		p->target_mac = *options->target_mac;
		p->is_resolved = true;
	}
	int error;
	p->nic = nic_dpdk_open(&nic, &error);
	if (!p->nic)
		return error;
	nic_attach(p->nic, &p->stats);
	p->mac = nic_caps(p->nic)->mac;
	error = rte_eth_dev_get_port_by_name(options->name, &p->id);
	char name[RTE_MEMPOOL_NAMESIZE];
	snprintf(name, sizeof name, "generator%u", p->id);
	p->pool = rte_pktmbuf_pool_create(name, TX_BUFFERS, TX_CACHE, 0, TX_BUFFER_BYTES,
					  SOCKET_ID_ANY);
	if (!error && p->pool)
		return 0;
	fprintf(stderr, "penstock-perf: no memory for transmit buffers\n");
	gen_port_close(p);
	return -ENOMEM;
}

void gen_port_close(struct gen_port *p)
{
	rte_pktmbuf_free_bulk(p->tx, p->tx_count);
	p->tx_count = 0;
	nic_dpdk_close(p->nic);
	rte_mempool_free(p->pool);
}

uint32_t gen_port_speed_mbps(const struct gen_port *p)
{
	struct rte_eth_link link = {0};
	if (rte_eth_link_get_nowait(p->id, &link) != 0 ||
	    link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN)
		return 0;
	return link.link_speed;
}

bool gen_port_is_up(const struct gen_port *p)
{
	struct rte_eth_link link = {0};
	return rte_eth_link_get_nowait(p->id, &link) == 0 && link.link_status;
}

uint32_t gen_port_mtu(const struct gen_port *p)
{
	return nic_caps(p->nic)->mtu;
}

/* ---- out --------------------------------------------------------------------------- */

/* The lengths are noted first: what the driver takes it may have freed. */
void gen_port_flush(struct gen_port *p)
{
	if (p->tx_count == 0)
		return;
	unsigned ready = rte_eth_tx_prepare(p->id, 0, p->tx, (uint16_t)p->tx_count);
	require(ready == p->tx_count);
	uint32_t bytes[GEN_TX_BATCH];
	for (unsigned i = 0; i < p->tx_count; i++)
		bytes[i] = p->tx[i]->pkt_len;
	unsigned sent = rte_eth_tx_burst(p->id, 0, p->tx, (uint16_t)p->tx_count);
	for (unsigned i = 0; i < sent; i++)
		p->bytes_sent += bytes[i];
	p->packets_sent += sent;
	p->waits += sent == 0;
	p->tx_count -= sent;
	memmove(p->tx, p->tx + sent, p->tx_count * sizeof *p->tx);
}

/* Of what the port does not take at once there is one batch: who finds it full stops making
 * more. */
bool gen_port_has_room(struct gen_port *p)
{
	if (p->tx_count == GEN_TX_BATCH)
		gen_port_flush(p);
	return p->tx_count < GEN_TX_BATCH;
}

/* The frame lies behind those that wait for the port, and is one of them once it is pushed. */
static uint8_t *frame_take(struct gen_port *p, uint32_t size)
{
	struct rte_mbuf *m = gen_port_has_room(p) ? rte_pktmbuf_alloc(p->pool) : NULL;
	if (!m)
		return NULL;
	m->data_len = (uint16_t)size;
	m->pkt_len = size;
	p->tx[p->tx_count] = m;
	return rte_pktmbuf_mtod(m, uint8_t *);
}

static void eth_fill(const struct gen_port *p, const uint8_t to[6], uint16_t type,
		     struct eth_wire *eth)
{
	memcpy(eth->destination, to, sizeof eth->destination);
	memcpy(eth->source, p->mac.octets, sizeof eth->source);
	eth->type = be16_of(type);
}

uint8_t *gen_port_take(struct gen_port *p, uint32_t size)
{
	uint8_t *frame = frame_take(p, GEN_ETH_IP_BYTES + size);
	return frame ? frame + GEN_ETH_IP_BYTES : NULL;
}

/* The port completes it from the pseudo-header's sum, or we do. */
static void checksum_fill(struct gen_port *p, const struct ip4_wire *ip,
			  uint8_t *l4_bytes, const struct gen_l4 *l4)
{
	const struct nic_caps *caps = nic_caps(p->nic);
	struct rte_mbuf *m = p->tx[p->tx_count];
	struct be16 *field = (struct be16 *)(l4_bytes + l4->checksum_at);
	bool is_tcp = l4->protocol == IP_PROTOCOL_TCP;
	uint64_t pseudo = ip4_pseudo_sum(ip, l4->protocol, (uint16_t)l4->size);
	if (is_tcp ? caps->tx_tcp_checksum : caps->tx_udp_checksum) {
		*field = inet_sum_field(pseudo);
		m->l2_len = sizeof(struct eth_wire);
		m->l3_len = sizeof *ip;
		m->l4_len = l4->header_bytes;
		m->ol_flags |= RTE_MBUF_F_TX_IPV4 | (is_tcp ? RTE_MBUF_F_TX_TCP_CKSUM
							    : RTE_MBUF_F_TX_UDP_CKSUM);
		return;
	}
	*field = be16_of(0);
	*field = inet_checksum(inet_sum_add(pseudo, l4_bytes, l4->size));
}

/* IPv4's own sum is always made here: a port is only left the one over the payload. */
void gen_port_push(struct gen_port *p, uint32_t source, const struct gen_l4 *l4)
{
	struct rte_mbuf *m = p->tx[p->tx_count];
	struct eth_wire *eth = rte_pktmbuf_mtod(m, struct eth_wire *);
	struct ip4_wire *ip = (struct ip4_wire *)(eth + 1);
	eth_fill(p, p->target_mac.octets, ETHERTYPE_IP4, eth);
	*ip = (struct ip4_wire){
		.version_ihl = IP4_VERSION_IHL,
		.total_length = be16_of((uint16_t)(sizeof *ip + l4->size)),
		.id = be16_of(p->ip_id++),
		.fragment = be16_of(IP4_DONT_FRAGMENT),
		.ttl = IP4_TTL,
		.protocol = l4->protocol,
		.source = be32_of(source),
		.destination = be32_of(p->net.target),
	};
	ip->checksum = inet_checksum(inet_sum_add(0, ip, sizeof *ip));
	checksum_fill(p, ip, (uint8_t *)(ip + 1), l4);
	p->tx_count++;
}

/* ---- ARP --------------------------------------------------------------------------- */

static void arp_send(struct gen_port *p, uint16_t op, uint32_t ours,
		     const uint8_t to_mac[6], uint32_t to)
{
	uint8_t *frame = frame_take(p, sizeof(struct eth_wire) + sizeof(struct arp_wire));
	if (!frame)
		return;
	struct arp_wire *arp = (struct arp_wire *)(frame + sizeof(struct eth_wire));
	eth_fill(p, to_mac, ETHERTYPE_ARP, (struct eth_wire *)frame);
	*arp = (struct arp_wire){
		.hardware = be16_of(ARP_HARDWARE_ETHERNET),
		.protocol = be16_of(ARP_PROTOCOL_IP4),
		.hardware_bytes = 6,
		.protocol_bytes = 4,
		.op = be16_of(op),
		.sender_protocol = be32_of(ours),
		.target_protocol = be32_of(to),
	};
	memcpy(arp->sender_hardware, p->mac.octets, sizeof arp->sender_hardware);
	if (op == ARP_OP_REPLY)
		memcpy(arp->target_hardware, to_mac, sizeof arp->target_hardware);
	p->tx_count++;
}

/* From one of our addresses, the first: the answer comes to that, and holds for all. */
void gen_port_ask(struct gen_port *p)
{
	static const uint8_t everyone[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	arp_send(p, ARP_OP_REQUEST, gen_net_host(&p->net, 0), everyone, p->net.target);
	gen_port_flush(p);
}

/* Answers for every address of the source net: all peers of the gateway are here. */
static void arp_input(struct gen_port *p, const struct arp_wire *arp)
{
	uint32_t asked = be32_get(arp->target_protocol);
	if (arp_is_request(arp)) {
		if (gen_net_index(&p->net, asked) != UINT32_MAX)
			arp_send(p, ARP_OP_REPLY, asked, arp->sender_hardware,
				 be32_get(arp->sender_protocol));
		return;
	}
	if (be16_get(arp->op) != ARP_OP_REPLY ||
	    be32_get(arp->sender_protocol) != p->net.target)
		return;
	memcpy(p->target_mac.octets, arp->sender_hardware, sizeof p->target_mac.octets);
	p->is_resolved = true;
}

/* ---- in ---------------------------------------------------------------------------- */

static bool l4_sum_is_good(const struct pkt *packet, const struct ip4_wire *ip,
			   uint32_t size)
{
	if (packet->l4_checksum != PKT_CHECKSUM_UNKNOWN)
		return packet->l4_checksum == PKT_CHECKSUM_GOOD;
	if (ip->protocol != IP_PROTOCOL_TCP)
		return true;
	uint64_t sum = ip4_pseudo_sum(ip, ip->protocol, (uint16_t)size);
	return inet_sum_fold(inet_sum_add(sum, ip + 1, size)) == 0xffff;
}

/* False: none of ours; counted. */
static bool ip_input(struct gen_port *p, const struct pkt *packet, struct gen_packet *ret)
{
	const struct ip4_wire *ip =
		(const struct ip4_wire *)(packet->data + sizeof(struct eth_wire));
	uint32_t total = be16_get(ip->total_length);
	if (packet->size < GEN_ETH_IP_BYTES || ip->version_ihl != IP4_VERSION_IHL ||
	    total < sizeof *ip || total + sizeof(struct eth_wire) > packet->size ||
	    be32_get(ip->source) != p->net.target) {
		p->strays++;
		return false;
	}
	uint32_t size = total - (uint32_t)sizeof *ip;
	if (!l4_sum_is_good(packet, ip, size)) {
		p->checksum_errors++;
		return false;
	}
	*ret = (struct gen_packet){.to = be32_get(ip->destination),
				   .protocol = ip->protocol,
				   .l4 = (const uint8_t *)(ip + 1),
				   .size = size};
	return true;
}

/* Nothing shorter than an ARP packet in its frame is of use here, so that both headers may be
 * read without another look. */
static bool packet_input(struct gen_port *p, const struct pkt *packet,
			 struct gen_packet *ret)
{
	const struct eth_wire *eth = (const struct eth_wire *)packet->data;
	if (packet->size < sizeof *eth + sizeof(struct arp_wire))
		return false;
	switch (be16_get(eth->type)) {
	case ETHERTYPE_ARP:
		arp_input(p, (const struct arp_wire *)(eth + 1));
		return false;
	case ETHERTYPE_IP4:
		return ip_input(p, packet, ret);
	default:
		p->strays++;
		return false;
	}
}

unsigned gen_port_rx(struct gen_port *p, struct gen_packet *ret, unsigned max)
{
	require(max >= PACKETS_PER_TURN);
	unsigned count = 0;
	nic_rx(p->nic, &p->received);
	for (unsigned i = 0; i < p->received.count; i++)
		count += packet_input(p, p->received.pkts[i], &ret[count]);
	return count;
}

void gen_port_release(struct gen_port *p)
{
	nic_release(p->nic);
}
