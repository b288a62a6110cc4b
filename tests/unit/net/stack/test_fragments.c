/* test_fragments.c - fragments of UDP in; whole datagrams, and a counter for what is not, out. */
#include "dataplane/net/stack/fragments.h"
#include "dataplane/base/clock.h"
#include "dataplane/wire/net/ip4.h"
#include "tests/unit/net/stack/fragments_sent.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum {
	TIMEOUT_MS = 15000,
	ALL = FRAGMENT_MEMORY_MIN / FRAGMENT_MEMORY_EACH, /* datagrams under way */
	LARGE = ALL / 8,
};

static struct stats stats;
static struct udp udp;
static struct fragments fragments;
static struct pkt_vec in, whole;
static struct pkt pkts[PACKETS_PER_TURN];
static uint64_t now_ns;

static void setup(void)
{
	memset(&stats, 0, sizeof stats);
	udp_init(&udp, &stats);
	udp_listen(&udp, PORT, 3);
	cr_assert(fragments_init(&fragments,
				 &(struct fragments_options){.stats = &stats,
							     .udp = &udp,
							     .memory_bytes = FRAGMENT_MEMORY_MIN,
							     .timeout_ms = TIMEOUT_MS}) == 0);
	now_ns = 7 * NS_PER_S;
	in.count = 0;
}

/* Every packet has an end; whole datagrams had theirs above. */
static void teardown(void)
{
	cr_assert(ledger_in_flight(&stats, LEDGER_packet) == 0);
	cr_assert(ledger_in_flight(&stats, LEDGER_frame) == 0);
	fragments_stop(&fragments);
	cr_assert(fragments.slab.in_use == 0 && fragments.chunks.in_use == 0);
	cr_assert(ledger_in_flight(&stats, LEDGER_frame) == 0);
	fragments_fini(&fragments);
}

TestSuite(fragments, .init = setup, .fini = teardown);

/* ---- what is sent ---- */

struct message {
	uint32_t source;
	uint16_t id;
	uint16_t port;
	uint32_t size; /* with UDP's header */
	uint8_t bytes[PAYLOAD_MAX + HEADER + 64];
};

static void seal(struct message *m)
{
	struct udp_wire *header = (struct udp_wire *)m->bytes;
	struct ip4_wire ip = {.source = be32_of(m->source), .destination = be32_of(OURS)};
	header->checksum = be16_of(0);
	uint64_t sum = ip4_pseudo_sum(&ip, IP_PROTOCOL_UDP, (uint16_t)m->size);
	header->checksum = inet_checksum(inet_sum_add(sum, m->bytes, m->size));
}

static struct message *message(uint32_t source, uint16_t id, uint32_t payload)
{
	struct message *m = calloc(1, sizeof *m);
	*m = (struct message){
		.source = source, .id = id, .port = PORT, .size = HEADER + payload};
	for (uint32_t i = 0; i < payload; i++)
		m->bytes[HEADER + i] = (uint8_t)(i * 3 + id + i / 256);
	*(struct udp_wire *)m->bytes = (struct udp_wire){.source = be16_of(999),
							 .destination = be16_of(PORT),
							 .length = be16_of((uint16_t)m->size)};
	seal(m);
	return m;
}

/* A packet of the turn: a heap block of exact size. */
static void add_bytes(const struct message *m, uint32_t offset, uint32_t size, bool more,
		      unsigned option_words)
{
	uint32_t header_bytes = sizeof(struct ip4_wire) + 4 * option_words;
	struct pkt *p = &pkts[in.count];
	*p = (struct pkt){.data = malloc(header_bytes + size),
			  .size = header_bytes + size,
			  .l4_checksum = PKT_CHECKSUM_BAD /* of a fragment: says nothing */};
	memset(p->data, 1, header_bytes);
	uint16_t field = (uint16_t)(offset / 8 | (more ? IP4_MORE_FRAGMENTS : 0));
	*(struct ip4_wire *)p->data = (struct ip4_wire){
		.version_ihl = (uint8_t)(IP4_VERSION_IHL + option_words),
		.id = be16_of(m->id),
		.fragment = be16_of(field),
		.protocol = IP_PROTOCOL_UDP,
		.source = be32_of(m->source),
		.destination = be32_of(OURS)};
	memcpy(p->data + header_bytes, m->bytes + offset, size);
	p->from.address.octets[15] = (uint8_t)m->source;
	pkt_vec_push(&in, p);
	stats_add(&stats, STAT_packets_received, 1);
}

