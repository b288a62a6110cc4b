/* test_tcp_send.c - sending: segments and windows, timeouts, probes, patience. */
#include "dataplane/net/tcp/tcp_rtt.h"
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { MSS = 1460 };

Test(tcp_send, the_first_flight_is_ten_segments_and_acknowledgements_double_it)
{
	struct tcp_options o = rig_options();
	o.settings.send_buffer_bytes = 1 << 20;
	struct rig *r = rig_new(o);
	rig_open_and_send(r, 60 * MSS);
	cr_assert(r->sent_count == 10);
	for (unsigned i = 0; i < 10; i++) {
		cr_assert(r->sent[i].size == MSS && rig_offset(r, i) == i * MSS);
		rig_check_payload(&r->sent[i], i * MSS);
	}
	for (unsigned i = 0; i < 10; i++)
		rig_put(r, ((r->our_nxt += MSS), rig_ack(r)));
	rig_turn(r);
	cr_assert(r->sent_count == 20, "slow start: %u", r->sent_count);
	rig_free(r);
}

Test(tcp_send, an_acknowledgement_of_few_bytes_opens_the_window_by_few_bytes)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_and_send(r, 30 * MSS);
	uint32_t cwnd = c->cwnd;
	for (unsigned i = 0; i < 100; i++)
		rig_give_ack(r, 1, 65535);
	cr_assert(c->cwnd == cwnd + 100, "ACK division gains nothing (RFC 3465)");
	rig_free(r);
}

Test(tcp_send, the_peers_window_is_kept_and_small_rests_wait_for_it)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_give_ack(r, 0, 2000);
	rig_send(r, &c->stream, 5000, 0);
	rig_turn(r);
	cr_assert(r->sent_count == 1 && r->sent[0].size == MSS,
		  "540 are left: sender SWS");
	rig_give_ack(r, MSS, 2000);
	cr_assert(r->sent_count == 1 && r->sent[0].size == MSS);
	rig_give_ack(r, MSS, 4000);
	cr_assert(r->sent_count == 2 && r->sent[1].size == 5000 - 3 * MSS,
		  "the end goes out");
	cr_assert(r->sent[1].h.flags & TCP_FLAG_PSH);
	rig_free(r);
}

Test(tcp_send, a_peer_with_a_window_smaller_than_a_segment_gets_half_of_it_at_least)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	c->snd_wnd_max = 600;
	rig_give_ack(r, 0, 400);
	rig_send(r, &c->stream, 5000, 0);
	rig_turn(r);
	cr_assert(r->sent_count == 1 && r->sent[0].size == 400);
	rig_free(r);
}

Test(tcp_send, a_shrunk_window_is_survived)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_and_send(r, 4 * MSS);
	cr_assert(r->sent_count == 4);
	rig_give_ack(r, MSS, 100);
	rig_send(r, &c->stream, 10, 4 * MSS);
	rig_turn(r);
	cr_assert(r->sent_count == 0);
	rig_give_ack(r, 3 * MSS, 100);
	cr_assert(r->sent_count == 1 && r->sent[0].size == 10);
	rig_free(r);
}

Test(tcp_send, a_closed_window_is_probed_with_backoff_as_long_as_the_peer_answers)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_give_ack(r, 0, 0);
	rig_send(r, &c->stream, 300, 0);
	rig_turn(r);
	cr_assert(r->sent_count == 0);
	uint32_t wait_ms = 201;
	for (unsigned i = 0; i < 12; i++) {
		rig_wait_ms(r, wait_ms);
		cr_assert(r->sent_count == 1 && r->sent[0].size == 1, "probe %u: %u", i,
			  r->sent_count);
		cr_assert(rig_offset(r, 0) == 0);
		rig_check_payload(&r->sent[0], 0);
		rig_give_ack(r, 0, 0);
		wait_ms = min_u32(wait_ms * 2, 60000);
	}
	cr_assert(tcp_connections(r->t) == 1, "minutes, but it answers (MUST-37)");
	rig_give_ack(r, 1, 65535);
	cr_assert(r->sent_count == 1 && r->sent[0].size == 299);
	rig_check_payload(&r->sent[0], 1);
	rig_free(r);
}

