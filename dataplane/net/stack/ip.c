/* ip.c - Ethernet frames in, TCP segments and UDP datagrams out, answers to ARP and ping sent;
 * l4 bytes in, frames out.
 *
 * Talks to: nic.h below, the wire codecs. Each packet either goes up or ends here in exactly
 * one counter, which the function that decides returns: PASSED means it went up.
 */
#include "dataplane/net/stack/ip.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/net/stack/neighbour.h"
#include "dataplane/wire/net/icmp.h"
#include "dataplane/wire/net/ip4.h"
#include "dataplane/wire/net/udp_header.h"

#include <stdio.h>

/* No counter: the packet went up. */
#define PASSED STAT_COUNT

enum {
	/* Enough for every monitor, too little to be worth a flood. */
	ICMP_ANSWERS_PER_SECOND = 1000,
	TCP_CHECKSUM_OFFSET = 16, /* RFC 9293 3.1 */
};

static const uint8_t ip4_mapped[12] = {[10] = 0xff, [11] = 0xff};

struct address address_of_ip4(uint32_t host_order)
{
	struct address a;
	memcpy(a.octets, ip4_mapped, sizeof ip4_mapped);
	be32_store(a.octets + 12, host_order);
	return a;
}

char *endpoint_format(const struct endpoint *e, char *out, size_t size)
{
	const uint8_t *ip = e->address.octets + 12;
	snprintf(out, size, "%u.%u.%u.%u:%u", ip[0], ip[1], ip[2], ip[3], e->port);
	return out;
}

/* ---- answered here ----------------------------------------------------------------- */

/* A budget per second of the clock: what a quiet second leaves is not saved up for a flood. */
static bool icmp_may_answer(struct ip *ip, uint64_t now_ns)
{
	uint64_t second = now_ns / NS_PER_S;
	if (second != ip->icmp_second) {
		ip->icmp_second = second;
		ip->icmp_budget = ICMP_ANSWERS_PER_SECOND;
	}
	if (ip->icmp_budget == 0)
		return false;
	ip->icmp_budget--;
	return true;
}

/* RFC 1191 5: what a router that does not say may mean. */
static uint16_t mtu_below(uint16_t packet_bytes)
{
	static const uint16_t plateaus[] = {17914, 8166, 4352, 2002, 1492, 1006};
	for (unsigned i = 0; i < array_len(plateaus); i++)
		if (plateaus[i] < packet_bytes)
			return plateaus[i];
	return 0;
}

/* The header that is quoted must be one of ours, of a packet for which there is no room; whether
 * its segment is in flight TCP knows. */
static enum stat_id icmp_too_big(struct ip *ip, const struct pkt *p)
{
	enum { L4_QUOTED_BYTES = 8 };
	const struct icmp_wire *icmp = (const struct icmp_wire *)p->data;
	const struct ip4_wire *quoted = (const struct ip4_wire *)(icmp + 1);
	uint32_t left = p->size - (uint32_t)sizeof *icmp;
	if (left < sizeof *quoted || left < ip4_header_bytes(quoted) + L4_QUOTED_BYTES)
		return STAT_packet_drop_runt;
	if (quoted->version_ihl != IP4_VERSION_IHL || quoted->protocol != IP_PROTOCOL_TCP ||
	    be32_get(quoted->source) != address_to_ip4(&ip->address) ||
	    be16_get(quoted->fragment) & IP4_FRAGMENT_MASK)
		return STAT_packet_drop_icmp;
	const uint8_t *l4 = (const uint8_t *)(quoted + 1);
	uint16_t packet_bytes = be16_get(quoted->total_length);
	uint16_t mtu = be16_get(icmp->sequence);
	if (mtu == 0)
		mtu = mtu_below(packet_bytes);
	if (mtu >= packet_bytes)
		return STAT_packet_drop_icmp;
	ip->too_big[ip->too_big_count++] = (struct too_big){
		.peer = {address_of_ip4(be32_get(quoted->destination)), be16_load(l4 + 2)},
		.local_port = be16_load(l4),
		.mtu = mtu,
		.seq = be32_load(l4 + 4),
	};
	return PASSED;
}

static enum stat_id icmp_input(struct ip *ip, const struct pkt *p, uint64_t now_ns)
{
	if (p->size < sizeof(struct icmp_wire))
		return STAT_packet_drop_runt;
	/* Ports that verify TCP and UDP do not verify ICMP. */
	if (inet_sum_fold(inet_sum_add(0, p->data, p->size)) != 0xffff)
		return STAT_packet_drop_l4_checksum;
	const struct icmp_wire *ask = (const struct icmp_wire *)p->data;
	if (ask->type == ICMP_UNREACHABLE && ask->code == ICMP_FRAGMENTATION_NEEDED)
		return icmp_too_big(ip, p);
	if (ask->type != ICMP_ECHO_REQUEST || ask->code != 0 ||
	    p->size > ip_l4_bytes_max(ip) || !icmp_may_answer(ip, now_ns))
		return STAT_packet_drop_icmp;