static void add(const struct message *m, uint32_t offset, uint32_t end)
{
	add_bytes(m, offset, end - offset, end < m->size, 0);
}

/* One turn; its whole datagrams are in `whole`. */
static void turn(void)
{
	uint8_t *blocks[PACKETS_PER_TURN];
	unsigned count = in.count;
	for (unsigned i = 0; i < count; i++)
		blocks[i] = in.pkts[i]->data;
	whole.count = 0;
	fragments_input(&fragments, &in, &whole, now_ns);
	in.count = 0;
	for (unsigned i = 0; i < count; i++)
		free(blocks[i]); /* whoever kept a packet reads freed memory */
	stats_add(&stats, STAT_packets_consumed, whole.count);
}

static void send(const struct message *m, uint32_t offset, uint32_t end)
{
	add(m, offset, end);
	turn();
}

/* All of it but the last piece; true when a datagram went up on the way. */
static bool send_most(const struct message *m)
{
	bool is_whole = false;
	for (uint32_t at = 0; at + PIECE < m->size; at += PIECE) {
		send(m, at, at + PIECE);
		is_whole |= whole.count > 0;
	}
	return is_whole;
}

static void send_rest(const struct message *m)
{
	uint32_t at = (m->size - 1) / PIECE * PIECE;
	send(m, at, m->size);
}

static void assert_is(const struct pkt *p, const struct message *m)
{
	cr_assert(p->size == m->size);
	cr_assert(memcmp(p->data, m->bytes, m->size) == 0);
	cr_assert(p->from.address.octets[15] == (uint8_t)m->source);
}

static void assert_whole(const struct message *m)
{
	cr_assert(whole.count == 1);
	assert_is(whole.pkts[0], m);
}

#define assert_counted(counter, n) cr_assert(stats.value[STAT_##counter] == (n), #counter)

/* ---- whole ones ---- */

Test(fragments, datagrams_of_all_sizes_go_up_whole)
{
	const uint32_t sizes[] = {1473, 1480, 2952, 20000, 32768, 65506, PAYLOAD_MAX};
	for (unsigned i = 0; i < array_len(sizes); i++) {
		struct message *m = message(PEER, (uint16_t)i, sizes[i]);
		cr_assert(!send_most(m));
		send_rest(m);
		assert_whole(m);
		cr_assert(fragments.slab.in_use == 0 && fragments.chunks.in_use == 0);
		free(m);
	}
	assert_counted(packets_consumed, array_len(sizes));
	cr_assert(stats.value[STAT_packets_received] ==
		  stats.value[STAT_packets_joined] + array_len(sizes));
	assert_counted(frames_received, 0); /* each enters the ledger above, as all datagrams do */
}

Test(fragments, their_order_does_not_matter_and_header_options_are_skipped)
{
	struct message *m = message(PEER, 1, 5000);
	add(m, 4440, m->size);
	add_bytes(m, 1480, 1480, true, 10);
	add_bytes(m, 0, 1480, true, 2);
	add(m, 2960, 4440);
	turn();
	assert_whole(m);
	free(m);
}

Test(fragments, each_of_a_turn_full_of_datagrams_is_itself)
{
	struct message *m[PACKETS_PER_TURN];
	for (unsigned i = 0; i < PACKETS_PER_TURN; i++) {
		m[i] = message(PEER + i % 3, (uint16_t)i, i % 2 ? 30000 : 2000);
		cr_assert(!send_most(m[i]));
	}
	for (unsigned i = 0; i < PACKETS_PER_TURN; i++)
		add(m[i], (m[i]->size - 1) / PIECE * PIECE, m[i]->size);
	turn();
	cr_assert(whole.count == PACKETS_PER_TURN);
	for (unsigned i = 0; i < PACKETS_PER_TURN; i++) {
		assert_is(whole.pkts[i], m[i]);
		free(m[i]);
	}
}

