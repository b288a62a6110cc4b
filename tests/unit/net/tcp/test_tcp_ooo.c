/* test_tcp_ooo.c - bytes behind a gap: what they hold, how long, and to whom they give way. */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { PEERS = 4, AGE_MS = 30000, TINY_MAX = 8, LARGE = 1000 };

static struct rig *r;
static struct tcp_conn *conns[PEERS];
static uint32_t our_nxt[PEERS];
static struct chain others;
static uint8_t bytes[LARGE];

static void setup(void)
{
	r = rig_new(rig_options());
	for (uint16_t i = 0; i < PEERS; i++) {
		r->peer_port = RIG_PEER_PORT + i;
		conns[i] = rig_open(r);
		our_nxt[i] = r->our_nxt;
	}
}

static void teardown(void)
{
	chain_give(&others);
	rig_free(r);
}

TestSuite(tcp_ooo, .init = setup, .fini = teardown);

/* A segment of peer `i`, `at` bytes behind the beginning of its stream. */
static void give(unsigned i, uint32_t at, uint32_t size)
{
	rig_give(r, (struct seg){.flags = TCP_FLAG_ACK, .seq = 5001 + at, .ack = our_nxt[i],
				 .window = 65535, .data = bytes, .size = size,
				 .peer_port = (uint16_t)(RIG_PEER_PORT + i)});
}

Test(tcp_ooo, tiny_pieces_that_adjoin_nothing_are_few)
{
	for (uint32_t k = 0; k < 100; k++)
		give(0, 10 + 2 * k, 1);
	cr_assert(r->receive.in_use == TINY_MAX);
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_memory) == 100 - TINY_MAX);
}

Test(tcp_ooo, tiny_pieces_that_adjoin_share_a_chunk)
{
	for (uint32_t k = 0; k < 100; k++)
		give(0, 10 + k, 1);
	cr_assert(r->receive.in_use == 1 && rig_stat(r, STAT_tcp_out_of_order) == 100);
}

Test(tcp_ooo, a_gap_that_nobody_fills_is_forgotten)
{
	give(0, 100, LARGE);
	rig_wait_ms(r, AGE_MS / 2);
	give(1, 100, LARGE);
	rig_wait_ms(r, AGE_MS / 2 + 100);
	cr_assert(!(conns[0]->flags & CONN_GAP) && (conns[1]->flags & CONN_GAP));
	cr_assert(rig_stat(r, STAT_tcp_early_dropped) == 1);
	give(0, 0, 100);
	cr_assert(rig_last(r)->h.ack == 5101, "what was forgotten was never acknowledged");
}

Test(tcp_ooo, a_gap_that_was_filled_does_not_age_the_next)
{
	give(0, 100, LARGE);
	give(0, 0, 100);
	rig_wait_ms(r, AGE_MS - 1000);
	give(0, 2 * LARGE, LARGE);
	rig_wait_ms(r, 2000);
	cr_assert(conns[0]->flags & CONN_GAP);
}

/* As many as there may be, and one more. */
Test(tcp_ooo, younger_early_bytes_take_the_place_of_older_ones)
{
	give(0, 100, LARGE);
	rig_wait_ms(r, 10);
	give(1, 100, LARGE);
	rig_take_chunks(&r->receive, r->receive.count / 8, &others);
	give(2, 100, LARGE);
	cr_assert(!(conns[0]->flags & CONN_GAP), "the oldest");
	cr_assert((conns[1]->flags & CONN_GAP) && (conns[2]->flags & CONN_GAP));
}

Test(tcp_ooo, of_the_oldest_the_one_that_holds_most_goes)
{
	give(0, 100, 100);
	for (uint32_t k = 0; k < 8; k++)
		give(1, 100 + 2 * LARGE * k, LARGE);
	rig_take_chunks(&r->receive, r->receive.count / 8, &others);
	give(2, 100, 100);
	cr_assert((conns[0]->flags & CONN_GAP) && !(conns[1]->flags & CONN_GAP));
}

/* Early bytes fill the memory; a frame in two segments, the first of which its session leaves. */
Test(tcp_ooo, bytes_in_order_have_memory_whatever_came_early)
{
	for (unsigned i = 0; i < PEERS - 1; i++)
		for (uint32_t k = 0; k < 20; k++)
			give(i, 100 + 2 * LARGE * k, LARGE);
	rig_take_chunks(&r->receive, 192, &others);
	r->consumes = false;
	give(PEERS - 1, 0, LARGE);
	cr_assert(conns[PEERS - 1]->rcv_nxt == 5001 + LARGE);
	cr_assert(rig_last(r)->h.ack == 5001 + LARGE);
	cr_assert(rig_stat(r, STAT_tcp_early_dropped) > 0);
}

Test(tcp_ooo, early_bytes_of_a_connection_that_is_lost_are_not_looked_for)
{
	give(0, 100, LARGE);
	rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = 5001,
				 .peer_port = RIG_PEER_PORT});
	rig_wait_ms(r, AGE_MS + 100);
	cr_assert(rig_stat(r, STAT_tcp_early_dropped) == 0 && r->receive.in_use == 0);
}
