/* test_ip.c - packets in, segments, datagrams, answers and counters out. */
#include "dataplane/base/clock.h"
#include "tests/unit/net/stack/ip_rig.h"

#include <criterion/criterion.h>

TestSuite(ip, .init = setup);

Test(ip, a_segment_goes_up_without_its_ethernet_padding)
{
	build_tcp(1);
	f.size = sizeof(struct eth_wire) + ETH_PAYLOAD_MIN;
	struct pkt *p = deliver();
	cr_assert(p && segments.count == 1 && datagrams.count == 0);
	cr_assert(p->data == f.l4 && p->size == 21);
	cr_assert(address_to_ip4(&p->from.address) == PEER);
	cr_assert(address_to_ip4(&p->to.address) == OURS);
	cr_assert(memcmp(p->way.mac.octets, peer_mac, 6) == 0);
}

Test(ip, options_are_skipped)
{
	build_tcp(3);
	memmove(f.l4 + 8, f.l4, 23);
	memset(f.l4, 1, 8);
	f.ip->version_ihl = 0x47;
	f.ip->total_length = be16_of(28 + 23);
	f.size += 8;
	seal_ip();
	struct pkt *p = deliver();
	cr_assert(p && p->size == 23 && p->data == f.l4 + 8);
}

Test(ip, every_payload_size_and_every_flipped_byte_of_the_checksum_is_judged)
{
	for (uint16_t size = 0; size < 70; size++) {
		build_tcp(size);
		cr_assert(deliver() != NULL, "payload of %u", size);
		f.l4[19 + (size ? size - 1 : 0)] ^= 0x10;
		assert_dropped(packet_drop_l4_checksum);
	}
}

Test(ip, a_verdict_of_the_port_is_believed_both_ways)
{
	build_tcp(10);
	f.l4[12] ^= 1;
	f.ip->ttl ^= 1; /* both sums are wrong now */
	cr_assert(deliver_with(PKT_CHECKSUM_GOOD, PKT_CHECKSUM_GOOD) != NULL);
	build_tcp(10);
	cr_assert(deliver_with(PKT_CHECKSUM_BAD, PKT_CHECKSUM_GOOD) == NULL);
	cr_assert(stats.value[STAT_packet_drop_ip_checksum] == 1);
	cr_assert(deliver_with(PKT_CHECKSUM_GOOD, PKT_CHECKSUM_BAD) == NULL);
	cr_assert(stats.value[STAT_packet_drop_l4_checksum] == 1);
}

Test(ip, a_datagram_without_checksum_is_taken)
{
	build_udp(9);
	((struct udp_wire *)f.l4)->checksum = be16_of(0);
	cr_assert(deliver() && datagrams.count == 1);
	build_udp(9);
	cr_assert(deliver() && datagrams.count == 1);
	f.l4[10] ^= 1;
	assert_dropped(packet_drop_l4_checksum);
}

Test(ip, headers_that_lie_about_their_length_are_dropped)
{
	build_tcp(4);
	f.size = 13;
	assert_dropped(packet_drop_runt);
	build_tcp(4);
	f.size = sizeof(struct eth_wire) + 19;
	assert_dropped(packet_drop_runt);
	build_tcp(4);
	f.size--;
	assert_dropped(packet_drop_runt);
	build_tcp(4);
	f.ip->version_ihl = 0x44;
	assert_dropped(packet_drop_ip_header);
	build_tcp(4);
	f.ip->version_ihl = 0x65;
	assert_dropped(packet_drop_ip_header);
	build_tcp(4);
	f.ip->version_ihl = 0x46;
	f.ip->total_length = be16_of(23);
	assert_dropped(packet_drop_ip_header);
	build_tcp(4);
	f.ip->checksum.raw[0] ^= 1;
	assert_dropped(packet_drop_ip_checksum);
}

static const uint16_t fragment_fields[] = {0x2000 /* the first */, 1, 0x2001, 0x6000};

