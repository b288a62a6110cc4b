/* test_tcp_rack.c - losses that a peer's SACK blocks and the clock tell of: what is sent again,
 * when, and how much else (RFC 2018, 2883, 6675, 6937, 8985). */
#include "dataplane/net/tcp/tcp_flight.h"
#include "dataplane/net/tcp/tcp_out.h"
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { MSS = 1460, RTT_MS = 20 };

static const uint8_t permitted[12] = {2, 4, 0x05, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7};

/* Ten segments are on their way, of `bytes`; a round trip has been RTT_MS. */
static struct tcp_conn *open_and_send_by(struct rig *r, uint32_t bytes, const uint8_t *options,
					 uint8_t options_bytes)
{
	struct tcp_conn *c = rig_open_with(r, 5000, options, options_bytes);
	c->srtt_ms_x8 = RTT_MS * 8;
	c->rttvar_ms_x4 = RTT_MS;
	rig_send(r, &c->stream, bytes, 0);
	rig_turn(r);
	return c;
}

static struct tcp_conn *open_and_send(struct rig *r, uint32_t bytes)
{
	return open_and_send_by(r, bytes, permitted, sizeof permitted);
}

static void pass_ms(struct rig *r, unsigned ms)
{
	r->now_ns += ms * NS_PER_MS;
}

struct block {
	uint32_t from, to; /* in segments behind what is acknowledged */
};

static struct seg sack_of(struct rig *r, uint8_t *options, const struct block *blocks,
			  unsigned count)
{
	options[0] = options[1] = 1;
	options[2] = 5;
	options[3] = (uint8_t)(2 + 8 * count);
	for (unsigned i = 0; i < count; i++) {
		be32_store(options + 4 + 8 * i, r->our_nxt + blocks[i].from * MSS);
		be32_store(options + 8 + 8 * i, r->our_nxt + blocks[i].to * MSS);
	}
	struct seg s = rig_ack(r);
	s.window = 65535;
	s.options = options;
	s.options_bytes = (uint8_t)(4 + 8 * count);
	return s;
}

static void give_sack(struct rig *r, uint32_t from, uint32_t to)
{
	uint8_t options[12];
	rig_give(r, sack_of(r, options, &(struct block){from, to}, 1));
}

static struct tcp_flight *flight(struct rig *r, struct tcp_conn *c)
{
	cr_assert(c->flags & CONN_FLIGHT);
	return tcp_flight_of(r->t, c);
}

/* The sums are those of the runs, which lie in order and are cut no finer than they must be. */
static void check_runs(struct rig *r, struct tcp_conn *c)
{
	const struct tcp_flight *f = flight(r, c);
	uint32_t lost = 0, sacked = 0;
	cr_assert(f->begin == c->snd_una && tcp_flight_end_seq(f) == c->snd_max);
	cr_assert(f->count <= TCP_RUNS_MAX && (f->count > 0) == (c->snd_una != c->snd_max));
	for (unsigned i = 0; i < f->count; i++) {
		uint32_t bytes = f->runs[i].end - tcp_run_begin(f, i);
		cr_assert(bytes > 0 && bytes <= c->snd_max - c->snd_una);
		lost += f->runs[i].flags & RUN_SACKED ? 0 : f->runs[i].flags & RUN_LOST ? bytes : 0;
		sacked += f->runs[i].flags & RUN_SACKED ? bytes : 0;
	}
	cr_assert(f->lost == lost && f->sacked == sacked);
}

Test(tcp_rack, a_flight_is_for_those_who_send_more_than_a_segment_to_a_peer_that_speaks_sack)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, MSS);
	cr_assert(!(c->flags & CONN_FLIGHT) && r->t->flights.in_use == 0);
	rig_give_ack(r, MSS, 65535);
	rig_send(r, &c->stream, 2 * MSS, 0);
	rig_turn(r);
	check_runs(r, c);
	cr_assert(r->t->flights.in_use == 1);
	stream_close(&c->stream, STREAM_CLOSE_RESET);
	rig_turn(r);
	cr_assert(r->t->flights.in_use == 0, "it goes with its connection");
	rig_free(r);
	r = rig_new(rig_options());
	c = rig_open(r);
	rig_send(r, &c->stream, 10 * MSS, 0);
	rig_turn(r);
	cr_assert(!(c->flags & CONN_FLIGHT), "nothing will be heard of gaps");
	rig_free(r);
}

