/* test_tcp_path.c - segments that a path does not hold: made smaller at a router's word, or without
 * it. */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { FULL = 1460, AGE_MS = 10 * 60 * 1000 };

/* A router's word about a segment of the connection. */
static void router_says(struct rig *r, uint32_t seq, uint16_t mtu)
{
	r->packets_put++;
	r->ip.too_big_count = 1;
	r->ip.too_big[0] = (struct too_big){
		.peer = {{{[10] = 0xff, 0xff, 10, 0, 0, 2}}, r->peer_port},
		.local_port = RIG_PORT,
		.mtu = mtu,
		.seq = seq,
	};
	rig_turn(r);
}

/* `bytes` on their way in full segments, none of them acknowledged. */
static struct rig *in_flight(struct tcp_conn **c, uint32_t bytes)
{
	struct rig *r = rig_new(rig_options());
	*c = rig_open(r);
	rig_send(r, &(*c)->stream, bytes, 0);
	rig_turn(r);
	return r;
}

static uint32_t largest_sent(const struct rig *r)
{
	uint32_t largest = 0;
	for (unsigned i = 0; i < r->sent_count; i++)
		largest = max_u32(largest, r->sent[i].size);
	return largest;
}

/* What was sent and is no longer than this arrives, in order; true when anything did. */
static bool peer_takes(struct rig *r, uint32_t size_max)
{
	uint32_t before = r->our_nxt;
	for (unsigned s = 0; s < r->sent_count; s++)
		if (r->sent[s].h.seq == r->our_nxt && r->sent[s].size <= size_max)
			r->our_nxt += r->sent[s].size;
	return r->our_nxt != before;
}

static void assert_all_arrives(struct rig *r, const struct tcp_conn *c)
{
	while (peer_takes(r, FULL))
		rig_give(r, rig_ack(r));
	cr_assert(tcp_send_bytes(c) == 0, "%u left", tcp_send_bytes(c));
}

Test(tcp_path, what_a_router_found_too_big_comes_again_in_smaller_segments)
{
	struct tcp_conn *c;
	struct rig *r = in_flight(&c, 10 * FULL);
	cr_assert(r->sent_count == 10 && largest_sent(r) == FULL);
	router_says(r, c->snd_una + 2 * FULL, 1400);
	cr_assert(rig_stat(r, STAT_packets_consumed) >= 1);
	cr_assert(rig_stat(r, STAT_tcp_paths_narrowed) == 1);
	cr_assert(r->sent_count >= 8 && r->sent[0].h.seq == c->snd_una);
	cr_assert(largest_sent(r) == 1360);
	assert_all_arrives(r, c);
	rig_free(r);
}

Test(tcp_path, the_timestamp_has_its_place_in_a_segment)
{
	static const uint8_t options[16] = {2, 4, 0x05, 0xb4, 1, 1, 8, 10, 0, 0, 0, 1};
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_with(r, 5000, options, sizeof options);
	cr_assert(c->mss == FULL - 12);
	rig_send(r, &c->stream, 3 * FULL, 0);
	rig_turn(r);
	router_says(r, c->snd_una, 1000);
	cr_assert(c->mss == 1000 - 40 - 12 && largest_sent(r) == c->mss);
	rig_free(r);
}

/* RFC 5927: numbers that are not in flight, a connection that is not there, no less room. */
Test(tcp_path, a_router_that_does_not_quote_what_is_in_flight_is_not_believed)
{
	struct tcp_conn *c;
	struct rig *r = in_flight(&c, 4 * FULL);
	const uint32_t wrong[] = {c->snd_una - 1, c->snd_max, c->snd_max + 1,
				  c->snd_una + (1u << 31)};
	for (unsigned i = 0; i < array_len(wrong); i++) {
		router_says(r, wrong[i], 576);
		cr_assert(rig_stat(r, STAT_packet_drop_icmp) == i + 1);
	}
	router_says(r, c->snd_una, 1500);
	r->peer_port++;
	router_says(r, c->snd_una, 576);
	r->peer_port--;
	cr_assert(rig_stat(r, STAT_packet_drop_icmp) == array_len(wrong) + 2);
	cr_assert(c->mss == FULL && rig_stat(r, STAT_tcp_paths_narrowed) == 0);
	rig_free(r);
}

Test(tcp_path, no_router_makes_segments_smaller_than_every_host_takes)
{
	struct tcp_conn *c;
	struct rig *r = in_flight(&c, 4 * FULL);
	router_says(r, c->snd_una, 68);
	cr_assert(c->mss == 536);
	router_says(r, c->snd_una, 0);
	cr_assert(c->mss == 536 && rig_stat(r, STAT_packet_drop_icmp) == 1);
	rig_free(r);
}

Test(tcp_path, a_peer_that_wants_less_than_that_keeps_it)
{
	static const uint8_t mss_400[4] = {2, 4, 0x01, 0x90};
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_with(r, 5000, mss_400, sizeof mss_400);
	rig_send(r, &c->stream, 2000, 0);
	rig_turn(r);
	router_says(r, c->snd_una, 300);
	cr_assert(c->mss == 400 && rig_stat(r, STAT_packet_drop_icmp) == 1);
	rig_free(r);
}

