/* test_tcp_close.c - the ends of a connection: FIN both ways, resets, TIME-WAIT, what
 * comes after we closed. */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

static void give_flags(struct rig *r, uint8_t flags)
{
	struct seg s = rig_ack(r);
	s.flags = flags;
	rig_give(r, s);
}

static void give_fin(struct rig *r)
{
	give_flags(r, TCP_FLAG_FIN | TCP_FLAG_ACK);
	r->peer_nxt++;
}

/* A connection in TIME-WAIT; the peer's and our numbers are those behind the FINs. */
static struct rig *reach_time_wait(const uint8_t *options, uint8_t options_bytes)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_with(r, 5000, options, options_bytes);
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_turn(r);
	r->our_nxt++;
	give_fin(r);
	cr_assert(r->t->waits.in_use == 1 && tcp_connections(r->t) == 0);
	return r;
}

Test(tcp_close, a_lost_fin_is_sent_again)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_turn(r);
	uint32_t fin_seq = rig_last(r)->h.seq;
	for (unsigned i = 0; i < 3; i++) {
		rig_wait_ms(r, 201u << i);
		cr_assert(r->sent_count == 1 && rig_last(r)->h.seq == fin_seq);
		cr_assert(rig_last(r)->h.flags & TCP_FLAG_FIN);
	}
	rig_wait_ms(r, 200000);
	cr_assert(tcp_connections(r->t) == 0 && rig_stat(r, STAT_tcp_timeouts) == 1);
	rig_free(r);
}

Test(tcp_close, the_fin_waits_behind_what_was_sent_before)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_send(r, &c->stream, 20 * 1460, 0);
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_turn(r);
	cr_assert(r->sent_count == 10 && !(rig_last(r)->h.flags & TCP_FLAG_FIN));
	r->our_nxt += 10 * 1460;
	rig_give(r, rig_ack(r));
	cr_assert(r->sent_count == 10 && (rig_last(r)->h.flags & TCP_FLAG_FIN));
	r->our_nxt += 10 * 1460 + 1;
	give_fin(r);
	cr_assert(tcp_connections(r->t) == 0 && r->t->waits.in_use == 1);
	rig_free(r);
}

Test(tcp_close, both_may_close_at_once)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_turn(r);
	give_fin(r);
	cr_assert(c->state == TCP_STATE_CLOSING && rig_last(r)->h.ack == r->peer_nxt);
	r->our_nxt++;
	rig_give(r, rig_ack(r));
	cr_assert(tcp_connections(r->t) == 0 && r->t->waits.in_use == 1);
	rig_free(r);
}

Test(tcp_close, a_reset_close_sends_rst_at_once_and_forgets_everything)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	uint64_t handle = c->stream.handle;
	cr_assert(tcp_stream(r->t, handle) == &c->stream);
	cr_assert((handle >> 24 & 0xff) == 3, "the poller's number");
	rig_send(r, &c->stream, 100, 0);
	stream_close(&c->stream, STREAM_CLOSE_RESET);
	rig_turn(r);
	cr_assert(r->sent_count == 1 && (rig_last(r)->h.flags & TCP_FLAG_RST));
	cr_assert(rig_last(r)->h.seq == r->our_nxt && r->answers.in_use == 0);
	cr_assert(tcp_connections(r->t) == 0 && tcp_stream(r->t, handle) == NULL);
	rig_open(r);
	cr_assert(tcp_stream(r->t, handle) == NULL, "its place in use again");
	rig_free(r);
}

Test(tcp_close, the_peers_reset_is_told_once_and_the_stream_goes_when_it_was)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	uint64_t handle = c->stream.handle;
	rig_put(r, rig_data(r, "last words", 10));
	rig_put(r, (struct seg){.flags = TCP_FLAG_RST, .seq = r->peer_nxt});
	rig_input(r);
	rig_finish(r);
	cr_assert(tcp_stream(r->t, handle) != NULL, "the session has not seen it");
	cr_assert(tcp_idle_ns(r->t, r->now_ns, NS_PER_S) == 0);
	rig_turn(r);
	cr_assert((r->events & STREAM_LOST) && tcp_stream(r->t, handle) == NULL);
	cr_assert(rig_stat(r, STAT_tcp_resets_received) == 1);
	rig_free(r);
}