Test(tcp_send, short_answers_share_their_memory)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_give_ack(r, 0, 0);
	for (uint32_t i = 0; i < 100; i++)
		rig_send(r, &c->stream, 31, 31 * i);
	rig_turn(r);
	cr_assert(r->answers.in_use <= 3100 / CHUNK_SMALL_BYTES + 2);
	rig_give_ack(r, 0, 65535);
	for (unsigned at = 0; at < r->sent_count; at++)
		rig_check_payload(&r->sent[at], rig_offset(r, at));
	cr_assert(r->sent_count > 0 && rig_offset(r, r->sent_count - 1) +
						       r->sent[r->sent_count - 1].size == 3100);
	rig_free(r);
}

/* Behind nothing, and behind what lies in chunks. */
Test(tcp_send, nothing_to_be_sent_changes_nothing)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	for (unsigned i = 0; i < 2; i++) {
		rig_send(r, &c->stream, 0, 0);
		rig_turn(r);
		cr_assert(r->sent_count == 0 && !(c->flags & CONN_SEND) == (i == 0));
		rig_give_ack(r, 0, 0);
		rig_send(r, &c->stream, 100, 0);
		rig_turn(r);
	}
	cr_assert(c->send.size == 200);
	rig_free(r);
}

Test(tcp_send, a_silent_peer_with_a_closed_window_is_given_up)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_wait_ms(r, 500000);
	rig_give_ack(r, 0, 0);
	rig_send(r, &c->stream, 300, 0);
	rig_wait_ms(r, 90000);
	cr_assert(tcp_connections(r->t) == 1, "long silence before does not count");
	rig_wait_ms(r, 120000);
	cr_assert(tcp_connections(r->t) == 0 && rig_stat(r, STAT_tcp_timeouts) == 1);
	cr_assert(r->events & STREAM_LOST);
	rig_free(r);
}

Test(tcp_send, a_window_that_closes_with_data_in_flight_is_probed_not_given_up)
{
	struct rig *r = rig_new(rig_options());
	rig_open_and_send(r, 1000);
	rig_give_ack(r, 0, 0);
	for (unsigned i = 0; i < 300; i++) {
		rig_wait_ms(r, 1000);
		rig_give_ack(r, 0, 0);
	}
	cr_assert(tcp_connections(r->t) == 1);
	rig_give_ack(r, 0, 65535);
	cr_assert(r->sent_count == 1 && r->sent[0].size == 1000);
	rig_free(r);
}

Test(tcp_send, a_small_window_is_filled_after_the_override_timeout)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_give_ack(r, 0, 100);
	rig_send(r, &c->stream, 5000, 0);
	rig_turn(r);
	cr_assert(r->sent_count == 0);
	rig_wait_ms(r, 201);
	cr_assert(r->sent_count == 1 && r->sent[0].size == 100);
	rig_wait_ms(r, 500);
	cr_assert(r->sent_count >= 1 && r->sent[0].size == 100, "lost: sent again");
	rig_free(r);
}