Test(ip, fragments_of_datagrams_go_up_with_their_header_and_without_padding)
{
	for (unsigned i = 0; i < array_len(fragment_fields); i++) {
		build_udp(4);
		f.l4[9] ^= 1; /* the sum is the whole's: nothing is said of it here */
		f.ip->fragment = be16_of(fragment_fields[i]);
		f.size += 14;
		seal_ip();
		struct pkt *p = deliver_with(PKT_CHECKSUM_GOOD, PKT_CHECKSUM_BAD);
		cr_assert(p && fragments.count == 1 && datagrams.count == 0);
		cr_assert(p->data == (uint8_t *)f.ip && p->size == 20 + 8 + 4);
		cr_assert(address_to_ip4(&p->from.address) == PEER);
	}
	build_udp(4);
	f.ip->fragment = be16_of(IP4_DONT_FRAGMENT);
	seal_ip();
	cr_assert(deliver() && datagrams.count == 1 && fragments.count == 0);
}

Test(ip, fragments_of_anything_else_are_dropped)
{
	for (unsigned i = 0; i < array_len(fragment_fields); i++) {
		build_tcp(4);
		f.ip->fragment = be16_of(fragment_fields[i]);
		seal_ip();
		assert_dropped(packet_drop_ip_fragment);
		build_ping(8);
		f.ip->fragment = be16_of(fragment_fields[i]);
		seal_ip();
		assert_dropped(packet_drop_ip_fragment);
	}
	build_tcp(4);
	f.ip->fragment = be16_of(IP4_DONT_FRAGMENT);
	seal_ip();
	cr_assert(deliver() != NULL);
}

Test(ip, a_fragment_with_a_bad_header_is_dropped_for_that)
{
	build_udp(4);
	f.ip->fragment = be16_of(0x2000);
	seal_ip();
	f.ip->checksum.raw[0] ^= 1;
	assert_dropped(packet_drop_ip_checksum);
	f.ip->destination = be32_of(OURS + 1);
	seal_ip();
	assert_dropped(packet_drop_not_for_us);
	build_udp(4);
	f.ip->fragment = be16_of(0x2000);
	seal_ip();
	f.size--;
	assert_dropped(packet_drop_runt);
}

Test(ip, packets_for_others_are_dropped)
{
	build_tcp(4);
	f.eth->destination[5]++;
	assert_dropped(packet_drop_not_for_us);
	build_tcp(4);
	memset(f.eth->destination, 0xff, 6);
	assert_dropped(packet_drop_not_for_us);
	build_tcp(4);
	f.ip->destination = be32_of(OURS + 1);
	seal_ip();
	assert_dropped(packet_drop_not_for_us);
	build_tcp(4);
	f.eth->type = be16_of(0x86dd);
	assert_dropped(packet_drop_ethertype);
	build_ip(47, 4);
	assert_dropped(packet_drop_ip_protocol);
}

Test(ip, sources_that_are_no_host_are_dropped)
{
	const uint32_t impossible[] = {
		OURS /* LAND */, 0x0a0000ff /* directed broadcast */,
		0xffffffff,      0xe0000001,
		0xefffffff,      0x7f000001,
		0x00000000,
	};
	for (unsigned i = 0; i < array_len(impossible); i++) {
		build_ip(IP_PROTOCOL_TCP, 20);
		f.ip->source = be32_of(impossible[i]);
		seal_ip();
		seal_l4(16, 20);
		assert_dropped(packet_drop_ip_header);
	}
	build_tcp(0);
	f.eth->source[0] |= 1;
	assert_dropped(packet_drop_not_for_us);
}

Test(ip, a_ping_comes_back_with_its_data)
{
	build_ping(57);
	cr_assert(deliver() == NULL);
	cr_assert(stats.value[STAT_packets_answered] == 1 && nic.sent_count == 1);
	const struct eth_wire *eth = (const struct eth_wire *)nic.sent[0].bytes;
	const struct ip4_wire *reply = (const struct ip4_wire *)(eth + 1);
	const uint8_t *l4 = (const uint8_t *)(reply + 1);
	cr_assert(nic.sent[0].size == f.size);
	cr_assert(memcmp(eth->destination, peer_mac, 6) == 0);
	cr_assert(be32_get(reply->source) == OURS &&
		  be32_get(reply->destination) == PEER);
	cr_assert(inet_sum_fold(inet_sum_add(0, reply, 20)) == 0xffff);
	cr_assert(inet_sum_fold(inet_sum_add(0, l4, 65)) == 0xffff);
	cr_assert(l4[0] == ICMP_ECHO_REPLY && memcmp(l4 + 4, f.l4 + 4, 61) == 0);
}