Test(tcp_close, sending_to_a_lost_stream_drops_the_chain)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_put(r, (struct seg){.flags = TCP_FLAG_RST, .seq = r->peer_nxt});
	rig_input(r);
	rig_send(r, &c->stream, 1000, 0);
	cr_assert(r->answers.in_use == 0);
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_session(r);
	rig_finish(r);
	cr_assert(tcp_connections(r->t) == 0);
	rig_free(r);
}

Test(tcp_close, data_after_our_close_is_refused_until_our_answer_arrived_and_then_reset)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_send(r, &c->stream, 50, 0);
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_turn(r);
	struct seg late = rig_data(r, "late", 4);
	rig_give(r, late);
	cr_assert(r->sent_count == 1 && rig_last(r)->h.ack == late.seq);
	cr_assert(!(rig_last(r)->h.flags & TCP_FLAG_RST));
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_closed) == 1);
	late.ack += 51;
	rig_give(r, late);
	cr_assert(rig_last(r)->h.flags & TCP_FLAG_RST);
	cr_assert(tcp_connections(r->t) == 0);
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_closed) == 2);
	rig_free(r);
}

Test(tcp_close, bytes_unread_at_our_close_are_discarded_and_the_answer_arrives)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	r->consumes = false;
	rig_put(r, rig_data(r, "aaaa", 4));
	rig_put(r, rig_data(r, "bbbb", 4));
	rig_input(r);
	stream_consume(&c->stream, 2);
	rig_send(r, &c->stream, 9, 0);
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_session(r);
	rig_finish(r);
	cr_assert(r->sent_count == 1 && rig_last(r)->size == 9);
	cr_assert(rig_last(r)->h.flags & TCP_FLAG_FIN);
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_closed) == 1 &&
		  r->receive.in_use == 0);
	rig_free(r);
}

Test(tcp_close, a_peer_that_never_closes_is_forgotten_after_fin_wait_2)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_turn(r);
	r->our_nxt++;
	rig_give(r, rig_ack(r));
	for (unsigned i = 0; i < 5; i++) {
		rig_wait_ms(r, 11000);
		rig_give(r, rig_ack(r));
	}
	cr_assert(tcp_connections(r->t) == 1);
	rig_wait_ms(r, 6000);
	cr_assert(tcp_connections(r->t) == 0, "its acknowledgements do not prolong it");
	rig_free(r);
}

Test(tcp_close, a_closed_peer_with_a_closed_window_is_given_up)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	struct seg zero = rig_ack(r);
	zero.window = 0;
	rig_give(r, zero);
	rig_send(r, &c->stream, 100, 0);
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_turn(r);
	for (unsigned i = 0; i < 300 && tcp_connections(r->t); i++) {
		rig_wait_ms(r, 1000);
		if (tcp_connections(r->t))
			rig_give(r, zero);
	}
	cr_assert(tcp_connections(r->t) == 0 && r->answers.in_use == 0);
	rig_free(r);
}

Test(tcp_close, in_time_wait_a_fin_is_acknowledged_again_and_restarts_it)
{
	struct rig *r = reach_time_wait(NULL, 0);
	rig_wait_ms(r, 40000);
	struct seg fin = rig_ack(r);
	fin.flags |= TCP_FLAG_FIN;
	fin.seq = r->peer_nxt - 1;
	rig_give(r, fin);
	cr_assert(r->sent_count == 1 && rig_last(r)->h.flags == TCP_FLAG_ACK);
	cr_assert(rig_last(r)->h.ack == r->peer_nxt && rig_last(r)->h.seq == r->our_nxt);
	rig_wait_ms(r, 40000);
	cr_assert(r->t->waits.in_use == 1, "restarted");
	rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = r->peer_nxt});
	cr_assert(r->t->waits.in_use == 1, "no assassination (RFC 1337)");
	rig_wait_ms(r, 21000);
	cr_assert(r->t->waits.in_use == 0);
	rig_free(r);
}