Test(fragments, two_sources_may_use_the_same_number)
{
	struct message *m = message(PEER, 7, 2000), *n = message(PEER + 1, 7, 2001);
	send(m, 0, 1480);
	send(n, 0, 1480);
	send(m, 1480, m->size);
	assert_whole(m);
	send(n, 1480, n->size);
	assert_whole(n);
	free(m);
	free(n);
}

Test(fragments, the_sum_of_the_whole_is_verified_unless_there_is_none)
{
	struct message *m = message(PEER, 1, 2000);
	m->bytes[100] ^= 1;
	send(m, 0, 1480);
	send(m, 1480, m->size);
	cr_assert(whole.count == 0);
	assert_counted(packet_drop_l4_checksum, 1);
	((struct udp_wire *)m->bytes)->checksum = be16_of(0);
	send(m, 0, 1480);
	send(m, 1480, m->size);
	assert_whole(m);
	free(m);
}

/* ---- what is no fragment of a datagram ---- */

Test(fragments, what_reaches_beyond_the_longest_datagram_is_dropped)
{
	struct message *m = message(PEER, 1, PAYLOAD_MAX);
	add_bytes(m, 64008, 1512, false, 0); /* 65,520 bytes, as a ping of death has */
	add_bytes(m, 64008, 1512, true, 0);
	add_bytes(m, 65512, 4, false, 0); /* one more than fits behind a header */
	turn();
	assert_counted(packet_drop_fragment_header, 3);
	add_bytes(m, 8, 0, false, 0);
	add_bytes(m, 0, 600 + 4, true, 0);
	turn();
	assert_counted(packet_drop_fragment_header, 5);
	cr_assert(fragments.slab.in_use == 0);
	free(m);
}

Test(fragments, tiny_ones_that_are_not_the_last_are_dropped)
{
	struct message *m = message(PEER, 1, 2000);
	for (uint32_t n = 8; n < FRAGMENT_BYTES_MIN; n += 8) {
		add_bytes(m, 0, n, true, 0);
		add_bytes(m, 512, n, true, 0);
		turn();
	}
	assert_counted(packet_drop_fragment_tiny, 2 * (FRAGMENT_BYTES_MIN / 8 - 1));
	cr_assert(fragments.slab.in_use == 0);
	send(m, 0, FRAGMENT_BYTES_MIN);
	send(m, FRAGMENT_BYTES_MIN, 2000);
	cr_assert(whole.count == 0);
	send(m, 2000, m->size);
	assert_whole(m);
	free(m);
}

Test(fragments, what_came_before_is_counted_as_that_and_changes_nothing)
{
	struct message *m = message(PEER, 1, 4000);
	send(m, 1480, 2960);
	send(m, 1480, 2960);
	send(m, 0, 1480);
	send(m, 0, 1480);
	assert_counted(packets_duplicate, 2);
	send_rest(m);
	assert_whole(m);
	free(m);
}

/* FragmentSmack: a long queue was walked for each. Here one datagram has 128 at most, and each
 * costs what the first did. */
Test(fragments, cve_2018_5391_fragments_that_never_end)
{
	struct message *m = message(PEER, 1, PAYLOAD_MAX);
	for (uint32_t at = 65504; at >= 8; at -= 8) {
		add_bytes(m, at, 8, true, 0);
		turn();
	}
	assert_counted(packet_drop_fragment_tiny, 65504 / 8);
	cr_assert(fragments.slab.in_use == 0);
	for (uint32_t at = 65024 - 512; at >= 512; at -= 512) {
		add_bytes(m, at, 512, true, 0);
		turn();
	}
	cr_assert(fragments.slab.in_use == 1 && fragments.chunks.in_use == 126);
	assert_counted(packets_joined, 126);
	free(m);
}

/* ---- overlaps ---- */

