/* test_tcp_basic.c - a connection's ordinary life: handshake, data both ways, close. */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

Test(tcp_basic, data_in_order_reaches_the_session_and_is_acknowledged_once)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	rig_put(r, rig_data(r, "hello ", 6));
	rig_put(r, rig_data(r, "world", 5));
	rig_turn(r);
	cr_assert(r->received_bytes == 11 && memcmp(r->received, "hello world", 11) == 0);
	cr_assert(r->sent_count == 1);
	cr_assert(rig_last(r)->h.flags == TCP_FLAG_ACK);
	cr_assert(rig_last(r)->h.ack == r->peer_nxt);
	cr_assert(rig_stat(r, STAT_packets_consumed) == 4);
	rig_free(r);
}

Test(tcp_basic, an_answer_carries_the_acknowledgement)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_put(r, rig_data(r, "ask", 3));
	rig_input(r);
	rig_session(r);
	rig_send(r, &c->stream, 100, 0);
	rig_finish(r);
	cr_assert(r->sent_count == 1);
	cr_assert(rig_last(r)->size == 100 && rig_last(r)->h.ack == r->peer_nxt);
	cr_assert(rig_last(r)->h.flags == (TCP_FLAG_ACK | TCP_FLAG_PSH));
	for (uint32_t i = 0; i < 100; i++)
		cr_assert(rig_last(r)->payload[i] == rig_pattern(i));
	r->our_nxt += 100;
	rig_give(r, rig_ack(r));
	cr_assert(!(r->events & STREAM_SENT), "there was room all the time");
	cr_assert(r->answers.in_use == 0 && r->sent_count == 0);
	rig_free(r);
}

Test(tcp_basic, the_peer_closes_first_and_we_follow)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	struct seg fin = rig_data(r, "bye", 3);
	fin.flags |= TCP_FLAG_FIN;
	rig_give(r, fin);
	r->peer_nxt++;
	cr_assert(rig_last(r)->h.ack == r->peer_nxt);
	rig_turn(r);
	cr_assert(r->events & STREAM_ENDED);
	cr_assert(r->received_bytes == 3);
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_turn(r);
	cr_assert(rig_last(r)->h.flags == (TCP_FLAG_FIN | TCP_FLAG_ACK));
	r->our_nxt++;
	rig_give(r, rig_ack(r));
	cr_assert(tcp_connections(r->t) == 0 && r->t->waits.in_use == 0);
	rig_free(r);
}

Test(tcp_basic, we_close_first_and_leave_a_time_wait_entry)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_send(r, &c->stream, 10, 0);
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_turn(r);
	cr_assert(rig_last(r)->size == 10);
	cr_assert(rig_last(r)->h.flags == (TCP_FLAG_FIN | TCP_FLAG_ACK | TCP_FLAG_PSH));
	r->our_nxt += 11;
	rig_give(r, rig_ack(r));
	cr_assert(c->state == TCP_STATE_FIN_WAIT_2);
	struct seg fin = rig_ack(r);
	fin.flags |= TCP_FLAG_FIN;
	rig_give(r, fin);
	cr_assert(rig_last(r)->h.ack == r->peer_nxt + 1 && r->sent_count == 1);
	cr_assert(tcp_connections(r->t) == 0 && r->t->waits.in_use == 1);
	rig_wait_ms(r, 60001);
	cr_assert(r->t->waits.in_use == 0);
	rig_free(r);
}