Test(tcp_rack, three_segments_behind_a_hole_have_it_sent_again_and_nothing_else)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, 10 * MSS);
	cr_assert(r->sent_count == 10);
	pass_ms(r, RTT_MS);
	for (unsigned i = 1; i <= 2; i++) {
		give_sack(r, 1, 1 + i);
		cr_assert(r->sent_count == 0, "it may have been overtaken");
	}
	give_sack(r, 1, 4);
	cr_assert(r->sent_count == 1 && rig_offset(r, 0) == 0 && r->sent[0].size == MSS);
	check_runs(r, c);
	cr_assert(rig_stat(r, STAT_tcp_recoveries) == 1 && c->ssthresh == 7 * MSS);
	for (unsigned i = 5; i <= 10; i++)
		give_sack(r, 1, i);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == 1);
	rig_give_ack(r, 10 * MSS, 65535);
	cr_assert(flight(r, c)->mode == FLIGHT_OPEN && c->cwnd == 7 * MSS);
	check_runs(r, c);
	rig_free(r);
}

Test(tcp_rack, all_holes_of_a_flight_are_sent_again_within_a_round_trip)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, 10 * MSS);
	uint8_t options[36];
	pass_ms(r, RTT_MS);
	rig_give(r, sack_of(r, options, (struct block[]){{1, 2}}, 1));
	rig_give(r, sack_of(r, options, (struct block[]){{3, 4}, {1, 2}}, 2));
	unsigned again = 0;
	rig_give(r, sack_of(r, options, (struct block[]){{5, 7}, {3, 4}, {1, 2}}, 3));
	again += r->sent_count;
	rig_give(r, sack_of(r, options, (struct block[]){{5, 10}, {3, 4}, {1, 2}}, 3));
	again += r->sent_count;
	cr_assert(again == 3, "0, 2 and 4: %u", again);
	cr_assert(rig_stat(r, STAT_tcp_recoveries) == 1, "one cut");
	check_runs(r, c);
	rig_give(r, sack_of(r, options, (struct block[]){{0, 1}, {0, 4}}, 2));
	cr_assert(rig_stat(r, STAT_tcp_recoveries_undone) == 0, "two may have been lost");
	rig_free(r);
}

Test(tcp_rack, what_was_sent_again_and_is_lost_again_needs_no_timeout)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, 40 * MSS);
	pass_ms(r, RTT_MS);
	give_sack(r, 1, 9);
	cr_assert(rig_offset(r, 0) == 0 && r->sent_count > 1, "and new ones behind it");
	uint32_t behind = (c->snd_max - r->our_nxt) / MSS;
	pass_ms(r, RTT_MS + 1);
	give_sack(r, 1, behind);
	cr_assert(r->sent_count > 0 && rig_offset(r, 0) == 0, "again");
	cr_assert(rig_stat(r, STAT_tcp_recoveries) == 1 && c->backoff == 0);
	check_runs(r, c);
	rig_free(r);
}

Test(tcp_rack, one_segment_behind_a_hole_is_enough_after_a_quarter_of_a_round_trip)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, 2 * MSS);
	pass_ms(r, RTT_MS);
	give_sack(r, 1, 2);
	cr_assert(r->sent_count == 0 && flight(r, c)->timer == FLIGHT_TIMER_REORDER);
	for (unsigned i = 0; i < RTT_MS / 4 + 4 && r->sent_count == 0; i++)
		rig_wait_ms(r, 1);
	cr_assert(r->sent_count == 1 && rig_offset(r, 0) == 0);
	rig_free(r);
}

Test(tcp_rack, a_path_that_reorders_is_given_more_time)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, 40 * MSS);
	pass_ms(r, RTT_MS);
	give_sack(r, 1, 3);
	rig_give_ack(r, 3 * MSS, 65535); /* it was only late */
	cr_assert(flight(r, c)->rack.is_reordered);
	pass_ms(r, 1);
	give_sack(r, 1, 7);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == 0, "not three, but a quarter round trip");
	rig_give_ack(r, 7 * MSS, 65535);
	cr_assert(rig_stat(r, STAT_tcp_recoveries) == 0);
	rig_free(r);
}

/* Two segments, four milliseconds later a third and one millisecond later a fourth, of which the
 * third comes first. */