Test(fragments, an_overlap_ends_the_datagram_and_all_that_comes_of_it)
{
	struct message *m = message(PEER, 1, 4000);
	send(m, 0, 1480);
	send(m, 1472, 2960);
	assert_counted(packet_drop_fragment_overlap, 1);
	assert_counted(frame_reject_fragments, 1);
	assert_counted(frames_received, 1);
	cr_assert(fragments.chunks.in_use == 0, "it holds nothing any more");
	send(m, 0, 1480);
	send(m, 1480, 2960);
	send(m, 2960, m->size);
	cr_assert(whole.count == 0);
	assert_counted(packet_drop_fragment_overlap, 4);
	assert_counted(frame_reject_fragments, 1);
	/* until its time is over */
	now_ns += TIMEOUT_MS * NS_PER_MS;
	cr_assert(!send_most(m));
	send_rest(m);
	assert_whole(m);
	assert_counted(frames_received, 1);
	free(m);
}

Test(fragments, other_bytes_at_the_same_place_are_an_overlap)
{
	struct message *m = message(PEER, 1, 4000);
	send(m, 0, 1480);
	m->bytes[700] ^= 1;
	send(m, 0, 1480);
	assert_counted(packet_drop_fragment_overlap, 1);
	assert_counted(frame_reject_fragments, 1);
	free(m);
}

Test(fragments, a_number_that_comes_again_after_silence_is_a_new_datagrams)
{
	struct message *old = message(PEER, 1, 4000), *new = message(PEER, 1, 3500);
	new->bytes[500] ^= 1;
	seal(new);
	send(old, 0, 1480);
	send(old, 1480, 2960);
	now_ns += 2 * NS_PER_S;
	send(new, 0, 1480);
	assert_counted(frame_drop_fragments_late, 1);
	assert_counted(frame_reject_fragments, 0);
	send(new, 1480, 2960);
	send_rest(new);
	assert_whole(new);
	free(old);
	free(new);
}

/* ---- time ---- */

Test(fragments, a_datagram_that_is_not_whole_in_time_is_given_up_and_counted_once)
{
	struct message *m = message(PEER, 1, 20000);
	cr_assert(!send_most(m));
	now_ns += TIMEOUT_MS * NS_PER_MS - 1;
	turn();
	cr_assert(fragments.slab.in_use == 1);
	cr_assert(fragments_idle_ns(&fragments, now_ns, NS_PER_S) == 1);
	now_ns++;
	cr_assert(fragments_idle_ns(&fragments, now_ns, NS_PER_S) == 0);
	turn();
	cr_assert(fragments.slab.in_use == 0 && fragments.chunks.in_use == 0);
	assert_counted(frame_drop_fragments_late, 1);
	assert_counted(frames_received, 1);
	cr_assert(fragments_idle_ns(&fragments, now_ns, NS_PER_S) == NS_PER_S);
	free(m);
}

Test(fragments, fragments_that_come_later_do_not_lengthen_its_time)
{
	struct message *m = message(PEER, 1, 4000);
	send(m, 0, 1480);
	now_ns += TIMEOUT_MS * NS_PER_MS / 2;
	send(m, 1480, 2960);
	now_ns += TIMEOUT_MS * NS_PER_MS / 2;
	send_rest(m);
	cr_assert(whole.count == 0);
	assert_counted(frame_drop_fragments_late, 1);
	cr_assert(fragments.slab.in_use == 1, "the rest has begun one of its own");
	free(m);
}

Test(fragments, what_is_given_up_in_a_turn_is_bounded)
{
	for (unsigned i = 0; i < ALL; i++) {
		struct message *m = message(PEER + 256 * i, 1, 2000);
		send(m, 0, 1480);
		free(m);
	}
	now_ns += TIMEOUT_MS * NS_PER_MS;
	for (unsigned turns = 0; fragments.slab.in_use > 0; turns++) {
		cr_assert(turns <= ALL / 64);
		turn();
	}
	assert_counted(frame_drop_fragments_late, ALL);
}

/* ---- who listens ---- */

Test(fragments, a_port_nobody_listens_on_holds_no_memory)
{
	struct message *m = message(PEER, 1, 4000);
	((struct udp_wire *)m->bytes)->destination = be16_of(PORT + 1);
	send(m, 1480, 2960);
	send(m, 0, 1480);
	send_rest(m);
	cr_assert(whole.count == 0 && fragments.chunks.in_use == 0);
	assert_counted(packets_joined, 1); /* it might have been for us */
	assert_counted(packet_drop_no_listener, 2);
	assert_counted(frames_received, 0);
	free(m);
}