Test(tcp_send, unacknowledged_data_is_sent_again_with_backoff_until_given_up)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_and_send(r, 2 * MSS);
	uint32_t rto_ms = tcp_rto_ms(r->t, c);
	cr_assert(rto_ms == 200 && r->sent_count == 2);
	uint64_t waited_ms = 0;
	for (unsigned i = 0; i < 8; i++) {
		/* Perhaps the path swallows long segments (tcp_path.c). */
		static const uint32_t tried[] = {MSS, 984, 536};
		uint32_t size = tried[i % array_len(tried)];
		rig_wait_ms(r, rto_ms - 20);
		cr_assert(r->sent_count == 0, "not before its time (%u)", i);
		rig_wait_ms(r, 22);
		cr_assert(r->sent_count == 1 && rig_offset(r, 0) == 0 &&
			  r->sent[0].size == size);
		rig_check_payload(&r->sent[0], 0);
		waited_ms += rto_ms + 2;
		rto_ms *= 2;
	}
	cr_assert(c->cwnd == 984 && c->ssthresh >= 2 * 536);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == 8);
	cr_assert(tcp_connections(r->t) == 1 && waited_ms < 100000);
	rig_wait_ms(r, 120000);
	cr_assert(tcp_connections(r->t) == 0 && rig_stat(r, STAT_tcp_timeouts) == 1);
	rig_free(r);
}

Test(tcp_send, one_timeout_event_halves_the_threshold_once)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_and_send(r, 10 * MSS);
	rig_wait_ms(r, 201);
	cr_assert(c->ssthresh == 5 * MSS);
	rig_wait_ms(r, 402);
	cr_assert(c->ssthresh == 5 * MSS);
	rig_free(r);
}

Test(tcp_send, a_retransmitted_segment_gives_no_rtt_sample)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_and_send(r, 100);
	rig_wait_ms(r, 201);
	uint32_t srtt = c->srtt_ms_x8;
	rig_give_ack(r, 100, 65535);
	cr_assert(c->srtt_ms_x8 == srtt && c->backoff == 1, "Karn: the backoff stays");
	rig_send(r, &c->stream, 100, 100);
	rig_turn(r);
	r->now_ns += 50 * NS_PER_MS;
	rig_give_ack(r, 100, 65535);
	cr_assert(c->srtt_ms_x8 != srtt && c->backoff == 0);
	rig_free(r);
}

Test(tcp_send, the_rto_follows_rfc_6298)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, (struct seg){.flags = TCP_FLAG_SYN, .seq = 1, .window = 65535});
	r->peer_nxt = 2;
	r->our_nxt = rig_last(r)->h.seq + 1;
	r->now_ns += 400 * NS_PER_MS;
	rig_give(r, rig_ack(r));
	struct tcp_conn *c = tcp_conn_of(r->stream);
	cr_assert(tcp_rto_ms(r->t, c) == 400 + 4 * 200, "first sample: R + 4 R/2, is %u",
		  tcp_rto_ms(r->t, c));
	for (unsigned i = 0; i < 60; i++) {
		rig_send(r, &c->stream, 1, i);
		rig_turn(r);
		r->now_ns += 400 * NS_PER_MS;
		rig_give_ack(r, 1, 65535);
	}
	uint32_t steady_ms = tcp_rto_ms(r->t, c);
	cr_assert(steady_ms >= 400 && steady_ms <= 410, "steady: %u", steady_ms);
	rig_free(r);
}

Test(tcp_send, a_lost_syn_ack_begins_slowly)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, (struct seg){.flags = TCP_FLAG_SYN, .seq = 1, .window = 65535});
	r->peer_nxt = 2;
	r->our_nxt = rig_last(r)->h.seq + 1;
	rig_wait_ms(r, 1001);
	rig_give(r, rig_ack(r));
	struct tcp_conn *c = tcp_conn_of(r->stream);
	cr_assert(tcp_rto_ms(r->t, c) == 3000 && c->cwnd == c->mss);
	rig_free(r);
}

Test(tcp_send, send_room_shrinks_by_what_is_not_acknowledged)
{
	struct tcp_options o = rig_options();
	o.settings.send_buffer_bytes = 1000;
	struct rig *r = rig_new(o);
	struct tcp_conn *c = rig_open(r);
	cr_assert(stream_send_room(&c->stream) == 1000);
	rig_send(r, &c->stream, 900, 0);
	cr_assert(stream_send_room(&c->stream) == 100);
	rig_send(r, &c->stream, 300, 900);
	cr_assert(stream_send_room(&c->stream) == 0, "taken all the same");
	rig_turn(r);
	rig_give_ack(r, 1200, 65535);
	cr_assert(stream_send_room(&c->stream) == 1000 && (r->events & STREAM_SENT));
	rig_free(r);
}