Test(tcp_close, a_newer_syn_leaves_time_wait_with_a_higher_number)
{
	struct rig *r = reach_time_wait(NULL, 0);
	struct tcp_wait *w = list_entry(r->t->wait_list.next, struct tcp_wait, node);
	w->snd_nxt += 1 << 24; /* it had sent faster than the clock of RFC 6528 runs */
	r->our_nxt += 1 << 24;
	rig_give(r, (struct seg){.flags = TCP_FLAG_SYN,
				 .seq = r->peer_nxt + 1000,
				 .window = 99});
	cr_assert(rig_last(r)->h.flags == (TCP_FLAG_SYN | TCP_FLAG_ACK));
	cr_assert(seq_lt(r->our_nxt, rig_last(r)->h.seq));
	cr_assert(r->t->waits.in_use == 0 && r->t->half_open.in_use == 1);
	rig_free(r);
}

Test(tcp_close, an_old_syn_in_time_wait_is_newer_only_by_its_timestamp)
{
	uint8_t ts[12] = {1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 0, 0};
	struct rig *r = reach_time_wait(ts, sizeof ts);
	struct seg syn = {.flags = TCP_FLAG_SYN,
			  .seq = r->peer_nxt - 5000,
			  .window = 99,
			  .options = ts,
			  .options_bytes = sizeof ts};
	rig_give(r, syn);
	cr_assert(rig_last(r)->h.flags == TCP_FLAG_ACK && r->t->waits.in_use == 1);
	ts[7] = 1;
	rig_give(r, syn);
	cr_assert(rig_last(r)->h.flags == (TCP_FLAG_SYN | TCP_FLAG_ACK), "RFC 6191");
	rig_free(r);
}

Test(tcp_close, time_wait_entries_are_bounded_the_oldest_gives_way)
{
	struct rig *r = rig_new(rig_options());
	for (uint16_t i = 0; i < 12; i++) {
		uint16_t port = (uint16_t)(2000 + i);
		rig_give(r, (struct seg){.flags = TCP_FLAG_SYN,
					 .seq = 10,
					 .window = 99,
					 .peer_port = port});
		uint32_t ack = rig_last(r)->h.seq + 1;
		struct seg s = {.flags = TCP_FLAG_ACK,
				.seq = 11,
				.ack = ack,
				.window = 99,
				.peer_port = port};
		rig_give(r, s);
		stream_close(r->stream, STREAM_CLOSE_FLUSH);
		rig_turn(r);
		s.flags |= TCP_FLAG_FIN;
		s.ack++;
		rig_give(r, s);
	}
	cr_assert(r->t->waits.in_use == 8 && tcp_connections(r->t) == 0);
	rig_free(r);
}

Test(tcp_close, reset_all_resets_all_and_tells_their_sessions)
{
	struct rig *r = rig_new(rig_options());
	for (uint16_t i = 0; i < 40; i++) {
		uint16_t port = (uint16_t)(2000 + i);
		rig_give(r, (struct seg){.flags = TCP_FLAG_SYN,
					 .seq = 10,
					 .window = 99,
					 .peer_port = port});
		rig_give(r, (struct seg){.flags = TCP_FLAG_ACK,
					 .seq = 11,
					 .window = 99,
					 .ack = rig_last(r)->h.seq + 1,
					 .peer_port = port});
	}
	cr_assert(tcp_connections(r->t) == 40);
	tcp_reset_all(r->t);
	rig_turn(r);
	cr_assert(r->sent_count == 40 && (r->events & STREAM_LOST));
	for (unsigned i = 0; i < r->sent_count; i++)
		cr_assert(r->sent[i].h.flags & TCP_FLAG_RST);
	cr_assert(tcp_connections(r->t) == 0);
	rig_free(r);
}

Test(tcp_close, a_session_may_close_a_stream_whose_peer_has_closed_in_the_same_turn)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	struct seg fin = rig_ack(r);
	fin.flags |= TCP_FLAG_FIN;
	rig_put(r, fin);
	rig_input(r);
	cr_assert(c->stream.events & STREAM_ENDED, "nothing before it: told at once");
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_session(r);
	rig_finish(r);
	cr_assert(r->sent_count == 1 && (rig_last(r)->h.flags & TCP_FLAG_FIN));
	cr_assert(rig_last(r)->h.ack == r->peer_nxt + 1 &&
		  c->state == TCP_STATE_LAST_ACK);
	rig_free(r);
}