Test(tcp_path, after_ten_minutes_the_path_is_tried_again)
{
	struct tcp_conn *c;
	struct rig *r = in_flight(&c, 4 * FULL);
	router_says(r, c->snd_una, 1200);
	assert_all_arrives(r, c);
	rig_wait_ms(r, AGE_MS - 1000);
	cr_assert(c->mss == 1160);
	rig_wait_ms(r, 2000);
	cr_assert(c->mss == FULL && !(c->flags & CONN_PATH));
	rig_send(r, &c->stream, 2 * FULL, 0);
	rig_turn(r);
	cr_assert(largest_sent(r) == FULL);
	rig_free(r);
}

/* A path that swallows what is longer than this, and says nothing. */
static void swallow_longer_than(struct rig *r, const struct tcp_conn *c, uint32_t size,
				uint32_t wait_ms)
{
	for (uint32_t at = 0; at < wait_ms && tcp_send_bytes(c) > 0; at += 10) {
		rig_wait_ms(r, 10);
		while (peer_takes(r, size))
			rig_give(r, rig_ack(r));
	}
}

Test(tcp_path, a_black_hole_is_passed_after_two_timeouts)
{
	struct tcp_conn *c;
	struct rig *r = in_flight(&c, 6 * FULL);
	rig_wait_ms(r, 350);
	cr_assert(c->mss == FULL, "one timeout is a loss like any other");
	swallow_longer_than(r, c, 1000, 3000);
	cr_assert(c->mss == 984 && tcp_send_bytes(c) == 0);
	cr_assert(rig_stat(r, STAT_tcp_paths_narrowed) == 1);
	rig_free(r);
}

Test(tcp_path, a_narrower_black_hole_is_passed_after_three)
{
	struct tcp_conn *c;
	struct rig *r = in_flight(&c, 6 * FULL);
	swallow_longer_than(r, c, 536, 8000);
	cr_assert(c->mss == 536 && tcp_send_bytes(c) == 0);
	rig_free(r);
}

Test(tcp_path, short_answers_that_are_lost_say_nothing_about_a_path)
{
	struct tcp_conn *c;
	struct rig *r = in_flight(&c, 31);
	rig_wait_ms(r, 20000);
	cr_assert(c->mss == FULL && rig_stat(r, STAT_tcp_paths_narrowed) == 0);
	rig_free(r);
}

/* Whether what is sent now passes in one go, in segments of full size. */
static bool is_full_again(struct rig *r, struct tcp_conn *c)
{
	rig_send(r, &c->stream, 4 * FULL, 0);
	rig_turn(r);
	uint32_t largest = largest_sent(r);
	assert_all_arrives(r, c);
	return largest == FULL && c->mss == FULL;
}

/* However long nothing passes: what was tried meanwhile is over soon after. */
Test(tcp_path, an_outage_does_not_make_segments_small)
{
	for (uint32_t out_ms = 100; out_ms < 40000; out_ms += 100 + out_ms / 5) {
		struct tcp_conn *c;
		struct rig *r = in_flight(&c, 6 * FULL);
		rig_wait_ms(r, out_ms);
		for (uint32_t at = 0; at < 70000 && tcp_send_bytes(c) > 0; at += 10) {
			while (peer_takes(r, FULL))
				rig_give(r, rig_ack(r));
			rig_wait_ms(r, 10);
		}
		cr_assert(tcp_send_bytes(c) == 0, "%u", out_ms);
		rig_wait_ms(r, 21000);
		cr_assert(is_full_again(r, c), "%u", out_ms);
		rig_free(r);
	}
}

/* A second of silence, and what comes of it. */
static void outage(struct rig *r, struct tcp_conn *c)
{
	rig_send(r, &c->stream, 6 * FULL, 0);
	rig_turn(r);
	rig_wait_ms(r, 1000);
	cr_assert(c->flags & CONN_PATH, "two timeouts");
	swallow_longer_than(r, c, FULL, 3000);
	cr_assert(tcp_send_bytes(c) == 0);
	rig_wait_ms(r, 11000);
}

Test(tcp_path, a_second_outage_does_not_make_segments_small_either)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	for (unsigned i = 0; i < 4; i++) {
		outage(r, c);
		cr_assert(is_full_again(r, c), "%u", i);
	}
	rig_wait_ms(r, AGE_MS + 1000);
	cr_assert(r->t->paths.count == 0 && !(c->flags & CONN_PATH_TRIED));
	rig_free(r);
}