Test(tcp_rack, what_is_less_than_a_quarter_round_trip_late_is_not_sent_again)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, 2 * MSS);
	pass_ms(r, 4);
	rig_send(r, &c->stream, MSS, 0);
	rig_turn(r);
	pass_ms(r, 1);
	rig_send(r, &c->stream, MSS, 0);
	rig_turn(r);
	flight(r, c)->rack.is_reordered = true;
	pass_ms(r, RTT_MS - 1);
	give_sack(r, 2, 3);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == 0);
	rig_wait_ms(r, RTT_MS / 4);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) > 0, "now they are");
	check_runs(r, c);
	rig_free(r);
}

Test(tcp_rack, what_comes_sooner_than_its_retransmission_can_was_only_late)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, 40 * MSS);
	pass_ms(r, RTT_MS);
	give_sack(r, 1, 5);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == 1);
	pass_ms(r, 3);
	rig_give_ack(r, 5 * MSS, 65535);
	cr_assert(flight(r, c)->rack.is_reordered);
	give_sack(r, 1, 5);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == 1, "others that are late are given time");
	check_runs(r, c);
	rig_free(r);
}

static const uint8_t stamped[20] = {2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0,
				    0, 1, 0,    0,    0, 0, 1, 3,  3, 7};

/* An acknowledgement of all that was sent, which answers a segment of that time. */
static void give_all_stamped(struct rig *r, struct tcp_conn *c, uint32_t time)
{
	uint8_t options[12] = {1, 1, 8, 10};
	be32_store(options + 4, 2);
	be32_store(options + 8, time);
	r->our_nxt = c->snd_max;
	struct seg s = rig_ack(r);
	s.options = options;
	s.options_bytes = sizeof options;
	rig_give(r, s);
}

/* RFC 3522. */
Test(tcp_rack, when_the_peer_answers_what_was_sent_first_nothing_was_lost)
{
	for (unsigned is_lost = 0; is_lost < 2; is_lost++) {
		struct rig *r = rig_new(rig_options());
		struct tcp_conn *c = open_and_send_by(r, 40 * MSS, stamped, sizeof stamped);
		uint32_t cwnd = c->cwnd, time = tcp_ts_now(r->t, c->ts_offset);
		pass_ms(r, RTT_MS);
		give_sack(r, 1, 5);
		cr_assert(rig_stat(r, STAT_tcp_retransmits) > 0 && c->ssthresh < cwnd);
		pass_ms(r, RTT_MS);
		give_all_stamped(r, c, time + is_lost * RTT_MS);
		cr_assert(rig_stat(r, STAT_tcp_recoveries_undone) == !is_lost);
		cr_assert((c->cwnd >= cwnd) == !is_lost);
		cr_assert(!(c->flags & CONN_SSTHRESH) == !is_lost, "slow start goes on");
		check_runs(r, c);
		rig_free(r);
	}
}

/* What has waited in a router for longer than the timeout. */
Test(tcp_rack, a_timeout_in_vain_is_taken_back)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send_by(r, 40 * MSS, stamped, sizeof stamped);
	uint32_t cwnd = c->cwnd, time = tcp_ts_now(r->t, c->ts_offset);
	uint64_t until = r->now_ns + 3000 * NS_PER_MS;
	while (flight(r, c)->mode != FLIGHT_TIMEOUT && r->now_ns < until)
		rig_wait_ms(r, 1);
	cr_assert(c->cwnd == c->mss);
	give_all_stamped(r, c, time);
	cr_assert(rig_stat(r, STAT_tcp_recoveries_undone) == 1 && c->cwnd >= cwnd);
	check_runs(r, c);
	rig_free(r);
}

Test(tcp_rack, each_acknowledgement_of_a_turn_opens_the_window)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, 40 * MSS);
	uint32_t cwnd = c->cwnd;
	c->ssthresh = cwnd;
	c->flags |= CONN_SSTHRESH;
	pass_ms(r, RTT_MS);
	for (unsigned i = 0; i < 10; i++) {
		r->our_nxt += MSS;
		rig_put(r, rig_ack(r));
	}
	rig_turn(r);
	cr_assert(c->cwnd >= cwnd + MSS * 9 / 10, "by a segment in a round trip: %u",
		  c->cwnd - cwnd);
	check_runs(r, c);
	rig_free(r);
}