Test(fragments, without_any_listener_nothing_is_kept)
{
	udp_init(&udp, &stats);
	struct message *m = message(PEER, 1, 4000);
	send(m, 1480, 2960);
	assert_counted(packet_drop_no_listener, 1);
	cr_assert(fragments.slab.in_use == 0);
	free(m);
}

/* ---- want ---- */

/* Somebody of prefix `net` begins a datagram and never goes on. */
static void begin_one(unsigned net, unsigned id)
{
	struct message *m = message(0x0b000000 + 256 * net, (uint16_t)id, 4000);
	send(m, 0, 1480);
	free(m);
}

Test(fragments, a_flood_of_many_sources_does_not_touch_who_goes_on)
{
	struct message *m = message(PEER, 1, 60000);
	unsigned net = 0;
	for (uint32_t at = 0; at + PIECE < m->size; at += PIECE) {
		send(m, at, at + PIECE);
		for (unsigned i = 0; i < ALL - 2; i++)
			begin_one(net++, 1);
	}
	send_rest(m);
	assert_whole(m);
	cr_assert(stats.value[STAT_frame_drop_fragments_room] > 30 * ALL);
	cr_assert(fragments.slab.in_use == ALL - 1);
	free(m);
}

Test(fragments, a_source_with_a_large_share_gives_way_before_others)
{
	struct message *m = message(PEER, 1, 2000);
	send(m, 0, 1480); /* the oldest of all, and silent */
	for (unsigned i = 0; i < 3 * ALL; i++)
		begin_one(1, i);
	assert_counted(frame_drop_fragments_room, 2 * ALL + 1);
	/* Others begin, too: until it has less than an eighth it is one of the flood's. */
	for (unsigned i = 0; i < ALL - LARGE; i++)
		begin_one(2 + i, 1);
	send_rest(m);
	assert_whole(m);
	free(m);
}

Test(fragments, one_source_alone_may_have_all_there_is)
{
	for (unsigned i = 0; i < ALL; i++)
		begin_one(1, i);
	assert_counted(frame_drop_fragments_room, 0);
	cr_assert(fragments.slab.in_use == ALL);
}

Test(fragments, when_bytes_run_out_the_longest_silent_gives_way)
{
	/* All of the memory: 32 of 63,640 bytes, without their last pieces. */
	struct message *m[40];
	for (unsigned i = 0; i < 40; i++) {
		m[i] = message(PEER + 256 * i, 1, PAYLOAD_MAX);
		cr_assert(!send_most(m[i]));
	}
	uint64_t gone = stats.value[STAT_frame_drop_fragments_room];
	cr_assert(gone >= 40 - FRAGMENT_MEMORY_MIN / 65024 && gone < 40);
	cr_assert(fragments.slab.in_use == 40 - gone);
	for (unsigned i = 0; i < 40; i++) {
		if (i >= gone + 1) { /* the rest of those that went begins others */
			send_rest(m[i]);
			assert_whole(m[i]);
		}
		free(m[i]);
	}
}

Test(fragments, refused_ones_are_forgotten_before_others_give_way)
{
	for (unsigned i = 0; i < ALL / 2; i++) {
		struct message *m = message(PEER + 256 * i, 9, 4000);
		send(m, 0, 1480);
		send(m, 8, 1488);
		free(m);
	}
	assert_counted(frame_reject_fragments, ALL / 2);
	for (unsigned i = 0; i < ALL; i++)
		begin_one(i, 1);
	assert_counted(frame_drop_fragments_room, 0);
	cr_assert(fragments.slab.in_use == ALL);
}

/* ---- draining ---- */

Test(fragments, what_is_under_way_when_the_gateway_drains_is_shed)
{
	struct message *m = message(PEER, 1, 4000);
	send(m, 0, 1480);
	fragments_stop(&fragments);
	assert_counted(frame_drop_shed, 1);
	assert_counted(frames_received, 1);
	send(m, 1480, 2960);
	assert_counted(packet_drop_udp_shed, 1);
	cr_assert(fragments.slab.in_use == 0);
	free(m);
}
