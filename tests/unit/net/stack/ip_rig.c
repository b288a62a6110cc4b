/* ip_rig.c - frames built and delivered; see ip_rig.h. */
#include "tests/unit/net/stack/ip_rig.h"
#include "dataplane/base/clock.h"

#include <criterion/criterion.h>

const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1};
const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 9};

struct nic nic;
struct stats stats;
struct ip ip;
struct pkt_vec segments, datagrams, fragments;
uint64_t now_ns;

struct frame f;

void setup(void)
{
	fake_nic_init(&nic);
	memset(&stats, 0, sizeof stats);
	ip_init(&ip, &(struct ip_options){.nic = &nic,
					  .stats = &stats,
					  .address = address_of_ip4(OURS),
					  .prefix_bits = 24});
	now_ns = 7 * NS_PER_S;
}

void build_eth(uint16_t type)
{
	memset(&f, 0, sizeof f);
	f.eth = (struct eth_wire *)f.bytes;
	memcpy(f.eth->destination, our_mac, 6);
	memcpy(f.eth->source, peer_mac, 6);
	f.eth->type = be16_of(type);
	f.size = sizeof *f.eth;
}

void seal_ip(void)
{
	f.ip->checksum = be16_of(0);
	f.ip->checksum = inet_checksum(inet_sum_add(0, f.ip, ip4_header_bytes(f.ip)));
}

void build_ip(uint8_t protocol, uint16_t l4_bytes)
{
	build_eth(ETHERTYPE_IP4);
	f.ip = (struct ip4_wire *)(f.eth + 1);
	*f.ip = (struct ip4_wire){
		.version_ihl = IP4_VERSION_IHL,
		.total_length = be16_of((uint16_t)(20 + l4_bytes)),
		.ttl = 1,
		.protocol = protocol,
		.source = be32_of(PEER),
		.destination = be32_of(OURS),
	};
	f.l4 = (uint8_t *)(f.ip + 1);
	for (unsigned i = 0; i < l4_bytes; i++)
		f.l4[i] = (uint8_t)(i * 5 + 1);
	f.size += 20u + l4_bytes;
	seal_ip();
}

void seal_l4(uint32_t checksum_at, uint32_t l4_bytes)
{
	uint64_t sum = f.ip->protocol == IP_PROTOCOL_ICMP
			       ? 0
			       : ip4_pseudo_sum(f.ip, f.ip->protocol, (uint16_t)l4_bytes);
	struct be16 *field = (struct be16 *)(f.l4 + checksum_at);
	*field = be16_of(0);
	*field = inet_checksum(inet_sum_add(sum, f.l4, l4_bytes));
}

void build_tcp(uint16_t payload_bytes)
{
	build_ip(IP_PROTOCOL_TCP, (uint16_t)(20 + payload_bytes));
	seal_l4(16, 20u + payload_bytes);
}

void build_udp(uint16_t payload_bytes)
{
	build_ip(IP_PROTOCOL_UDP, (uint16_t)(8 + payload_bytes));
	((struct udp_wire *)f.l4)->length = be16_of((uint16_t)(8 + payload_bytes));
	seal_l4(6, 8u + payload_bytes);
}

void build_ping(uint16_t payload_bytes)
{
	build_ip(IP_PROTOCOL_ICMP, (uint16_t)(8 + payload_bytes));
	f.l4[0] = ICMP_ECHO_REQUEST;
	f.l4[1] = 0;
	seal_l4(2, 8u + payload_bytes);
}

struct arp_wire *build_arp(void)
{
	build_eth(ETHERTYPE_ARP);
	memset(f.eth->destination, 0xff, 6);
	struct arp_wire *arp = (struct arp_wire *)(f.eth + 1);
	*arp = (struct arp_wire){
		.hardware = be16_of(ARP_HARDWARE_ETHERNET),
		.protocol = be16_of(ARP_PROTOCOL_IP4),
		.hardware_bytes = 6,
		.protocol_bytes = 4,
		.op = be16_of(ARP_OP_REQUEST),
		.sender_protocol = be32_of(PEER),
		.target_protocol = be32_of(OURS),
	};
	memcpy(arp->sender_hardware, peer_mac, 6);
	f.size = sizeof *f.eth + sizeof *arp;
	return arp;
}

struct pkt *deliver_with(enum pkt_checksum ip_verdict,
				enum pkt_checksum l4_verdict)
{
	static struct pkt p;
	p = (struct pkt){.data = f.bytes,
			 .size = f.size,
			 .ip_checksum = (uint8_t)ip_verdict,
			 .l4_checksum = (uint8_t)l4_verdict};
	struct pkt_vec packets = {.count = 1, .pkts = {&p}};
	stats_add(&stats, STAT_packets_received, 1);
	ip_input(&ip, &packets, &segments, &datagrams, &fragments, now_ns);
	unsigned passed = segments.count + datagrams.count + fragments.count;
	cr_assert(ledger_in_flight(&stats, LEDGER_packet) == (int64_t)passed,
		  "one counter per packet that stays");
	/* Above, each is consumed: keep the ledger even for the next one. */
	stats_add(&stats, STAT_packets_consumed, passed);
	return passed ? &p : NULL;
}

struct pkt *deliver(void)
{
	return deliver_with(PKT_CHECKSUM_UNKNOWN, PKT_CHECKSUM_UNKNOWN);
}

void tag_frame(uint16_t control)
{
	memmove(f.bytes + 16, f.bytes + 12, f.size - 12);
	be16_store(f.bytes + 12, ETHERTYPE_VLAN);
	be16_store(f.bytes + 14, control);
	f.size += 4;
}

unsigned turn(void)
{
	struct pkt_vec none = {.count = 0};
	nic.sent_count = 0;
	nic.buffers_left = FAKE_FRAMES;
	ip_input(&ip, &none, &segments, &datagrams, &fragments, now_ns);
	return nic.sent_count;
}
