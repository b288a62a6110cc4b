/* test_neighbour.c - the link: ARP, tags of VLANs, the router that is named. */
#include "dataplane/base/clock.h"
#include "tests/unit/net/stack/ip_rig.h"

#include <criterion/criterion.h>

TestSuite(neighbour, .init = setup);

Test(neighbour, an_arp_request_for_us_is_answered_to_its_sender)
{
	build_arp();
	cr_assert(deliver() == NULL);
	cr_assert(stats.value[STAT_packets_answered] == 1 && nic.sent_count == 1);
	const struct eth_wire *eth = (const struct eth_wire *)nic.sent[0].bytes;
	const struct arp_wire *reply = (const struct arp_wire *)(eth + 1);
	cr_assert(memcmp(eth->destination, peer_mac, 6) == 0);
	cr_assert(memcmp(eth->source, our_mac, 6) == 0);
	cr_assert(be16_get(reply->op) == ARP_OP_REPLY);
	cr_assert(memcmp(reply->sender_hardware, our_mac, 6) == 0);
	cr_assert(be32_get(reply->sender_protocol) == OURS);
	cr_assert(memcmp(reply->target_hardware, peer_mac, 6) == 0);
	cr_assert(be32_get(reply->target_protocol) == PEER);
}

Test(neighbour, an_arp_packet_that_asks_us_nothing_is_dropped)
{
	build_arp()->target_protocol = be32_of(OURS + 1);
	assert_dropped(packet_drop_arp);
	build_arp()->op = be16_of(ARP_OP_REPLY);
	assert_dropped(packet_drop_arp);
	build_arp()->sender_protocol = be32_of(OURS);
	assert_dropped(packet_drop_arp);
	build_arp()->protocol_bytes = 16;
	assert_dropped(packet_drop_arp);
	build_arp();
	f.size--;
	assert_dropped(packet_drop_runt);
	cr_assert(nic.sent_count == 0);
}

/* ---- VLAN tags ---- */

Test(neighbour, a_tag_that_names_no_vlan_is_taken_off_and_answered_without)
{
	const uint16_t urgent = 7 << 13;
	build_tcp(5);
	tag_frame(urgent);
	const struct pkt *p = deliver();
	cr_assert(p && segments.count == 1 && p->data == f.l4 + 4 && p->size == 25);
	cr_assert(!p->way.is_tagged);
	build_ping(8);
	tag_frame(urgent);
	cr_assert(deliver() == NULL && nic.sent_count == 1);
	cr_assert(be16_load(nic.sent[0].bytes + 12) == ETHERTYPE_IP4);
	build_arp();
	tag_frame(urgent);
	cr_assert(deliver() == NULL && nic.sent_count == 2);
	cr_assert(be16_load(nic.sent[1].bytes + 12) == ETHERTYPE_ARP);
}

Test(neighbour, frames_of_a_vlan_that_is_not_ours_are_dropped)
{
	build_tcp(5);
	tag_frame(100);
	assert_dropped(packet_drop_vlan);
	ip.vlan = 101;
	assert_dropped(packet_drop_vlan);
	build_tcp(5);
	cr_assert(deliver() != NULL, "untagged is always taken");
}

Test(neighbour, frames_of_our_vlan_are_answered_with_its_tag)
{
	ip.vlan = 100;
	build_tcp(5);
	tag_frame(3 << 13 | 100);
	const struct pkt *p = deliver();
	cr_assert(p && p->way.is_tagged && p->data == f.l4 + 4);

	build_ping(9);
	tag_frame(100);
	cr_assert(deliver() == NULL && nic.sent_count == 1);
	const struct fake_frame *sent = &nic.sent[0];
	cr_assert(sent->size == f.size && memcmp(sent->bytes, peer_mac, 6) == 0);
	cr_assert(be16_load(sent->bytes + 12) == ETHERTYPE_VLAN);
	cr_assert(be16_load(sent->bytes + 14) == 100);
	cr_assert(be16_load(sent->bytes + 16) == ETHERTYPE_IP4);
	cr_assert(inet_sum_fold(inet_sum_add(0, sent->bytes + 18, 20)) == 0xffff);

	build_arp();
	tag_frame(100);
	cr_assert(deliver() == NULL && nic.sent_count == 2);
	cr_assert(nic.sent[1].size == sizeof(struct eth_wire) + 4 + sizeof(struct arp_wire));
	cr_assert(be16_load(nic.sent[1].bytes + 16) == ETHERTYPE_ARP);
}

