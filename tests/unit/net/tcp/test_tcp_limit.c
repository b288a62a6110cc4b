/* test_tcp_limit.c - how often those are answered who have no connection: each name a few times a
 * second, as often as nobody can foretell, and none of them at the cost of others. */
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

static bool is_about(unsigned count, unsigned average)
{
	return count >= average / 2 && count <= average / 2 + average;
}

/* A key that the test knows: what is drawn is the same in each run, and the addresses below have
 * counters of their own. */
static struct rig *rig_with_key(void)
{
	struct rig *r = rig_new(rig_options());
	memset(&r->t->limit.key, 1, sizeof r->t->limit.key);
	return r;
}

Test(tcp_limit, one_name_gets_few_resets_a_second)
{
	struct rig *r = rig_with_key();
	unsigned all = 0;
	for (unsigned second = 0; second < 30; second++) {
		unsigned resets = 0;
		for (unsigned i = 0; i < ASKED; i++)
			resets += stray(r, 7, 1000);
		cr_assert(is_about(resets, TCP_ANSWERS_PER_SECOND), "%u", resets);
		cr_assert(stray(r, 7, 1001) == 1, "another port is another name");
		all += resets;
		next_second(r);
	}
	cr_assert(rig_stat(r, STAT_tcp_answers_withheld) == 30 * ASKED - all);
	rig_free(r);
}

/* CVE-2016-5696: one who forges a segment and then uses up whatever he can, from as many addresses
 * as he has, gets what he would have got had that segment belonged to a connection. */
Test(tcp_limit, cve_2016_5696_a_forged_name_leaves_no_trace_in_what_others_get)
{
	struct rig *forged = rig_with_key(), *not_forged = rig_with_key();
	for (unsigned second = 0; second < 4; second++) {
		strays(forged, 7, 10);
		strays(not_forged, 7, 10);
		for (unsigned i = 0; i < 1000; i++)
			stray(forged, 8, (uint16_t)(1000 + i));
		for (uint16_t address = 20; address < 30; address++)
			cr_assert(strays(forged, address, 2 * TCP_RESETS_PER_SECOND) ==
				  strays(not_forged, address, 2 * TCP_RESETS_PER_SECOND));
		next_second(forged);
		next_second(not_forged);
	}
	rig_free(forged);
	rig_free(not_forged);
}

/* CVE-2016-5696, of one who has the victim's own address: he uses up what it has, and does not
 * know how much it was. */
Test(tcp_limit, cve_2016_5696_what_an_address_gets_cannot_be_foretold)
{
	struct rig *r = rig_with_key();
	unsigned seen[24], different = 0;
	for (unsigned i = 0; i < array_len(seen); i++) {
		seen[i] = strays(r, (uint16_t)(7 + i % 3), 3 * TCP_RESETS_PER_SECOND);
		cr_assert(is_about(seen[i], TCP_RESETS_PER_SECOND), "%u", seen[i]);
		unsigned before = 0;
		while (before < i && seen[before] != seen[i])
			before++;
		different += before == i;
		if (i % 3 == 2)
			next_second(r);
	}
	cr_assert(different >= array_len(seen) - 3, "a lot for each, in each second");
	rig_free(r);
}

Test(tcp_limit, who_has_used_up_his_resets_has_used_up_nobody_elses)
{
	struct rig *r = rig_with_key();
	strays(r, 7, 3 * TCP_RESETS_PER_SECOND);
	unsigned others = 0;
	for (uint16_t i = 0; i < 20; i++)
		others += stray(r, (uint16_t)(1000 + i), 1000);
	cr_assert(others >= 19, "but who meets the greedy one in a counter: %u", others);
	rig_free(r);
}

Test(tcp_limit, a_name_that_is_not_answered_uses_up_nothing_of_its_address)
{
	struct rig *r = rig_with_key();
	for (unsigned i = 0; i < 3 * TCP_RESETS_PER_SECOND; i++)
		stray(r, 7, 1000);
	cr_assert(strays(r, 7, TCP_RESETS_PER_SECOND / 4) == TCP_RESETS_PER_SECOND / 4);
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
		cr_assert(is_about(sent, TCP_ANSWERS_PER_SECOND), "%u: %u", i, sent);
		next_second(r);
		sent = answers(r, asking[i]);
		cr_assert(sent >= TCP_ANSWERS_PER_SECOND / 2 && r->t->half_open.in_use == 1);
		rig_free(r);
	}
}

/* A connection in TIME-WAIT. */
static struct rig *reach_time_wait(void)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_to_time_wait(r, c);
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
		cr_assert(is_about(sent, TCP_ANSWERS_PER_SECOND), "%u: %u", i, sent);
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
