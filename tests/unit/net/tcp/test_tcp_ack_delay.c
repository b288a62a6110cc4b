/* test_tcp_ack_delay.c - an acknowledgement that waits for an answer, and every reason for
 * which it does not. */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { MSS = 1460 };

static uint8_t bytes[2 * MSS];

/* A connection whose session owes the peer something. */
static struct tcp_conn *open_owing(struct rig *r)
{
	struct tcp_conn *c = rig_open(r);
	c->stream.is_answer_due = true;
	return c;
}

static void check_acknowledged(const struct rig *r, unsigned segments)
{
	cr_assert(r->sent_count == segments, "%u segments", r->sent_count);
	cr_assert(rig_last(r)->h.ack == r->peer_nxt);
}

Test(tcp_ack_delay, it_rides_on_the_answer)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_owing(r);
	rig_give(r, rig_data(r, bytes, 450));
	cr_assert(r->sent_count == 0, "it waits");
	rig_send(r, &c->stream, 31, 0);
	c->stream.is_answer_due = false;
	rig_turn(r);
	check_acknowledged(r, 1);
	cr_assert(rig_last(r)->size == 31);
	uint32_t una = r->our_nxt += 31;
	rig_give(r, rig_ack(r));
	rig_wait_ms(r, 2 * TCP_ACK_DELAY_MS);
	cr_assert(r->sent_count == 0 && c->snd_una == una, "and is not said twice");
	rig_free(r);
}

Test(tcp_ack_delay, it_does_not_wait_for_long)
{
	struct rig *r = rig_new(rig_options());
	open_owing(r);
	rig_give(r, rig_data(r, bytes, 450));
	rig_wait_ms(r, TCP_ACK_DELAY_MS - 2);
	cr_assert(r->sent_count == 0);
	/* More data does not put it off. */
	rig_give(r, rig_data(r, bytes, 450));
	cr_assert(r->sent_count == 0);
	rig_wait_ms(r, 4);
	check_acknowledged(r, 1);
	rig_free(r);
}

Test(tcp_ack_delay, without_an_answer_to_come_it_goes_at_once)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	rig_give(r, rig_data(r, bytes, 450));
	check_acknowledged(r, 1);
	rig_free(r);
}

Test(tcp_ack_delay, two_full_segments_do_not_wait)
{
	struct rig *r = rig_new(rig_options());
	open_owing(r);
	rig_give(r, rig_data(r, bytes, MSS));
	cr_assert(r->sent_count == 0);
	rig_give(r, rig_data(r, bytes, MSS));
	check_acknowledged(r, 1);
	rig_free(r);
}

Test(tcp_ack_delay, a_session_that_waits_for_more_says_so)
{
	struct rig *r = rig_new(rig_options());
	r->consumes = false;
	struct tcp_conn *c = open_owing(r);
	rig_give(r, rig_data(r, bytes, 100));
	check_acknowledged(r, 1);
	stream_consume(&c->stream, 100);
	rig_turn(r);
	rig_free(r);
}

Test(tcp_ack_delay, a_gap_and_its_end_are_told_at_once)
{
	struct rig *r = rig_new(rig_options());
	open_owing(r);
	struct seg first = rig_data(r, bytes, 100), second = rig_data(r, bytes, 100);
	rig_give(r, second);
	cr_assert(r->sent_count == 1 && rig_last(r)->h.ack == first.seq);
	rig_give(r, first);
	check_acknowledged(r, 1);
	rig_give(r, first);
	check_acknowledged(r, 1);
	rig_free(r);
}

Test(tcp_ack_delay, a_fin_is_acknowledged_at_once)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_owing(r);
	struct seg s = rig_data(r, bytes, 100);
	s.flags |= TCP_FLAG_FIN;
	r->peer_nxt++;
	rig_give(r, s);
	check_acknowledged(r, 1);
	stream_close(&c->stream, STREAM_CLOSE_RESET);
	rig_turn(r);
	rig_free(r);
}