Test(neighbour, a_port_that_takes_tags_off_says_which_it_was)
{
	ip.vlan = 100;
	for (uint16_t vid = 99; vid <= 101; vid++) {
		build_tcp(5);
		struct pkt p = {.data = f.bytes, .size = f.size, .vlan = vid};
		struct pkt_vec packets = {.count = 1, .pkts = {&p}};
		ip_input(&ip, &packets, &segments, &datagrams, &fragments, now_ns);
		cr_assert(segments.count == (vid == 100) && p.way.is_tagged);
	}
	/* The inner tag of two is not ours to take, whatever it says. */
	build_tcp(5);
	tag_frame(100);
	struct pkt p = {.data = f.bytes, .size = f.size, .vlan = 100};
	struct pkt_vec packets = {.count = 1, .pkts = {&p}};
	ip_input(&ip, &packets, &segments, &datagrams, &fragments, now_ns);
	cr_assert(segments.count == 0 && stats.value[STAT_packet_drop_ethertype] == 1);
}

Test(neighbour, a_tag_in_a_tag_and_half_a_tag_are_dropped)
{
	build_tcp(5);
	tag_frame(0);
	tag_frame(0);
	assert_dropped(packet_drop_ethertype);
	for (uint32_t size = 14; size < 18; size++) {
		build_tcp(5);
		tag_frame(0);
		f.size = size;
		assert_dropped(packet_drop_runt);
	}
}

/* ---- the router beyond which peers are ---- */

enum { ROUTER = 0x0a0000fe };

static const uint8_t router_mac[6] = {2, 0, 0, 0, 0, 0xfe};

static void name_router(void)
{
	ip_init(&ip, &(struct ip_options){.nic = &nic,
					  .stats = &stats,
					  .address = address_of_ip4(OURS),
					  .prefix_bits = 24,
					  .router_ip4 = ROUTER});
}

/* Who has this last octet of a MAC says that he is the router. */
static void router_says(uint16_t op, uint8_t mac_end)
{
	struct arp_wire *arp = build_arp();
	arp->op = be16_of(op);
	arp->sender_protocol = be32_of(ROUTER);
	memcpy(arp->sender_hardware, router_mac, 6);
	arp->sender_hardware[5] = mac_end;
	if (op == ARP_OP_REPLY)
		memcpy(arp->target_hardware, our_mac, 6);
	cr_assert(deliver() == NULL);
}

static void wait_ms(uint64_t ms)
{
	now_ns += ms * NS_PER_MS;
}

/* The last octet of the MAC that a segment to this peer is sent to. */
static uint8_t sent_to(uint32_t peer)
{
	struct ip_route route = {.way = {.mac = {{2, 0, 0, 0, 0, 9}}},
				 .from = address_of_ip4(OURS),
				 .to = address_of_ip4(peer)};
	nic.sent_count = 0;
	nic.buffers_left = FAKE_FRAMES;
	memset(ip_tx_take(&ip, &route, 20), 0, 20);
	ip_tx_push(&ip, &route, IP_PROTOCOL_TCP, 20, 20, 0);
	return nic.sent[0].bytes[5];
}

Test(neighbour, nobody_is_asked_for_a_router_that_is_not_named)
{
	cr_assert(turn() == 0 && sent_to(BEYOND) == 9);
}

Test(neighbour, a_named_router_is_asked_for_and_has_what_is_for_beyond_the_link)
{
	name_router();
	cr_assert(turn() == 1 && turn() == 0);
	const struct eth_wire *eth = (const struct eth_wire *)nic.sent[0].bytes;
	const struct arp_wire *ask = (const struct arp_wire *)(eth + 1);
	cr_assert(eth_is_broadcast(eth->destination) && arp_is_request(ask));
	cr_assert(be32_get(ask->sender_protocol) == OURS &&
		  be32_get(ask->target_protocol) == ROUTER);
	cr_assert(memcmp(ask->sender_hardware, our_mac, 6) == 0);
	cr_assert(sent_to(BEYOND) == 9, "as the question came, until he answers");

	router_says(ARP_OP_REPLY, 0xfe);
	cr_assert(stats.value[STAT_packets_consumed] == 1);
	cr_assert(sent_to(BEYOND) == 0xfe && sent_to(PEER) == 9);
	wait_ms(900);
	cr_assert(turn() == 0);
	wait_ms(200);
	cr_assert(turn() == 1, "asked again before long, where he is");
	cr_assert(memcmp(nic.sent[0].bytes, router_mac, 6) == 0);
}

