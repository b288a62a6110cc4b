/* test_ip_known.c - what other stacks are known for below TCP, each by its name: lengths that lie,
 * options, fragments, protocols within protocols. Frames lie in heap blocks of their exact size, so
 * that a sanitizer sees a read beyond one. The rest is listed in docs/TCP.md. */
#include "dataplane/base/clock.h"
#include "dataplane/net/stack/ip.h"
#include "dataplane/wire/net/arp.h"
#include "dataplane/wire/net/eth.h"
#include "dataplane/wire/net/icmp.h"
#include "dataplane/wire/net/ip4.h"
#include "tests/unit/net/nic/fake_nic.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { OURS = 0x0a000002, PEER = 0x0a000001, OPTIONS_MAX = 40, L4_MAX = 64 };

/* An IP packet as a test wants it; what it does not say is right. */
struct packet {
	uint8_t protocol;
	uint8_t options_bytes; /* a multiple of 4 */
	uint8_t options[OPTIONS_MAX];
	uint16_t l4_bytes;
	uint8_t l4[L4_MAX];
	uint16_t fragment;
	uint16_t total_length; /* 0: the true one */
	uint16_t ethertype;    /* 0: IPv4's */
};

struct wire {
	struct nic nic;
	struct stats stats;
	struct ip ip;
	struct pkt_vec segments, datagrams, fragments;
};

static struct wire *wire_new(void)
{
	struct wire *w = calloc(1, sizeof *w);
	fake_nic_init(&w->nic);
	ip_init(&w->ip, &(struct ip_options){.nic = &w->nic,
					     .stats = &w->stats,
					     .address = address_of_ip4(OURS),
					     .prefix_bits = 24});
	return w;
}

/* Ends a frame's headers; the checksums are right. */
static uint32_t build(const struct packet *p, uint8_t *frame)
{
	struct eth_wire *eth = (struct eth_wire *)frame;
	struct ip4_wire *ip = (struct ip4_wire *)(eth + 1);
	uint32_t header = (uint32_t)sizeof *ip + p->options_bytes;
	uint32_t true_length = header + p->l4_bytes;
	memcpy(eth->destination, (uint8_t[]){2, 0, 0, 0, 0, 1}, 6);
	memcpy(eth->source, (uint8_t[]){2, 0, 0, 0, 0, 9}, 6);
	eth->type = be16_of(p->ethertype ? p->ethertype : ETHERTYPE_IP4);
	*ip = (struct ip4_wire){
		.version_ihl = (uint8_t)(0x40 | header / 4),
		.total_length = be16_of(p->total_length ? p->total_length : (uint16_t)true_length),
		.fragment = be16_of(p->fragment),
		.ttl = 64,
		.protocol = p->protocol,
		.source = be32_of(PEER),
		.destination = be32_of(OURS),
	};
	memcpy(ip + 1, p->options, p->options_bytes);
	memcpy((uint8_t *)ip + header, p->l4, p->l4_bytes);
	ip->checksum = inet_checksum(inet_sum_add(0, ip, header));
	return (uint32_t)sizeof *eth + true_length;
}

/* How many packets went up, 0 or 1. Verdicts on l4 checksums are the port's: true. */
static unsigned give(struct wire *w, const struct packet *p)
{
	uint8_t frame[256];
	uint32_t size = build(p, frame);
	uint8_t *exact = malloc(size);
	memcpy(exact, frame, size);
	struct pkt pkt = {.data = exact, .size = size, .l4_checksum = PKT_CHECKSUM_GOOD};
	struct pkt_vec packets = {.count = 1, .pkts = {&pkt}};
	stats_add(&w->stats, STAT_packets_received, 1);
	ip_input(&w->ip, &packets, &w->segments, &w->datagrams, &w->fragments, 7 * NS_PER_S);
	unsigned up = w->segments.count + w->datagrams.count + w->fragments.count;
	cr_assert(ledger_in_flight(&w->stats, LEDGER_packet) == (int64_t)up, "counted once");
	stats_add(&w->stats, STAT_packets_consumed, up);
	free(exact);
	return up;
}

Test(ip_known, cve_2019_12256_options_that_lie_about_their_length)
{
	static const uint8_t kinds[] = {7, 68, 130, 131, 137, 148, 255};
	struct wire *w = wire_new();
	for (unsigned k = 0; k < array_len(kinds); k++)
		for (unsigned length = 0; length < 256; length++) {
			struct packet p = {.protocol = IP_PROTOCOL_TCP, .options_bytes = 40};
			const uint8_t option[3] = {kinds[k], (uint8_t)length, 255};
			memset(p.options, 1, sizeof p.options);
			for (unsigned at = 0; at + 3 <= OPTIONS_MAX; at += 13)
				memcpy(p.options + at, option, sizeof option);
			p.options[39] = kinds[k];
			p.l4_bytes = 20;
			cr_assert(give(w, &p) <= 1 && w->nic.sent_count == 0);
		}
	free(w);
}

