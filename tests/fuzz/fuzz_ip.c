/* fuzz_ip.c - frames of any bytes through Ethernet, ARP, IP, ICMP and UDP.
 *
 *     input: [how 1 | size 2 | that many bytes] ...     a turn of up to 32 frames
 *
 * `how` says what is put right of a frame before it goes in, for bytes that happen to be right in
 * a checksum are not found by trying: our MAC, our address, the checksums; or that the port has
 * verified them.
 */
#include "dataplane/base/clock.h"
#include "dataplane/net/stack/udp.h"
#include "dataplane/wire/net/eth.h"
#include "dataplane/wire/net/icmp.h"
#include "dataplane/wire/net/ip4.h"
#include "dataplane/wire/net/tcp_header.h"
#include "dataplane/wire/net/udp_header.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/net/nic/fake_nic.h"

enum {
	OURS = 0x0a000002,
	LISTENED = 9000,
	RIGHT_MAC = 1,
	RIGHT_ADDRESS = 2,
	RIGHT_IP_SUM = 4,
	RIGHT_L4_SUM = 8,
	PORT_VERIFIED = 16,
	RIGHT_VERSION = 32,
};

static struct nic nic;
static struct stats stats;
static struct ip ip;
static struct udp udp;

static uint64_t ends(void)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < STAT_COUNT; i++)
		if (stat_infos[i].ledger == LEDGER_packet && stat_infos[i].role == STAT_ROLE_end)
			sum += stats.value[i];
	return sum;
}

static void put_l4_sum(struct ip4_wire *head, uint32_t size)
{
	uint32_t at = ip4_header_bytes(head);
	static const uint8_t places[256] = {
		[IP_PROTOCOL_ICMP] = 2, [IP_PROTOCOL_TCP] = 16, [IP_PROTOCOL_UDP] = 6};
	uint32_t place = places[head->protocol];
	if (place == 0 || size < at + place + 2)
		return;
	uint8_t *l4 = (uint8_t *)head + at;
	uint64_t sum = head->protocol == IP_PROTOCOL_ICMP
			       ? 0
			       : ip4_pseudo_sum(head, head->protocol, (uint16_t)(size - at));
	struct be16 *field = (struct be16 *)(l4 + place);
	*field = be16_of(0);
	*field = inet_checksum(inet_sum_add(sum, l4, size - at));
}

/* The packet of a frame that is long enough for an IP header. */
static void put_right_ip(struct ip4_wire *head, uint32_t room, uint8_t how)
{
	if (how & RIGHT_VERSION)
		head->version_ihl = IP4_VERSION_IHL;
	if (how & RIGHT_ADDRESS)
		head->destination = be32_of(OURS);
	uint32_t header = ip4_header_bytes(head);
	uint32_t size = min_u32(be16_get(head->total_length), room);
	if (header < sizeof *head || header > size)
		return;
	if (how & RIGHT_IP_SUM) {
		head->checksum = be16_of(0);
		head->checksum = inet_checksum(inet_sum_add(0, head, header));
	}
	if (how & RIGHT_L4_SUM)
		put_l4_sum(head, size);
}

static void put_right(uint8_t *frame, uint32_t size, uint8_t how)
{
	struct eth_wire *eth = (struct eth_wire *)frame;
	if (size < sizeof *eth)
		return;
	if (how & RIGHT_MAC)
		memcpy(eth->destination, nic.caps.mac.octets, sizeof eth->destination);
	uint32_t room = size - (uint32_t)sizeof *eth;
	if (be16_get(eth->type) == ETHERTYPE_IP4 && room >= sizeof(struct ip4_wire))
		put_right_ip((struct ip4_wire *)(eth + 1), room, how);
}

static void add_frame(struct cursor *c, struct pkt *ret)
{
	uint8_t how = fuzz_u8(c);
	struct bytes given = fuzz_take(c, fuzz_u16(c) % 2048);
	uint8_t *frame = fuzz_copy(given);
	put_right(frame, (uint32_t)given.size, how);
	uint8_t sum = how & PORT_VERIFIED ? PKT_CHECKSUM_GOOD : PKT_CHECKSUM_UNKNOWN;
	*ret = (struct pkt){.data = frame, .size = (uint32_t)given.size, .buffer = frame,
			    .ip_checksum = sum, .l4_checksum = sum};
}

/* What goes up lies within its frame. */
static void check_up(const struct pkt_vec *up)
{
	for (unsigned i = 0; i < up->count; i++) {
		const struct pkt *p = up->pkts[i];
		struct tcp_header h;
		require(p->data >= (uint8_t *)p->buffer + sizeof(struct eth_wire));
		/* Read to its last byte. */
		free(fuzz_copy((struct bytes){p->data, p->size}));
		tcp_header_parse((struct bytes){p->data, p->size}, &h);
	}
}

static void check_datagrams(struct pkt_vec *up)
{
	static struct datagram_vec datagrams;
	datagrams.count = 0;
	uint64_t before = ends();
	udp_input(&udp, up, &datagrams);
	require(ends() - before + datagrams.count == up->count);
	for (unsigned i = 0; i < datagrams.count; i++)
		free(fuzz_copy(datagrams.datagrams[i].bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pkt pkts[PACKETS_PER_TURN];
	struct pkt_vec packets = {0}, segments = {0}, datagrams = {0}, fragments = {0};
	struct cursor c = cursor_of(data, size);
	fake_nic_init(&nic);
	memset(&stats, 0, sizeof stats);
	ip_init(&ip, &(struct ip_options){.nic = &nic, .stats = &stats,
					  .address = address_of_ip4(OURS), .prefix_bits = 24});
	udp_init(&udp, &stats);
	udp_listen(&udp, LISTENED, 1);
	while (!fuzz_is_over(&c) && packets.count < PACKETS_PER_TURN) {
		struct pkt *p = &pkts[packets.count];
		add_frame(&c, p);
		pkt_vec_push(&packets, p);
	}
	ip_input(&ip, &packets, &segments, &datagrams, &fragments, 7 * NS_PER_S);
	/* What is too big is TCP's to count. */
	require(ends() + segments.count + datagrams.count + fragments.count + ip.too_big_count ==
		packets.count);
	check_up(&segments);
	check_up(&fragments);
	check_datagrams(&datagrams);
	for (unsigned i = 0; i < packets.count; i++)
		free(packets.pkts[i]->buffer);
	return 0;
}
