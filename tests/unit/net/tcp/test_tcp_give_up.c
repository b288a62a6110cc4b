/* test_tcp_give_up.c - what was sent and nobody acknowledges: how long it may hold the memory that
 * it lies in. */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

/* An acknowledgement of `bytes` of ours more, with `window`. */
static void give_ack(struct rig *r, uint32_t bytes, uint16_t window)
{
	r->our_nxt += bytes;
	struct seg s = rig_ack(r);
	s.window = window;
	rig_give(r, s);
}

/* Others hold so much of the memory for answers that what is left is little. */
static void make_short(struct rig *r, struct chain *others)
{
	rig_take_chunks(&r->answers, r->answers.count / 4 - 1, others);
}

Test(tcp_give_up, a_closed_window_is_not_waited_for_when_memory_is_short)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	struct chain others = {0};
	give_ack(r, 0, 0);
	rig_send(r, &c->stream, 300, 0);
	for (unsigned i = 0; i < 200; i++) {
		rig_wait_ms(r, 1000);
		give_ack(r, 0, 0);
	}
	cr_assert(tcp_connections(r->t) == 1);
	make_short(r, &others);
	for (unsigned i = 0; i < 61; i++) {
		rig_wait_ms(r, 1000);
		give_ack(r, 0, 0);
	}
	cr_assert(tcp_connections(r->t) == 0 && rig_stat(r, STAT_tcp_timeouts) == 1);
	chain_give(&others);
	rig_free(r);
}

/* Milliseconds, in steps of 100, until the peer that says nothing is given up. */
static uint32_t given_up_after(struct rig *r, uint32_t limit_ms)
{
	uint32_t ms = 0;
	for (; tcp_connections(r->t) > 0 && ms < limit_ms; ms += 100)
		rig_wait_ms(r, 100);
	return ms;
}

Test(tcp_give_up, a_dead_peer_is_given_up_soon_when_others_wait_for_its_memory)
{
	enum { R2_MS = 100000, SOON_MS = R2_MS / 8 };
	for (unsigned is_short = 0; is_short < 2; is_short++)
		for (unsigned is_closed = 0; is_closed < 2; is_closed++) {
			struct rig *r = rig_new(rig_options());
			struct tcp_conn *c = rig_open(r);
			struct chain others = {0};
			give_ack(r, 0, is_closed ? 0 : 65535);
			rig_send(r, &c->stream, 300, 0);
			rig_turn(r);
			if (is_short)
				make_short(r, &others);
			uint32_t ms = given_up_after(r, 3 * R2_MS);
			uint32_t least = is_short ? SOON_MS : R2_MS;
			/* It is looked at when something is sent again: twice as late at most. */
			cr_assert(ms >= least && ms <= 2 * least, "%u ms", ms);
			cr_assert(rig_stat(r, STAT_tcp_timeouts) == 1);
			chain_give(&others);
			rig_free(r);
		}
}

Test(tcp_give_up, a_vehicle_with_one_answer_has_all_the_time_there_is)
{
	enum { R2_MS = 100000 };
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	struct chain others = {0};
	rig_send(r, &c->stream, 31, 0);
	rig_turn(r);
	make_short(r, &others);
	cr_assert(given_up_after(r, 3 * R2_MS) >= R2_MS);
	cr_assert(rig_stat(r, STAT_tcp_timeouts) == 1);
	chain_give(&others);
	rig_free(r);
}

/* Most is lost on its way: one acknowledgement begins the time anew. */
Test(tcp_give_up, a_slow_peer_stays_when_memory_is_short)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	struct chain others = {0};
	rig_send(r, &c->stream, 3000, 0);
	rig_turn(r);
	make_short(r, &others);
	for (unsigned i = 0; i < 20; i++) {
		rig_wait_ms(r, 10000);
		give_ack(r, 100, 65535);
	}
	cr_assert(tcp_connections(r->t) == 1);
	chain_give(&others);
	rig_free(r);
}