/* Treck's Ripple20: a tunnel, whose inner length it believed. */
Test(ip_known, cve_2020_11896_ip_within_ip)
{
	struct wire *w = wire_new();
	struct packet p = {.protocol = 4, .l4_bytes = 40, .l4 = {0x45, 0, 0xff, 0xff}};
	cr_assert(give(w, &p) == 0);
	cr_assert(w->stats.value[STAT_packet_drop_ip_protocol] == 1);
	free(w);
}

Test(ip_known, cve_2020_11898_fragments_that_are_shorter_than_they_say)
{
	struct wire *w = wire_new();
	struct packet p = {.protocol = IP_PROTOCOL_UDP,
			   .l4_bytes = 24,
			   .fragment = 0x2000,
			   .total_length = 20 + 64};
	cr_assert(give(w, &p) == 0);
	cr_assert(w->stats.value[STAT_packet_drop_runt] == 1);
	free(w);
}

/* NicheStack's INFRA:HALT: lengths below those of the headers became huge ones. */
Test(ip_known, cve_2021_31401_a_total_length_below_the_headers)
{
	struct wire *w = wire_new();
	for (uint16_t total = 1; total < 20 + 12; total++) {
		struct packet p = {.protocol = IP_PROTOCOL_TCP,
				   .options_bytes = 12,
				   .options = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
				   .l4_bytes = 20,
				   .total_length = total};
		cr_assert(give(w, &p) == 0, "%u", total);
	}
	free(w);
}

Test(ip_known, cve_2020_35683_an_echo_shorter_than_its_header)
{
	struct wire *w = wire_new();
	for (uint16_t bytes = 0; bytes < sizeof(struct icmp_wire); bytes++) {
		struct packet p = {.protocol = IP_PROTOCOL_ICMP,
				   .l4_bytes = bytes,
				   .l4 = {ICMP_ECHO_REQUEST, 0, 0xf7, 0xff}};
		cr_assert(give(w, &p) == 0 && w->nic.sent_count == 0);
	}
	cr_assert(w->stats.value[STAT_packet_drop_runt] == sizeof(struct icmp_wire));
	free(w);
}

/* AMNESIA:33, picoTCP: extension headers that loop, an echo whose size wraps. We have no IPv6. */
Test(ip_known, cve_2020_17442_to_17445_ipv6)
{
	struct wire *w = wire_new();
	struct packet p = {.ethertype = 0x86dd, .l4_bytes = 60, .l4 = {0x60}};
	cr_assert(give(w, &p) == 0 && w->nic.sent_count == 0);
	cr_assert(w->stats.value[STAT_packet_drop_ethertype] == 1);
	free(w);
}

/* VxWorks believed answers to questions it had not asked, and then wherever they pointed. */
Test(ip_known, cve_2019_12262_an_arp_answer_that_nobody_asked_for)
{
	struct wire *w = wire_new();
	struct arp_wire arp = {.hardware = be16_of(ARP_HARDWARE_ETHERNET),
			       .protocol = be16_of(ARP_PROTOCOL_IP4),
			       .hardware_bytes = 6,
			       .protocol_bytes = 4,
			       .op = be16_of(ARP_OP_REPLY),
			       .sender_protocol = be32_of(PEER),
			       .target_protocol = be32_of(OURS)};
	uint8_t frame[sizeof(struct eth_wire) + sizeof arp];
	struct eth_wire *eth = (struct eth_wire *)frame;
	memcpy(eth->destination, (uint8_t[]){2, 0, 0, 0, 0, 1}, 6);
	memcpy(eth->source, (uint8_t[]){2, 0, 0, 0, 0, 9}, 6);
	eth->type = be16_of(ETHERTYPE_ARP);
	memcpy(eth + 1, &arp, sizeof arp);
	struct pkt pkt = {.data = frame, .size = sizeof frame};
	struct pkt_vec packets = {.count = 1, .pkts = {&pkt}};
	ip_input(&w->ip, &packets, &w->segments, &w->datagrams, &w->fragments, 7 * NS_PER_S);
	cr_assert(w->stats.value[STAT_packet_drop_arp] == 1 && w->nic.sent_count == 0);
	free(w);
}