Test(tcp_rack, when_all_that_was_sent_again_came_twice_the_window_is_as_before)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, 40 * MSS);
	uint32_t cwnd = c->cwnd;
	uint8_t options[12];
	pass_ms(r, RTT_MS);
	give_sack(r, 1, 4);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == 1 && c->ssthresh < cwnd);
	rig_give_ack(r, 10 * MSS, 65535);
	pass_ms(r, RTT_MS);
	struct seg s = sack_of(r, options, &(struct block){0, 0}, 1);
	be32_store(options + 4, r->our_nxt - 10 * MSS);
	be32_store(options + 8, r->our_nxt - 9 * MSS);
	rig_give(r, s);
	cr_assert(rig_stat(r, STAT_tcp_recoveries_undone) == 1 && c->cwnd >= cwnd);
	cr_assert(flight(r, c)->rack.quarters == 2);
	check_runs(r, c);
	rig_free(r);
}

Test(tcp_rack, a_lost_tail_is_probed_after_two_round_trips_not_a_timeout)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, 10 * MSS);
	pass_ms(r, RTT_MS);
	rig_give_ack(r, 7 * MSS, 65535);
	unsigned waited_ms = 0;
	for (; waited_ms < 100 && r->sent_count == 0; waited_ms++)
		rig_wait_ms(r, 1);
	cr_assert(r->sent_count == 1 && rig_offset(r, 0) == 2 * MSS, "the last of three");
	cr_assert(waited_ms >= 2 * RTT_MS && waited_ms < 3 * RTT_MS, "%u", waited_ms);
	cr_assert(rig_stat(r, STAT_tcp_tail_probes) == 1);
	pass_ms(r, RTT_MS);
	give_sack(r, 2, 3);
	for (unsigned i = 0; i < RTT_MS && r->sent_count == 0; i++)
		rig_wait_ms(r, 1);
	cr_assert(r->sent_count == 2 && rig_offset(r, 0) == 0, "what was lost before it");
	cr_assert(c->backoff == 0);
	check_runs(r, c);
	rig_free(r);
}

Test(tcp_rack, after_a_timeout_only_what_has_not_come_goes_again)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, 10 * MSS);
	pass_ms(r, RTT_MS);
	give_sack(r, 5, 6);
	uint64_t until = r->now_ns + 3000 * NS_PER_MS;
	while (flight(r, c)->mode != FLIGHT_TIMEOUT && r->now_ns < until)
		rig_wait_ms(r, 1);
	cr_assert(flight(r, c)->mode == FLIGHT_TIMEOUT && c->cwnd == MSS);
	check_runs(r, c);
	uint64_t before = rig_stat(r, STAT_tcp_retransmits);
	for (unsigned i = 0; i < 20 && c->snd_una != c->snd_max; i++) {
		pass_ms(r, 1);
		uint32_t bytes = r->our_nxt == c->snd_una && i == 4 ? 2 * MSS : MSS;
		rig_give_ack(r, min_u32(bytes, c->snd_max - c->snd_una), 65535);
		check_runs(r, c);
	}
	cr_assert(c->snd_una == c->snd_max);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) - before < 10);
	rig_free(r);
}

Test(tcp_rack, a_peer_that_takes_back_what_it_sacked_gets_all_of_it)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, 4 * MSS);
	pass_ms(r, RTT_MS);
	give_sack(r, 1, 4);
	rig_give_ack(r, MSS, 65535); /* and no more */
	cr_assert(flight(r, c)->sacked == 3 * MSS);
	uint64_t until = r->now_ns + 5000 * NS_PER_MS;
	while (c->snd_una != c->snd_max && r->now_ns < until) {
		rig_wait_ms(r, 1);
		if (r->sent_count > 0 && rig_offset(r, 0) == 0)
			rig_give_ack(r, min_u32(r->sent[0].size, c->snd_max - c->snd_una), 65535);
		check_runs(r, c);
	}
	cr_assert(c->snd_una == c->snd_max);
	rig_free(r);
}

/* ---- what a peer may claim ----------------------------------------------------------------- */

Test(tcp_rack, blocks_beside_what_is_in_flight_change_nothing)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, 10 * MSS);
	give_sack(r, 8, 11);             /* beyond what was sent */
	give_sack(r, 3, 2);              /* backwards */
	give_sack(r, 5, 5);              /* empty */
	give_sack(r, 1u << 30, 1u << 31);
	give_sack(r, 0u - 1000000u, 3);  /* longer ago than any window */
	cr_assert(rig_stat(r, STAT_tcp_sacks_refused) == 5);
	cr_assert(flight(r, c)->sacked == 0 && flight(r, c)->count == 1);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == 0);
	check_runs(r, c);
	rig_free(r);
}