Test(tcp_send, a_session_that_waits_until_all_is_taken_is_woken_then_and_once)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_send(r, &c->stream, 2000, 0);
	c->stream.is_awaited = true;
	rig_turn(r);
	r->events = 0;
	rig_give_ack(r, 1999, 65535);
	cr_assert(!(r->events & STREAM_SENT) && c->stream.is_awaited);
	rig_give_ack(r, 1, 65535);
	cr_assert((r->events & STREAM_SENT) && !c->stream.is_awaited);
	rig_free(r);
}

/* What is held, what was taken, for how long nothing was, and whose fault that is. */
Test(tcp_send, a_stream_knows_whether_its_peer_takes_what_it_is_sent)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	uint32_t before = stream_sending(&c->stream).taken;
	rig_send(r, &c->stream, 5000, 0);
	rig_turn(r);
	rig_wait_ms(r, 100);
	struct stream_sending s = stream_sending(&c->stream);
	cr_assert(s.held == 5000 && s.taken == before && !s.is_shut && !s.is_ours);
	cr_assert(s.still_ms >= 99 && s.still_ms <= 101, "%u", s.still_ms);
	rig_give_ack(r, 2 * MSS, 0);
	rig_wait_ms(r, 300);
	s = stream_sending(&c->stream);
	cr_assert(s.held == 5000 - 2 * MSS && s.taken - before == 2 * MSS);
	rig_give_ack(r, c->snd_nxt - c->snd_una, 0);
	rig_send(r, &c->stream, 3000, 5000);
	rig_wait_ms(r, 500);
	s = stream_sending(&c->stream);
	cr_assert(s.is_shut && !s.is_ours && s.still_ms > 400, "%u", s.still_ms);
	rig_give_ack(r, 0, 65535);
	rig_turn(r);
	cr_assert(!stream_sending(&c->stream).is_shut);
	rig_free(r);
}

Test(tcp_send, who_waits_for_the_port_is_not_slow)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_send(r, &c->stream, 3 * MSS, 0);
	r->buffers_left = 0;
	rig_turn(r);
	cr_assert(stream_sending(&c->stream).is_ours);
	r->buffers_left = 100;
	rig_turn(r);
	cr_assert(!stream_sending(&c->stream).is_ours);
	rig_give_ack(r, 3 * MSS, 65535);
	rig_free(r);
}

Test(tcp_send, with_segmentation_offload_whole_segments_are_pushed_together)
{
	struct rig *r = rig_new(rig_options());
	r->nic.caps.tx_segment_bytes = 16384;
	rig_open_and_send(r, 12 * MSS + 10);
	cr_assert(r->sent_count == 1 && r->sent[0].size == 10 * MSS);
	cr_assert(r->sent[0].segment_bytes == MSS);
	rig_give_ack(r, 10 * MSS, 65535);
	cr_assert(r->sent_count == 1 && r->sent[0].size == 2 * MSS + 10);
	rig_free(r);
}

Test(tcp_send, without_port_buffers_everything_waits_for_the_next_turn)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_send(r, &c->stream, 3 * MSS, 0);
	r->buffers_left = 0;
	rig_give(r, rig_data(r, "ask", 3));
	cr_assert(r->sent_count == 0);
	cr_assert(tcp_idle_ns(r->t, r->now_ns, NS_PER_S) == 0, "not the time to sleep");
	r->buffers_left = 2;
	rig_turn(r);
	cr_assert(r->sent_count == 2 && rig_last(r)->h.ack == r->peer_nxt);
	r->buffers_left = 100;
	rig_turn(r);
	cr_assert(r->sent_count == 1 && rig_offset(r, 0) == 2 * MSS);
	cr_assert(tcp_idle_ns(r->t, r->now_ns, NS_PER_S) > 0);
	rig_free(r);
}

