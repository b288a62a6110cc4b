/* test_tcp_way.c - where a connection's segments go: the way that its peer's last one came. */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { FIRST = 1, SECOND = 2, THIRD = 3 };

/* The rig's segments come by this router from now on. */
static void come_by(struct rig *r, uint8_t router)
{
	r->way = (struct way){.mac = {{2, 0, 0, 0, 0, router}}, .is_tagged = router == SECOND};
}

#define assert_goes_by(router)                                                           \
	do {                                                                             \
		const struct sent *last = rig_last(r);                                   \
		cr_assert(last && last->way.mac.octets[5] == (router));                  \
		cr_assert(last->way.is_tagged == ((router) == SECOND));                  \
	} while (0)

static struct rig *open_by_first(struct tcp_conn **c)
{
	struct rig *r = rig_new(rig_options());
	come_by(r, FIRST);
	*c = rig_open(r);
	return r;
}

Test(tcp_way, an_answer_follows_the_segment_that_asked)
{
	struct tcp_conn *c;
	struct rig *r = open_by_first(&c);
	rig_give(r, rig_data(r, "a", 1));
	assert_goes_by(FIRST);
	come_by(r, SECOND);
	rig_give(r, rig_data(r, "b", 1));
	assert_goes_by(SECOND);
	rig_free(r);
}

Test(tcp_way, what_was_sent_to_a_dead_router_is_sent_again_by_the_new_one)
{
	struct tcp_conn *c;
	struct rig *r = open_by_first(&c);
	rig_send(r, &c->stream, 3000, 0);
	rig_turn(r);
	assert_goes_by(FIRST);
	come_by(r, SECOND);
	rig_give(r, rig_ack(r)); /* a keepalive's answer, a window: anything */
	rig_wait_ms(r, 4000);
	assert_goes_by(SECOND);
	rig_free(r);
}

/* The peer had its acknowledgement lost with the router: all it sends has been received. */
Test(tcp_way, what_comes_again_is_acknowledged_the_way_it_came)
{
	struct tcp_conn *c;
	struct rig *r = open_by_first(&c);
	struct seg data = rig_data(r, "abc", 3);
	rig_give(r, data);
	come_by(r, THIRD);
	rig_give(r, data);
	cr_assert(rig_stat(r, STAT_packets_duplicate) == 1);
	assert_goes_by(THIRD);
	struct seg keepalive = rig_ack(r);
	keepalive.seq--;
	come_by(r, SECOND);
	rig_give(r, keepalive);
	assert_goes_by(SECOND);
	rig_free(r);
}

Test(tcp_way, who_guesses_numbers_moves_nothing)
{
	struct tcp_conn *c;
	struct rig *r = open_by_first(&c);
	come_by(r, THIRD);
	struct seg guess = rig_ack(r);
	guess.seq += 1 << 20;
	rig_give(r, guess);
	guess = rig_ack(r);
	guess.ack += 1; /* never sent */
	rig_give(r, guess);
	guess = rig_ack(r);
	guess.ack -= 1 << 20;
	rig_give(r, guess);
	guess = rig_ack(r);
	guess.seq -= 1 << 20;
	rig_give(r, guess);
	guess = rig_ack(r);
	guess.seq -= 1;
	guess.ack += 1;
	rig_give(r, guess);
	guess = rig_ack(r);
	guess.flags = TCP_FLAG_RST;
	guess.seq += 1;
	rig_give(r, guess);
	guess.flags = TCP_FLAG_SYN;
	rig_give(r, guess);
	cr_assert(c->mac.octets[5] == FIRST && !c->is_tagged);
	rig_free(r);
}

Test(tcp_way, a_handshake_follows_its_syn_and_its_last_step)
{
	struct rig *r = rig_new(rig_options());
	struct seg syn = {.flags = TCP_FLAG_SYN, .seq = 7, .window = 1000};
	come_by(r, FIRST);
	rig_give(r, syn);
	assert_goes_by(FIRST);
	come_by(r, SECOND);
	rig_give(r, syn);
	assert_goes_by(SECOND);
	rig_wait_ms(r, 1500);
	assert_goes_by(SECOND);
	uint32_t iss = rig_last(r)->h.seq;
	come_by(r, THIRD);
	r->peer_nxt = 8;
	r->our_nxt = iss + 1;
	rig_give(r, rig_data(r, "x", 1));
	assert_goes_by(THIRD);
	rig_free(r);
}

Test(tcp_way, a_last_fin_is_acknowledged_the_way_it_came)
{
	struct tcp_conn *c;
	struct rig *r = open_by_first(&c);
	struct seg fin = rig_to_time_wait(r, c);
	come_by(r, SECOND);
	rig_give(r, fin);
	assert_goes_by(SECOND);
	rig_free(r);
}

/* Whoever knows the name of a connection that has ended is not told its numbers. */
Test(tcp_way, time_wait_answers_the_peers_way_whoever_asks)
{
	struct tcp_conn *c;
	struct rig *r = open_by_first(&c);
	struct seg fin = rig_to_time_wait(r, c);
	come_by(r, THIRD);
	struct seg guess = fin;
	guess.seq -= 5000;
	rig_give(r, guess);
	assert_goes_by(FIRST);
	guess = fin;
	guess.ack += 1;
	rig_give(r, guess);
	assert_goes_by(FIRST);
	rig_give(r, (struct seg){.flags = TCP_FLAG_SYN, .seq = r->peer_nxt - 5000});
	assert_goes_by(FIRST);
	rig_free(r);
}