	struct ip_route back = {
		.way = p->way, .from = p->to.address, .to = p->from.address};
	uint8_t *l4 = ip_tx_take(ip, &back, p->size);
	if (!l4)
		return STAT_packet_drop_answer;
	memcpy(l4, p->data, p->size);
	((struct icmp_wire *)l4)->type = ICMP_ECHO_REPLY;
	ip_tx_push(ip, &back, IP_PROTOCOL_ICMP, p->size, 0, 0);
	return STAT_packets_answered;
}

/* ---- in ---------------------------------------------------------------------------- */

/* LAND (source is us), broadcast and multicast sources: RFC 1122 3.2.1.3, RFC 9293 MUST-57. */
static bool source_is_possible(const struct ip *ip, uint32_t source)
{
	uint32_t ours = address_to_ip4(&ip->address);
	return source != ours && ip4_is_host(source) &&
	       !ip4_is_directed_broadcast(source, ours, ip->prefix_bits);
}

/* A UDP length that is nonsense is left to udp_input(), which has the counter for it. */
static bool l4_sum_is_good(const struct ip4_wire *header, const struct pkt *p)
{
	if (header->protocol == IP_PROTOCOL_UDP)
		return udp_sum_is_good(header, p->data, p->size);
	uint64_t sum = ip4_pseudo_sum(header, header->protocol, (uint16_t)p->size);
	return inet_sum_fold(inet_sum_add(sum, p->data, p->size)) == 0xffff;
}

static enum stat_id l4_input(const struct ip4_wire *header, struct pkt *p,
			  struct pkt_vec *ret)
{
	if (p->l4_checksum == PKT_CHECKSUM_BAD ||
	    (p->l4_checksum == PKT_CHECKSUM_UNKNOWN && !l4_sum_is_good(header, p)))
		return STAT_packet_drop_l4_checksum;
	pkt_vec_push(ret, p);
	return PASSED;
}

/* No peer of ours needs to say which way his packets go, and who does may pretend to be behind a
 * router that he is not. All other options are skipped (RFC 1122 3.2.1.8). */
static enum stat_id ip4_options_input(const struct ip4_wire *header)
{
	const uint8_t *options = (const uint8_t *)(header + 1);
	uint32_t size = ip4_header_bytes(header) - (uint32_t)sizeof *header, at = 0;
	while (at < size && options[at] != IP4_OPTION_END) {
		if (options[at] == IP4_OPTION_LOOSE_ROUTE || options[at] == IP4_OPTION_STRICT_ROUTE)
			return STAT_packet_drop_source_route;
		if (options[at] == IP4_OPTION_NOP) {
			at++;
			continue;
		}
		if (size - at < 2 || options[at + 1] < 2 || options[at + 1] > size - at)
			return STAT_packet_drop_ip_header;
		at += options[at + 1];
	}
	return PASSED;
}

/* RFC 1122 3.2.1: checks the header and cuts off what is behind the packet. PASSED when all is
 * well. */
static enum stat_id ip4_header_input(const struct ip *ip, struct pkt *p)
{
	if (p->size < sizeof(struct ip4_wire))
		return STAT_packet_drop_runt;
	const struct ip4_wire *header = (const struct ip4_wire *)p->data;
	uint32_t header_bytes = ip4_header_bytes(header);
	uint32_t total = be16_get(header->total_length);
	if (header->version_ihl >> 4 != 4 || header_bytes < sizeof *header ||
	    total < header_bytes)
		return STAT_packet_drop_ip_header;
	if (total > p->size)
		return STAT_packet_drop_runt;
	if (p->ip_checksum == PKT_CHECKSUM_BAD ||
	    (p->ip_checksum == PKT_CHECKSUM_UNKNOWN &&
	     inet_sum_fold(inet_sum_add(0, header, header_bytes)) != 0xffff))
		return STAT_packet_drop_ip_checksum;
	if (be32_get(header->destination) != address_to_ip4(&ip->address))
		return STAT_packet_drop_not_for_us;
	if (!source_is_possible(ip, be32_get(header->source)))
		return STAT_packet_drop_ip_header;
	enum stat_id verdict = PASSED;
	if (unlikely(header_bytes > sizeof *header))
		verdict = ip4_options_input(header);
	if (verdict != PASSED)
		return verdict;
	p->size = total; /* what is behind is Ethernet padding */
	return PASSED;
}