Test(tcp_send, a_full_port_is_asked_once_a_turn_however_many_wait_and_serves_them_in_order)
{
	enum { PEERS = 12 };
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c[PEERS];
	for (unsigned i = 0; i < PEERS; i++) {
		r->peer_port = (uint16_t)(5000 + i);
		c[i] = rig_open(r);
	}
	for (unsigned i = 0; i < PEERS; i++)
		rig_send(r, &c[i]->stream, 10, 0);
	r->buffers_left = 0;
	r->buffers_refused = 0;
	rig_turn(r);
	cr_assert(r->sent_count == 0 && r->buffers_refused == 1, "%u", r->buffers_refused);
	for (unsigned i = 0; i < PEERS; i++) {
		r->buffers_left = 1;
		rig_turn(r);
		cr_assert(r->sent_count == 1);
		cr_assert(rig_last(r)->h.destination_port == 5000 + i);
	}
	r->buffers_left = UINT32_MAX;
	rig_free(r);
}

Test(tcp_send, who_has_had_his_share_of_a_turn_lets_the_others_go_first)
{
	static const uint8_t small_mss[] = {2, 4, 0x02, 0x18};
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *greedy = rig_open_with(r, 5000, small_mss, sizeof small_mss);
	r->peer_port++;
	struct tcp_conn *other = rig_open(r);
	greedy->cwnd = 65535;
	rig_send(r, &greedy->stream, 80 * 536, 0);
	rig_send(r, &other->stream, 10, 0);
	rig_turn(r);
	cr_assert(r->sent_count == TCP_SEGMENTS_PER_TURN + 1, "%u", r->sent_count);
	cr_assert(rig_last(r)->h.destination_port == r->peer_port);
	rig_turn(r);
	cr_assert(r->sent_count == 80 - TCP_SEGMENTS_PER_TURN);
	rig_free(r);
}

Test(tcp_send, a_timeout_comes_in_time_though_the_queue_looked_too_early)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *other = rig_open(r);
	r->peer_port++;
	struct tcp_conn *c = rig_open(r);
	rig_send(r, &other->stream, 100, 0);
	rig_send(r, &c->stream, 100, 0);
	rig_turn(r);
	rig_wait_ms(r, 50);
	rig_give_ack(r, 100, 65535);
	/* Behind the other its name keeps its place in the queue, 50 ms before its time. */
	rig_send(r, &c->stream, 100, 100);
	rig_turn(r);
	cr_assert(tcp_rto_ms(r->t, c) == 200);
	rig_wait_ms(r, 180);
	cr_assert(r->sent_count == 1 && rig_last(r)->h.destination_port != r->peer_port);
	rig_wait_ms(r, 22);
	cr_assert(r->sent_count == 1 && rig_offset(r, 0) == 0);
	rig_free(r);
}

Test(tcp_send, keepalive_probes_a_silent_peer_and_gives_it_up)
{
	struct tcp_options o = rig_options();
	o.settings.keepalive_idle_ms = 120000;
	struct rig *r = rig_new(o);
	struct tcp_conn *c = rig_open(r);
	rig_wait_ms(r, 119000);
	cr_assert(r->sent_count == 0);
	rig_wait_ms(r, 1100);
	cr_assert(r->sent_count == 1 && r->sent[0].size == 0);
	cr_assert(rig_offset(r, 0) == (uint32_t)-1 && r->sent[0].h.ack == r->peer_nxt);
	rig_give_ack(r, 0, 65535);
	cr_assert(c->keepalives_sent == 0);
	rig_wait_ms(r, 120100);
	rig_wait_ms(r, 10000);
	cr_assert(tcp_connections(r->t) == 1, "one lost probe is not death (MUST-26)");
	rig_wait_ms(r, 20100);
	cr_assert(tcp_connections(r->t) == 0 && rig_stat(r, STAT_tcp_timeouts) == 1);
	cr_assert(r->events & STREAM_LOST);
	rig_free(r);
}