/* CVE-2019-11478 and CVE-2019-5599: each block cut the queue, and each walked it. */
Test(tcp_rack, cve_2019_11478_blocks_of_a_byte_cut_no_more_runs_than_there_are)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, 10 * MSS);
	for (uint32_t i = 0; i < 2000; i++) {
		uint8_t options[12];
		struct seg s = sack_of(r, options, &(struct block){0, 0}, 1);
		uint32_t at = i * 7919 % (10 * MSS - 1);
		be32_store(options + 4, r->our_nxt + at);
		be32_store(options + 8, r->our_nxt + at + 1);
		rig_give(r, s);
		check_runs(r, c);
	}
	cr_assert(rig_stat(r, STAT_tcp_sacks_refused) > 0);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) <= 2 * TCP_RUNS_MAX + 20);
	rig_give_ack(r, c->snd_max - r->our_nxt, 65535);
	cr_assert(c->snd_una == c->snd_max && flight(r, c)->count == 0);
	rig_free(r);
}

/* CVE-2019-11477 (SACK Panic), VPP's nested blocks and those at the wrap. */
Test(tcp_rack, cve_2019_11477_nested_and_overlapping_blocks_where_numbers_wrap)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_with(r, 5000, permitted, sizeof permitted);
	uint8_t options[36];
	c->snd_una = c->snd_nxt = c->snd_max = r->our_nxt = 0u - 3 * MSS;
	rig_send(r, &c->stream, 10 * MSS, 0);
	rig_turn(r);
	pass_ms(r, RTT_MS);
	rig_give(r, sack_of(r, options, (struct block[]){{2, 5}, {3, 4}, {1, 8}}, 3));
	cr_assert(flight(r, c)->sacked == 7 * MSS);
	check_runs(r, c);
	cr_assert(rig_offset(r, 0) == 0 && r->sent[0].size == MSS);
	rig_give_ack(r, 10 * MSS, 65535);
	check_runs(r, c);
	rig_free(r);
}

/* Whoever claims that what was sent again came twice gets back what it was, and no more. */
Test(tcp_rack, a_peer_that_claims_duplicates_gains_nothing)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, 300 * MSS);
	uint8_t options[12];
	uint32_t cwnd = c->cwnd, in_flight = c->snd_max - c->snd_una;
	for (unsigned i = 0; i < 2000; i++) {
		struct seg s = sack_of(r, options, &(struct block){0, 0}, 1);
		be32_store(options + 4, r->our_nxt - 1);
		be32_store(options + 8, r->our_nxt);
		rig_give(r, s);
	}
	cr_assert(c->cwnd == cwnd && c->snd_max - c->snd_una == in_flight);
	rig_free(r);
}

/* ---- places -------------------------------------------------------------------------------- */

Test(tcp_rack, who_finds_no_place_recovers_by_duplicates_and_takes_an_idle_ones)
{
	struct tcp_options options = rig_options();
	struct rig *r = rig_new(options);
	r->t->flights.count = 1;
	struct tcp_conn *c = open_and_send(r, 10 * MSS);
	uint32_t first_nxt = r->our_nxt, first_peer = r->peer_nxt;
	r->peer_port = RIG_PEER_PORT + 1;
	struct tcp_conn *other = open_and_send(r, 10 * MSS);
	cr_assert(!(other->flags & CONN_FLIGHT) && rig_stat(r, STAT_tcp_flights_refused) > 0);
	for (unsigned i = 0; i < 3; i++)
		rig_give_ack(r, 0, 65535);
	cr_assert(r->sent_count >= 1 && rig_offset(r, 0) == 0 && (other->flags & CONN_RECOVERY));
	rig_give_ack(r, other->snd_max - other->snd_una, 65535);
	rig_send(r, &other->stream, 1, 0);
	rig_turn(r);
	rig_give_ack(r, 1, 65535); /* beyond `recover` */
	uint32_t nxt = r->our_nxt, peer = r->peer_nxt;
	r->peer_port = RIG_PEER_PORT;
	r->our_nxt = first_nxt;
	r->peer_nxt = first_peer;
	rig_give_ack(r, 10 * MSS, 65535);
	cr_assert(c->snd_una == c->snd_max && (c->flags & CONN_FLIGHT));
	r->peer_port = RIG_PEER_PORT + 1;
	r->our_nxt = nxt;
	r->peer_nxt = peer;
	rig_send(r, &other->stream, 3 * MSS, 0);
	rig_turn(r);
	cr_assert((other->flags & CONN_FLIGHT) && !(c->flags & CONN_FLIGHT));
	rig_free(r);
}