Test(ip, icmp_that_is_no_echo_request_is_dropped)
{
	build_ping(8);
	f.l4[0] = ICMP_ECHO_REPLY;
	seal_l4(2, 16);
	assert_dropped(packet_drop_icmp);
	build_ping(8);
	f.l4[9] ^= 1;
	assert_dropped(packet_drop_l4_checksum);
	build_ip(IP_PROTOCOL_ICMP, 7);
	assert_dropped(packet_drop_runt);
}

Test(ip, pings_beyond_the_rate_are_dropped_until_the_next_second)
{
	build_ping(8);
	for (unsigned i = 0; i < 1000; i++) {
		deliver();
		nic.sent_count = 0;
		nic.buffers_left = FAKE_FRAMES;
	}
	cr_assert(stats.value[STAT_packets_answered] == 1000);
	assert_dropped(packet_drop_icmp);
	now_ns += NS_PER_S;
	cr_assert(deliver() == NULL && stats.value[STAT_packets_answered] == 1001);
}

Test(ip, an_answer_without_a_buffer_is_counted)
{
	nic.buffers_left = 0;
	build_ping(8);
	assert_dropped(packet_drop_answer);
	build_arp();
	assert_dropped(packet_drop_answer);
}

/* An IPv4 header with these options, which are a multiple of four bytes. */
static void build_options(const uint8_t *options, uint8_t size)
{
	build_tcp(3);
	memmove(f.l4 + size, f.l4, 23);
	memcpy(f.l4, options, size);
	f.ip->version_ihl = (uint8_t)(0x45 + size / 4);
	f.ip->total_length = be16_of((uint16_t)(20 + size + 23));
	f.size += size;
	seal_ip();
}

Test(ip, source_routes_are_dropped_with_a_reason_of_their_own)
{
	const uint8_t loose[8] = {1, IP4_OPTION_LOOSE_ROUTE, 7, 4, 10, 0, 0, 9};
	const uint8_t strict[12] = {7, 3, 4, IP4_OPTION_STRICT_ROUTE, 7, 4, 10, 0, 0, 9};
	build_options(loose, sizeof loose);
	assert_dropped(packet_drop_source_route);
	build_options(strict, sizeof strict);
	assert_dropped(packet_drop_source_route);
	/* Behind the end of the list there are no options any more. */
	const uint8_t ended[8] = {0, IP4_OPTION_LOOSE_ROUTE, 7, 4, 10, 0, 0, 9};
	build_options(ended, sizeof ended);
	cr_assert(deliver() != NULL);
	/* Router alert, record route: skipped. */
	const uint8_t others[8] = {148, 4, 0, 0, 7, 3, 4, 0};
	build_options(others, sizeof others);
	cr_assert(deliver() != NULL);
}

/* CVE-2019-12256: what options say of their length is not believed. */
Test(ip, cve_2019_12256_options_that_run_past_the_header_are_dropped)
{
	for (unsigned length = 0; length < 256; length++) {
		const uint8_t options[4] = {1, 1, 68, (uint8_t)length};
		build_options(options, sizeof options);
		if (length == 2)
			cr_assert(deliver() != NULL);
		else
			assert_dropped(packet_drop_ip_header);
	}
	const uint8_t no_length[4] = {1, 1, 1, IP4_OPTION_STRICT_ROUTE + 1};
	build_options(no_length, sizeof no_length);
	assert_dropped(packet_drop_ip_header);
}

/* ---- "fragmentation needed" ---- */