Test(tcp_send, without_keepalive_an_idle_connection_costs_no_timer)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_give(r, rig_data(r, "x", 1));
	cr_assert(r->t->wheel.armed == 0 && !timer_is_armed(&c->timer));
	cr_assert(tcp_idle_ns(r->t, r->now_ns, 5 * NS_PER_S) == 5 * NS_PER_S);
	cr_assert(tcp_connection_bytes() <= 512, "%zu", tcp_connection_bytes());
	rig_free(r);
}

Test(tcp_send, after_a_silence_the_first_flight_is_the_initial_one)
{
	struct tcp_options o = rig_options();
	o.settings.send_buffer_bytes = 1 << 20;
	struct rig *r = rig_new(o);
	struct tcp_conn *c = rig_open_and_send(r, 30 * MSS);
	rig_give_ack(r, 10 * MSS, 65535);
	cr_assert(c->cwnd > 10 * MSS);
	rig_give_ack(r, c->snd_max - c->snd_una, 65535);
	rig_give_ack(r, c->snd_max - c->snd_una, 65535);
	c->cwnd = 25 * MSS;
	rig_wait_ms(r, 1000);
	rig_send(r, &c->stream, 30 * MSS, 30 * MSS);
	rig_turn(r);
	cr_assert(r->sent_count == 10, "RFC 5681 4.1: %u", r->sent_count);
	rig_free(r);
}

/* What the peer did not take while its window was closed says nothing of the path. */
Test(tcp_send, what_is_sent_into_a_window_that_reopens_has_a_time_of_its_own)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_and_send(r, 4 * MSS);
	rig_give_ack(r, MSS, 0);
	for (unsigned s = 0; s < 150; s++) {
		rig_wait_ms(r, 1000);
		rig_give_ack(r, 0, 0);
	}
	cr_assert(tcp_connections(r->t) == 1);
	rig_give_ack(r, 0, 65535);
	cr_assert(r->sent_count > 0 && r->sent[0].size == MSS);
	rig_wait_ms(r, 210);
	cr_assert(tcp_connections(r->t) == 1 && !(r->events & STREAM_LOST));
	cr_assert(r->sent_count == 1 && c->mss == MSS, "lost, and sent again: the first timeout");
	rig_wait_ms(r, 99000);
	cr_assert(tcp_connections(r->t) == 1);
	rig_wait_ms(r, 62000);
	cr_assert(tcp_connections(r->t) == 0);
	rig_free(r);
}

Test(tcp_send, a_probe_that_was_taken_ends_the_backoff_of_the_probes)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_give_ack(r, 0, 0);
	rig_send(r, &c->stream, 300, 0);
	rig_wait_ms(r, 201 + 402 + 804 + 1608);
	cr_assert(c->backoff == 4);
	rig_give_ack(r, 1, 0);
	rig_wait_ms(r, 205);
	cr_assert(r->sent_count == 1 && rig_offset(r, 0) == 0 && r->sent[0].size == 1);
	rig_check_payload(&r->sent[0], 1);
	rig_free(r);
}

Test(tcp_send, behind_a_probe_acknowledgements_keep_within_the_peers_window)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_give_ack(r, 0, 0);
	rig_send(r, &c->stream, 300, 0);
	rig_wait_ms(r, 205);
	cr_assert(c->snd_max == r->our_nxt + 1, "the probe's byte");
	struct seg data = rig_data(r, "x", 1);
	data.window = 0;
	rig_give(r, data);
	cr_assert(r->sent_count == 1 && rig_last(r)->h.seq == r->our_nxt);
	rig_free(r);
}