/* Anybody on the link may say that he is the router now. */
Test(neighbour, a_word_that_nobody_asked_for_moves_nobodys_way)
{
	name_router();
	turn();
	router_says(ARP_OP_REPLY, 0xfe);
	for (unsigned i = 0; i < 20; i++) {
		router_says(ARP_OP_REPLY, 0xfd);
		router_says(ARP_OP_REQUEST, 0xfd); /* for our address: answered, no more */
		cr_assert(sent_to(BEYOND) == 0xfe);
		wait_ms(100);
		if (turn() == 0)
			continue;
		router_says(ARP_OP_REPLY, 0xfd);
		cr_assert(sent_to(BEYOND) == 0xfe, "another's answer, while he is there");
		router_says(ARP_OP_REPLY, 0xfe);
	}
	build_arp()->op = be16_of(ARP_OP_REPLY); /* somebody else's */
	assert_dropped(packet_drop_arp);
	cr_assert(sent_to(BEYOND) == 0xfe && stats.value[STAT_router_losses] == 0);
}

Test(neighbour, an_answer_to_another_is_none_to_us)
{
	name_router();
	turn();
	struct arp_wire *arp = build_arp();
	arp->op = be16_of(ARP_OP_REPLY);
	arp->sender_protocol = be32_of(ROUTER);
	assert_dropped(packet_drop_arp);
	arp = build_arp();
	arp->op = be16_of(ARP_OP_REPLY);
	arp->sender_protocol = be32_of(ROUTER);
	arp->target_protocol = be32_of(PEER);
	memcpy(arp->target_hardware, our_mac, 6);
	assert_dropped(packet_drop_arp);
	cr_assert(sent_to(BEYOND) == 9);
}

/* The other one says nothing, and answers when everybody is asked. */
Test(neighbour, a_router_that_fails_over_without_a_word_is_followed_within_three_seconds)
{
	name_router();
	turn();
	router_says(ARP_OP_REPLY, 0xfe);
	unsigned ms = 0;
	while (sent_to(BEYOND) != 0xfd) {
		wait_ms(10);
		ms += 10;
		if (turn() && eth_is_broadcast(nic.sent[0].bytes))
			router_says(ARP_OP_REPLY, 0xfd);
		cr_assert(ms <= 3000);
	}
	cr_assert(stats.value[STAT_router_losses] == 1);
}

Test(neighbour, a_router_that_does_not_answer_is_lost_and_asked_for_ever)
{
	name_router();
	turn();
	router_says(ARP_OP_REPLY, 0xfe);
	wait_ms(1000);
	for (unsigned asked = 0; asked < 3; asked++) {
		cr_assert(turn() == 1 && sent_to(BEYOND) == 0xfe);
		wait_ms(500);
	}
	cr_assert(turn() == 1 && stats.value[STAT_router_losses] == 1);
	cr_assert(eth_is_broadcast(nic.sent[0].bytes) && sent_to(BEYOND) == 9);
	for (unsigned i = 0; i < 300; i++) {
		wait_ms(1000);
		cr_assert(turn() == 1);
	}
	cr_assert(stats.value[STAT_router_losses] == 1);
	router_says(ARP_OP_REPLY, 0xfe);
	cr_assert(sent_to(BEYOND) == 0xfe);
}

Test(neighbour, a_router_in_our_vlan_is_asked_and_sent_to_with_its_tag)
{
	name_router();
	ip.vlan = 7;
	cr_assert(turn() == 1 && be16_load(nic.sent[0].bytes + 12) == ETHERTYPE_VLAN);
	struct arp_wire *arp = build_arp();
	arp->op = be16_of(ARP_OP_REPLY);
	arp->sender_protocol = be32_of(ROUTER);
	memcpy(arp->target_hardware, our_mac, 6);
	tag_frame(7);
	cr_assert(deliver() == NULL && sent_to(BEYOND) == 9);
	cr_assert(be16_load(nic.sent[0].bytes + 12) == ETHERTYPE_VLAN);
	cr_assert(be16_load(nic.sent[0].bytes + 14) == 7);
}

Test(neighbour, a_pushed_segment_to_a_tagged_peer_has_the_tag)
{
	struct ip_route route = {
		.way = {.mac = {{2, 0, 0, 0, 0, 9}}, .is_tagged = true},
		.from = address_of_ip4(OURS),
		.to = address_of_ip4(PEER),
	};
	ip.vlan = 7;
	nic.caps.tx_tcp_checksum = true;
	uint8_t *l4 = ip_tx_take(&ip, &route, 44);
	cr_assert(l4 == nic.sent[0].bytes + 38);
	memset(l4, 3, 44);
	ip_tx_push(&ip, &route, IP_PROTOCOL_TCP, 44, 20, 0);
	cr_assert(nic.sent[0].size == 82 && nic.sent[0].offload.l2_bytes == 18);
	cr_assert(be16_load(nic.sent[0].bytes + 14) == 7);
	cr_assert(be16_load(nic.sent[0].bytes + 16) == ETHERTYPE_IP4);
	cr_assert(inet_sum_fold(inet_sum_add(0, nic.sent[0].bytes + 18, 20)) == 0xffff);
}