struct ip_output {
	struct pkt_vec *segments;
	struct pkt_vec *datagrams;
	struct pkt_vec *fragments;
	uint64_t now_ns;
};

/* Of UDP only: docs/TCP.md says why. */
static enum stat_id fragment_input(const struct ip4_wire *header, struct pkt *p,
				   struct pkt_vec *ret)
{
	if (header->protocol != IP_PROTOCOL_UDP)
		return STAT_packet_drop_ip_fragment;
	pkt_vec_push(ret, p);
	return PASSED;
}

static enum stat_id ip4_input(struct ip *ip, struct pkt *p, const struct ip_output *to)
{
	const struct ip4_wire *header = (const struct ip4_wire *)p->data;
	enum stat_id verdict = ip4_header_input(ip, p);
	if (verdict != PASSED)
		return verdict;
	p->from.address = address_of_ip4(be32_get(header->source));
	p->to.address = ip->address;
	if (unlikely(be16_get(header->fragment) & IP4_FRAGMENT_MASK))
		return fragment_input(header, p, to->fragments);
	pkt_pull(p, ip4_header_bytes(header)); /* options are skipped */
	switch (header->protocol) {
	case IP_PROTOCOL_TCP:
		return l4_input(header, p, to->segments);
	case IP_PROTOCOL_UDP:
		return l4_input(header, p, to->datagrams);
	case IP_PROTOCOL_ICMP:
		return icmp_input(ip, p, to->now_ns);
	default:
		return STAT_packet_drop_ip_protocol;
	}
}

/* Takes the tag off, if there is one and the port has not done it. Untagged frames and those that
 * name no VLAN are taken whatever ours is. */
static enum stat_id vlan_input(const struct ip *ip, struct pkt *p, uint16_t *type)
{
	uint16_t vid = p->vlan;
	if (unlikely(*type == ETHERTYPE_VLAN && vid == 0)) {
		if (p->size < sizeof(struct vlan_wire))
			return STAT_packet_drop_runt;
		const struct vlan_wire *tag = (const struct vlan_wire *)pkt_pull(p, sizeof *tag);
		vid = be16_get(tag->control) & VLAN_VID_MASK;
		*type = be16_get(tag->type);
	}
	p->way.is_tagged = vid != 0;
	return vid == 0 || vid == ip->vlan ? PASSED : STAT_packet_drop_vlan;
}

static enum stat_id eth_input(struct ip *ip, struct pkt *p, const struct ip_output *to)
{
	if (p->size < sizeof(struct eth_wire))
		return STAT_packet_drop_runt;
	const struct eth_wire *eth = (const struct eth_wire *)pkt_pull(p, sizeof *eth);
	uint16_t type = be16_get(eth->type);
	enum stat_id verdict = vlan_input(ip, p, &type);
	if (verdict != PASSED)
		return verdict;
	bool is_ours = memcmp(eth->destination, nic_caps(ip->nic)->mac.octets,
			      sizeof eth->destination) == 0;
	bool is_question = type == ETHERTYPE_ARP && eth_is_broadcast(eth->destination);
	if (!is_ours && !is_question)
		return STAT_packet_drop_not_for_us;
	/* Answers go back to this address: a group must not receive them. */
	if (eth_is_group(eth->source))
		return STAT_packet_drop_not_for_us;
	memcpy(p->way.mac.octets, eth->source, sizeof p->way.mac.octets);
	if (type == ETHERTYPE_ARP)
		return arp_input(ip, p, to->now_ns);
	if (type == ETHERTYPE_IP4)
		return ip4_input(ip, p, to);
	return STAT_packet_drop_ethertype;
}

/* Inlined into the turn it took 4 cycles more for each packet. */
stage_apart void ip_input(struct ip *ip, const struct pkt_vec *packets, struct pkt_vec *segments,
			  struct pkt_vec *datagrams, struct pkt_vec *fragments, uint64_t now_ns)
{
	struct ip_output to = {segments, datagrams, fragments, now_ns};
	segments->count = 0;
	datagrams->count = 0;
	fragments->count = 0;
	ip->too_big_count = 0;
	if (unlikely(now_ns >= ip->router.ask_ns))
		arp_ask_router(ip, now_ns);
	for (unsigned i = 0; i < packets->count; i++) {
		enum stat_id verdict = eth_input(ip, packets->pkts[i], &to);
		if (verdict != PASSED)
			stats_add(ip->stats, verdict, 1);
	}
}

/* ---- out --------------------------------------------------------------------------- */