/* A router's word about a TCP segment of ours. */
static struct ip4_wire *build_too_big(uint16_t mtu)
{
	build_ip(IP_PROTOCOL_ICMP, 8 + 20 + 8);
	memset(f.l4, 0, 8);
	f.l4[0] = ICMP_UNREACHABLE;
	f.l4[1] = ICMP_FRAGMENTATION_NEEDED;
	be16_store(f.l4 + 6, mtu);
	struct ip4_wire *quoted = (struct ip4_wire *)(f.l4 + 8);
	*quoted = (struct ip4_wire){.version_ihl = IP4_VERSION_IHL,
				    .total_length = be16_of(1500),
				    .fragment = be16_of(IP4_DONT_FRAGMENT),
				    .protocol = IP_PROTOCOL_TCP,
				    .source = be32_of(OURS),
				    .destination = be32_of(BEYOND)};
	be16_store(f.l4 + 28, 9092);
	be16_store(f.l4 + 30, 40001);
	be32_store(f.l4 + 32, 0xfffffff0);
	return quoted;
}

/* What goes up for TCP of it, which counts the packet then. */
static unsigned deliver_too_big(void)
{
	struct pkt p = {.data = f.bytes, .size = f.size};
	struct pkt_vec packets = {.count = 1, .pkts = {&p}};
	seal_l4(2, be16_get(f.ip->total_length) - 20u);
	ip_input(&ip, &packets, &segments, &datagrams, &fragments, now_ns);
	return ip.too_big_count;
}

Test(ip, a_routers_word_about_a_segment_of_ours_goes_up)
{
	build_too_big(1300);
	cr_assert(deliver_too_big() == 1 && nic.sent_count == 0);
	const struct too_big *b = &ip.too_big[0];
	cr_assert(address_to_ip4(&b->peer.address) == BEYOND && b->peer.port == 40001);
	cr_assert(b->local_port == 9092 && b->seq == 0xfffffff0 && b->mtu == 1300);
	build_too_big(0); /* RFC 1191 5: an old one does not say how much */
	cr_assert(deliver_too_big() == 1 && ip.too_big[0].mtu == 1492);
	be16_store(f.l4 + 10, 1492);
	cr_assert(deliver_too_big() == 1 && ip.too_big[0].mtu == 1006);
	cr_assert(turn() == 0 && ip.too_big_count == 0);
}

Test(ip, a_routers_word_about_something_else_is_dropped)
{
	build_too_big(1300)->source = be32_of(OURS + 1);
	cr_assert(deliver_too_big() == 0);
	build_too_big(1300)->protocol = IP_PROTOCOL_UDP;
	cr_assert(deliver_too_big() == 0);
	build_too_big(1300)->fragment = be16_of(1);
	cr_assert(deliver_too_big() == 0);
	build_too_big(1300)->version_ihl = 0x65;
	cr_assert(deliver_too_big() == 0);
	build_too_big(1300);
	f.l4[1] = 1; /* host unreachable: soft, RFC 1122 4.2.3.9 */
	cr_assert(deliver_too_big() == 0);
	build_too_big(1500); /* for which there is room */
	cr_assert(deliver_too_big() == 0);
	cr_assert(stats.value[STAT_packet_drop_icmp] == 6);
}

Test(ip, a_routers_word_that_quotes_too_little_is_dropped)
{
	for (uint16_t bytes = 8; bytes < 36; bytes++) {
		build_too_big(1300);
		f.ip->total_length = be16_of((uint16_t)(20 + bytes));
		f.size = 34u + bytes;
		seal_ip();
		cr_assert(deliver_too_big() == 0, "%u", bytes);
	}
	cr_assert(stats.value[STAT_packet_drop_runt] == 28);
	build_too_big(1300)->version_ihl = 0x4f;
	cr_assert(deliver_too_big() == 0 && stats.value[STAT_packet_drop_runt] == 29);
}

static const struct ip_route to_peer = {
	.way = {.mac = {{2, 0, 0, 0, 0, 9}}},
	.from = {{[10] = 0xff, 0xff, 10, 0, 0, 2}},
	.to = {{[10] = 0xff, 0xff, 10, 0, 0, 1}},
};

