/* test_tcp_limit.c - how often those are answered who have no connection: each name a few times a
 * second, all of them as often as nobody can foretell, none of them at the cost of the others. */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { CLOSED_PORT = 81, ASKED = 20 };

/* A segment for which there is no connection, from `address` (its last octets). */
static unsigned stray(struct rig *r, uint16_t address, uint16_t port)
{
	rig_put(r, (struct seg){
			   .flags = TCP_FLAG_ACK, .local_port = CLOSED_PORT, .peer_port = port});
	be16_store(r->pkts[0].from.address.octets + 14, address);
	rig_turn(r);
	return r->sent_count;
}

static unsigned strays(struct rig *r, uint16_t address, unsigned count)
{
	unsigned resets = 0;
	for (unsigned i = 0; i < count; i++)
		resets += stray(r, address, (uint16_t)(1 + i));
	return resets;
}

static void next_second(struct rig *r)
{
	r->now_ns += NS_PER_S;
}

/* Gives it ASKED times, at once; how often it was answered. */
static unsigned answers(struct rig *r, struct seg s)
{
	unsigned sent = 0;
	for (unsigned i = 0; i < ASKED; i++) {
		rig_give(r, s);
		sent += r->sent_count;
	}
	return sent;
}

Test(tcp_limit, one_name_gets_few_resets_a_second)
{
	struct rig *r = rig_new(rig_options());
	for (unsigned second = 0; second < 3; second++) {
		unsigned resets = 0;
		for (unsigned i = 0; i < ASKED; i++)
			resets += stray(r, 7, 1000);
		cr_assert(resets == TCP_ANSWERS_PER_SECOND, "%u", resets);
		cr_assert(stray(r, 7, 1001) == 1, "another port is another name");
		next_second(r);
	}
	cr_assert(rig_stat(r, STAT_tcp_answers_withheld) ==
		  3 * (ASKED - TCP_ANSWERS_PER_SECOND));
	rig_free(r);
}

/* CVE-2016-5696: of what all share, a forged name uses up next to nothing. */
Test(tcp_limit, a_forged_name_leaves_no_trace_in_what_others_get)
{
	struct rig *r = rig_new(rig_options());
	stray(r, 7, 1000);
	uint32_t left = r->t->limit.resets_left;
	for (unsigned i = 0; i < 1000; i++)
		stray(r, 8, 1000);
	cr_assert(left - r->t->limit.resets_left == TCP_ANSWERS_PER_SECOND);
	rig_free(r);
}

/* CVE-2016-5696: what all share cannot be counted down. */
Test(tcp_limit, all_get_so_many_resets_a_second_as_nobody_can_foretell)
{
	struct rig *r = rig_new(rig_options());
	unsigned first = 0, different = 0;
	for (unsigned second = 0; second < 8; second++) {
		unsigned resets = 0;
		for (unsigned i = 0; i < 4 * TCP_RESETS_PER_SECOND; i++)
			resets += stray(r, (uint16_t)(i * 7919), (uint16_t)(1 + i));
		cr_assert(resets <= TCP_RESETS_PER_SECOND * 3 / 2, "%u", resets);
		cr_assert(resets >= TCP_RESETS_PER_SECOND / 2 * 9 / 10, "%u", resets);
		first = second ? first : resets;
		different += resets != first;
		next_second(r);
	}
	cr_assert(different >= 6, "a lot of its own for each second");
	rig_free(r);
}

Test(tcp_limit, who_has_most_resets_leaves_as_many_to_the_others)
{
	struct rig *r = rig_new(rig_options());
	unsigned greedy = strays(r, 7, 3 * TCP_RESETS_PER_SECOND);
	cr_assert(greedy <= TCP_RESETS_PER_SECOND * 3 / 4, "%u", greedy);
	cr_assert(greedy >= TCP_RESETS_PER_SECOND / 4, "a fleet may have one address: %u", greedy);
	unsigned others = 0;
	for (uint16_t i = 0; i < 20; i++)
		others += stray(r, (uint16_t)(1000 + i), 1000);
	cr_assert(others >= 19, "but who meets the greedy one in a counter: %u", others);
	rig_free(r);
}

Test(tcp_limit, a_half_open_peer_is_answered_a_few_times_a_second)
{
	static const struct seg asking[] = {
		{.flags = TCP_FLAG_SYN, .seq = 7},               /* the same again */
		{.flags = TCP_FLAG_RST, .seq = 100},             /* in the window */
		{.flags = TCP_FLAG_ACK, .seq = 500000},          /* beyond it */
		{.flags = TCP_FLAG_ACK, .seq = 8, .ack = 12345}, /* of nothing we sent */
	};
	for (unsigned i = 0; i < array_len(asking); i++) {
		struct rig *r = rig_new(rig_options());
		rig_give(r, (struct seg){.flags = TCP_FLAG_SYN, .seq = 7});
		unsigned sent = answers(r, asking[i]);
		cr_assert(sent == TCP_ANSWERS_PER_SECOND, "%u: %u", i, sent);
		next_second(r);
		sent = answers(r, asking[i]);
		cr_assert(sent >= TCP_ANSWERS_PER_SECOND && r->t->half_open.in_use == 1);
		rig_free(r);
	}
}

/* A connection in TIME-WAIT. */
static struct rig *reach_time_wait(void)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_turn(r);
	r->our_nxt++;
	struct seg fin = rig_ack(r);
	fin.flags |= TCP_FLAG_FIN;
	rig_give(r, fin);
	r->peer_nxt++;
	cr_assert(r->t->waits.in_use == 1 && r->sent_count == 1);
	next_second(r);
	return r;
}

Test(tcp_limit, in_time_wait_a_peer_is_answered_a_few_times_a_second)
{
	struct rig *r = reach_time_wait();
	struct seg asking[] = {
		{.flags = TCP_FLAG_FIN | TCP_FLAG_ACK, .seq = r->peer_nxt - 1},
		{.flags = TCP_FLAG_ACK, .seq = r->peer_nxt + 5, .data = "data", .size = 4},
		{.flags = TCP_FLAG_SYN, .seq = r->peer_nxt - 5000},
	};
	for (unsigned i = 0; i < array_len(asking); i++) {
		unsigned sent = answers(r, asking[i]);
		cr_assert(sent == TCP_ANSWERS_PER_SECOND, "%u: %u", i, sent);
		next_second(r);
	}
	rig_free(r);
}

/* RFC 9293 3.10.7.4, eighth step: the FIN that was acknowledged, and no other. */
Test(tcp_limit, only_the_peers_own_fin_prolongs_time_wait)
{
	struct rig *r = reach_time_wait();
	struct seg fin = {.flags = TCP_FLAG_FIN | TCP_FLAG_ACK};
	for (unsigned i = 0; i < 70; i++) {
		fin.seq = r->peer_nxt + i * 1000;
		rig_give(r, fin);
		rig_wait_ms(r, 1000);
	}
	cr_assert(r->t->waits.in_use == 0, "strangers do not");
	rig_free(r);
}