/* Short segments pass through a black hole, too. */
Test(tcp_path, short_segments_say_nothing_about_the_full_size)
{
	struct tcp_conn *c;
	struct rig *r = in_flight(&c, 6 * FULL);
	swallow_longer_than(r, c, 1000, 3000);
	rig_wait_ms(r, 11000);
	cr_assert(c->mss == FULL && (c->flags & CONN_PATH_TRIED));
	for (unsigned i = 0; i < 4; i++) {
		rig_send(r, &c->stream, 500, 0);
		swallow_longer_than(r, c, 1000, 1000);
	}
	rig_send(r, &c->stream, 6 * FULL, 0);
	swallow_longer_than(r, c, 1000, 3000);
	rig_wait_ms(r, 30000);
	cr_assert(c->mss == 984 && tcp_send_bytes(c) == 0, "found twice");
	rig_free(r);
}

Test(tcp_path, a_black_hole_is_believed_when_it_is_found_a_second_time)
{
	struct tcp_conn *c;
	struct rig *r = in_flight(&c, 6 * FULL);
	swallow_longer_than(r, c, 1000, 3000);
	cr_assert(c->mss == 984 && tcp_send_bytes(c) == 0);
	rig_wait_ms(r, 11000);
	cr_assert(c->mss == FULL, "tried again before long");
	rig_send(r, &c->stream, 6 * FULL, 0);
	swallow_longer_than(r, c, 1000, 3000);
	cr_assert(c->mss == 984 && tcp_send_bytes(c) == 0);
	rig_wait_ms(r, AGE_MS - 20000);
	cr_assert(c->mss == 984);
	rig_wait_ms(r, 20000);
	cr_assert(c->mss == FULL && !(c->flags & (CONN_PATH | CONN_PATH_TRIED)));
	rig_free(r);
}

/* A window below one segment of the full size would never let one out. */
Test(tcp_path, when_the_full_size_is_tried_again_the_window_holds_one)
{
	struct tcp_conn *c;
	struct rig *r = in_flight(&c, 4 * FULL);
	router_says(r, c->snd_una, 576);
	assert_all_arrives(r, c);
	rig_wait_ms(r, AGE_MS - 300);
	rig_send(r, &c->stream, 6 * FULL, 0);
	rig_turn(r);
	rig_wait_ms(r, 250);
	cr_assert(c->mss == 536 && c->cwnd == 536, "nothing has passed");
	rig_wait_ms(r, 70);
	cr_assert(c->mss == FULL && c->cwnd >= FULL);
	r->our_nxt = c->snd_nxt;
	rig_give(r, rig_ack(r));
	cr_assert(r->sent_count > 0 && largest_sent(r) == FULL);
	rig_free(r);
}

/* Who sees what is in flight would have all of it sent again for each byte. */
Test(tcp_path, routers_words_are_not_believed_in_steps_of_a_byte)
{
	struct tcp_conn *c;
	struct rig *r = in_flight(&c, 8 * FULL);
	for (uint16_t mtu = 1499; mtu >= 500; mtu--)
		router_says(r, c->snd_una, mtu);
	cr_assert(c->mss == 536, "%u", c->mss);
	cr_assert(rig_stat(r, STAT_tcp_paths_narrowed) <= 9);
	cr_assert(rig_stat(r, STAT_packet_drop_icmp) >= 1000 - 9);
	swallow_longer_than(r, c, 536, 3000);
	cr_assert(tcp_send_bytes(c) == 0);
	rig_free(r);
}

Test(tcp_path, what_is_sent_again_has_the_whole_timeout)
{
	struct tcp_conn *c;
	struct rig *r = in_flight(&c, 8 * FULL);
	rig_wait_ms(r, 190);
	router_says(r, c->snd_una, 1400);
	uint64_t again = rig_stat(r, STAT_tcp_retransmits);
	uint32_t cwnd = c->cwnd;
	rig_wait_ms(r, 150);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == again && c->cwnd == cwnd);
	rig_wait_ms(r, 60);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == again + 1 && c->mss == 1360);
	rig_free(r);
}

/* The oldest gives way, and finds out again; places of connections that ended are nobody's. */
Test(tcp_path, more_narrow_paths_than_there_are_places)
{
	enum { MORE = 3 };
	struct tcp_options options = rig_options();
	options.settings.connections_max = TCP_PATHS + MORE;
	struct rig *r = rig_new(options);
	static struct tcp_conn *c[TCP_PATHS + MORE];
	for (unsigned i = 0; i < array_len(c); i++) {
		r->peer_port = (uint16_t)(RIG_PEER_PORT + i);
		c[i] = rig_open(r);
		rig_send(r, &c[i]->stream, 600, 0);
		rig_turn(r);
		router_says(r, c[i]->snd_una, 576);
		cr_assert(c[i]->mss == 536);
		if (i == 1)
			rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = r->peer_nxt});
	}
	for (unsigned i = 0; i < array_len(c); i++)
		if (i != 1)
			cr_assert(c[i]->mss == (i < MORE ? FULL : 536), "%u", i);
	cr_assert(r->t->paths.count == TCP_PATHS);
	for (unsigned i = 0; i < array_len(c); i++) {
		r->peer_port = (uint16_t)(RIG_PEER_PORT + i);
		rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = r->peer_nxt});
	}
	rig_free(r);
}