uint8_t *ip_tx_take(struct ip *ip, const struct ip_route *route, uint32_t l4_size)
{
	const struct way *way = arp_way(ip, route);
	uint32_t headers_bytes = eth_bytes(way) + (uint32_t)sizeof(struct ip4_wire);
	uint8_t *frame = nic_tx_take(ip->nic, headers_bytes + l4_size);
	ip->tx_frame = frame;
	return frame ? frame + headers_bytes : NULL;
}

/* Its number is 0: what is never cut needs none (RFC 6864 4.1), and one that counts tells whoever
 * asks for an answer how many others have got. */
static void ip4_fill(const struct ip *ip, const struct ip_route *route, uint8_t protocol,
		     uint32_t l4_size, struct ip4_wire *header)
{
	*header = (struct ip4_wire){
		.version_ihl = IP4_VERSION_IHL,
		.total_length = be16_of((uint16_t)(sizeof *header + l4_size)),
		.fragment = be16_of(IP4_DONT_FRAGMENT),
		.ttl = IP4_TTL,
		.protocol = protocol,
		.source = be32_of(address_to_ip4(&route->from)),
		.destination = be32_of(address_to_ip4(&route->to)),
	};
	if (!nic_caps(ip->nic)->tx_ip_checksum)
		header->checksum = inet_checksum(ip4_header_sum(header));
}

/* Fills the l4 checksum, or leaves the pseudo-header sum for the port to go on from: true. */
static bool l4_checksum_fill(const struct ip *ip, const struct ip4_wire *header,
			     uint32_t l4_size, bool is_cut)
{
	const struct nic_caps *caps = nic_caps(ip->nic);
	uint8_t *l4 = (uint8_t *)(header + 1);
	struct be16 *field = (struct be16 *)(l4 + TCP_CHECKSUM_OFFSET);
	bool is_offloaded = caps->tx_tcp_checksum;
	if (header->protocol == IP_PROTOCOL_UDP) {
		field = &((struct udp_wire *)l4)->checksum;
		is_offloaded = caps->tx_udp_checksum;
	} else if (header->protocol == IP_PROTOCOL_ICMP) {
		field = &((struct icmp_wire *)l4)->checksum;
		*field = be16_of(0);
		*field = inet_checksum(inet_sum_add(0, l4, l4_size));
		return false;
	}
	/* A port that cuts the payload adds each piece's length itself. */
	uint64_t pseudo =
		ip4_pseudo_sum(header, header->protocol, is_cut ? 0 : (uint16_t)l4_size);
	if (is_offloaded) {
		*field = inet_sum_field(pseudo);
		return true;
	}
	*field = be16_of(0);
	*field = inet_checksum(inet_sum_add(pseudo, l4, l4_size));
	if (header->protocol == IP_PROTOCOL_UDP && be16_get(*field) == 0)
		*field = be16_of(0xffff); /* RFC 768: 0 means none was computed */
	return false;
}

void ip_tx_push(struct ip *ip, const struct ip_route *route, uint8_t protocol,
		uint32_t l4_size, uint8_t tcp_header_bytes, uint16_t segment_bytes)
{
	require(ip->tx_frame);
	require(sizeof(struct ip4_wire) + l4_size <= UINT16_MAX);
	const struct way *way = arp_way(ip, route);
	struct ip4_wire *header = eth_fill(ip, way, ETHERTYPE_IP4, ip->tx_frame);
	ip4_fill(ip, route, protocol, l4_size, header);
	bool is_offloaded = l4_checksum_fill(ip, header, l4_size, segment_bytes != 0);
	require(segment_bytes == 0 || is_offloaded);
	struct nic_offload offload = {
		.l2_bytes = (uint8_t)eth_bytes(way),
		.l3_bytes = sizeof *header,
		.l4_bytes = tcp_header_bytes,
		.ip_checksum = nic_caps(ip->nic)->tx_ip_checksum,
		.l4_checksum = is_offloaded,
		.is_tcp = protocol == IP_PROTOCOL_TCP,
		.segment_bytes = segment_bytes,
	};
	nic_tx_push(ip->nic, offload.l2_bytes + (uint32_t)sizeof *header + l4_size, &offload);
	ip->tx_frame = NULL;
}

void ip_init(struct ip *ip, const struct ip_options *options)
{
	*ip = (struct ip){
		.nic = options->nic,
		.stats = options->stats,
		.address = options->address,
		.prefix_bits = options->prefix_bits,
		.vlan = options->vlan,
		.router = {.ip4 = options->router_ip4},
		.icmp_budget = ICMP_ANSWERS_PER_SECOND,
	};
	if (!options->router_ip4)
		ip->router.ask_ns = UINT64_MAX;
}