Test(ip, a_pushed_segment_is_a_frame_that_would_be_accepted)
{
	for (unsigned size = 20; size < 90; size++) {
		nic.sent_count = 0;
		uint8_t *l4 = ip_tx_take(&ip, &to_peer, size);
		for (unsigned i = 0; i < size; i++)
			l4[i] = (uint8_t)(i * 11);
		ip_tx_push(&ip, &to_peer, IP_PROTOCOL_TCP, size, 20, 0);
		const struct ip4_wire *header =
			(const struct ip4_wire *)(nic.sent[0].bytes + 14);
		cr_assert(nic.sent[0].size == 34 + size);
		cr_assert(be16_get(header->total_length) == 20 + size);
		cr_assert(inet_sum_fold(inet_sum_add(0, header, 20)) == 0xffff);
		uint64_t sum = ip4_pseudo_sum(header, IP_PROTOCOL_TCP, (uint16_t)size);
		cr_assert(inet_sum_fold(inet_sum_add(sum, header + 1, size)) == 0xffff);
		cr_assert(!nic.sent[0].offload.ip_checksum &&
			  !nic.sent[0].offload.l4_checksum);
		nic.buffers_left = FAKE_FRAMES;
	}
}

/* RFC 6864: what is never cut needs no number. One that counts says how much goes to others. */
Test(ip, cve_2016_5696_packets_have_no_number_by_which_others_could_be_counted)
{
	for (unsigned i = 0; i < 3; i++) {
		nic.sent_count = 0;
		memset(ip_tx_take(&ip, &to_peer, 20 + i), 7, 20 + i);
		ip_tx_push(&ip, &to_peer, IP_PROTOCOL_TCP, 20 + i, 20, 0);
		const struct ip4_wire *header = (const struct ip4_wire *)(nic.sent[0].bytes + 14);
		cr_assert(be16_get(header->id) == 0);
		cr_assert(be16_get(header->fragment) == IP4_DONT_FRAGMENT);
	}
}

Test(ip, a_port_with_checksums_gets_the_pseudo_header_sum)
{
	nic.caps.tx_ip_checksum = true;
	nic.caps.tx_tcp_checksum = true;
	memset(ip_tx_take(&ip, &to_peer, 120), 7, 120);
	ip_tx_push(&ip, &to_peer, IP_PROTOCOL_TCP, 120, 20, 40);
	const struct fake_frame *sent = &nic.sent[0];
	const struct ip4_wire *header = (const struct ip4_wire *)(sent->bytes + 14);
	cr_assert(be16_get(header->checksum) == 0 && sent->offload.ip_checksum);
	cr_assert(sent->offload.l4_checksum && sent->offload.is_tcp);
	cr_assert(sent->offload.l2_bytes == 14 && sent->offload.l3_bytes == 20);
	cr_assert(sent->offload.l4_bytes == 20 && sent->offload.segment_bytes == 40);
	/* The port adds the length of each piece. */
	struct be16 expected = inet_sum_field(ip4_pseudo_sum(header, IP_PROTOCOL_TCP, 0));
	cr_assert(memcmp(sent->bytes + 34 + 16, &expected, 2) == 0);
}

Test(ip, a_datagram_whose_checksum_is_zero_is_sent_with_all_ones)
{
	uint8_t *l4 = ip_tx_take(&ip, &to_peer, 10);
	memset(l4, 0, 10);
	/* Choose the payload so that the sum comes to 0xffff: the complement of the rest. */
	struct ip4_wire header = {.source = be32_of(OURS), .destination = be32_of(PEER)};
	struct be16 rest = inet_checksum(ip4_pseudo_sum(&header, IP_PROTOCOL_UDP, 10));
	memcpy(l4 + 8, &rest, 2);
	ip_tx_push(&ip, &to_peer, IP_PROTOCOL_UDP, 10, 0, 0);
	cr_assert(be16_load(nic.sent[0].bytes + 34 + 6) == 0xffff);
}

Test(ip, endpoints_are_written_as_people_write_them)
{
	struct endpoint e = {.address = address_of_ip4(0xc0a80a01), .port = 32960};
	char text[48];
	cr_assert(strcmp(endpoint_format(&e, text, sizeof text), "192.168.10.1:32960") ==
		  0);
}
