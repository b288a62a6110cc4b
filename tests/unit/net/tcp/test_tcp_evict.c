/* test_tcp_evict.c - all connections are taken: who gives way to whom. */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { ALL = 16, IRS = 7000, NEWCOMER = 99 };

/* From 10.`net`.0.2. */
static void put(struct rig *r, uint8_t net, uint16_t port, struct seg s)
{
	s.peer_port = port;
	rig_put(r, s);
	r->pkts[r->queued.count - 1].from.address.octets[13] = net;
}

static void give(struct rig *r, uint8_t net, uint16_t port, struct seg s)
{
	put(r, net, port, s);
	rig_turn(r);
}

static struct seg syn(void)
{
	return (struct seg){.flags = TCP_FLAG_SYN, .seq = IRS, .window = 65535};
}

/* The last step, and a byte, behind the SYN-ACK that was sent last. */
static struct seg last_step(const struct rig *r)
{
	return (struct seg){.flags = TCP_FLAG_ACK,
			    .seq = IRS + 1,
			    .ack = rig_last(r)->h.seq + 1,
			    .window = 1000,
			    .data = "x",
			    .size = 1};
}

/* Connects and says something; true: it got in. */
static bool connects(struct rig *r, uint8_t net, uint16_t port)
{
	uint64_t accepted = rig_stat(r, STAT_tcp_accepted);
	give(r, net, port, syn());
	if (r->sent_count == 0)
		return false;
	give(r, net, port, last_step(r));
	return rig_stat(r, STAT_tcp_accepted) == accepted + 1;
}

static bool lives(const struct rig *r, uint8_t net, uint16_t port)
{
	uint32_t index = 0;
	for (struct tcp_conn *c; (c = slab_next(&r->t->conns, &index));)
		if (c->stream.peer.address.octets[13] == net && c->stream.peer.port == port)
			return c->state == TCP_STATE_ESTABLISHED;
	return false;
}

static struct rig *rig_small(void)
{
	struct tcp_options o = rig_options();
	o.settings.connections_max = ALL;
	return rig_new(o);
}

Test(tcp_evict, the_source_with_most_gives_its_longest_silent)
{
	struct rig *r = rig_small();
	cr_assert(connects(r, 2, 1000), "a vehicle, silent for longer than all others");
	r->now_ns += NS_PER_S;
	for (uint16_t port = 1; port < ALL; port++) {
		cr_assert(connects(r, 1, port));
		r->now_ns += NS_PER_MS;
	}
	cr_assert(connects(r, NEWCOMER, 1));
	cr_assert(!lives(r, 1, 1) && lives(r, 1, 2) && lives(r, 2, 1000));
	cr_assert(tcp_connections(r->t) == ALL && rig_stat(r, STAT_tcp_evicted) == 1);
	cr_assert(connects(r, NEWCOMER, 2) && !lives(r, 1, 2) && lives(r, 1, 3));
	rig_free(r);
}

/* More than are looked at: what a source has is an estimate. */
Test(tcp_evict, a_source_does_not_take_from_who_has_less_than_twice_as_much)
{
	enum { MANY = 2 * TCP_SAMPLE };
	struct tcp_options o = rig_options();
	o.settings.connections_max = MANY;
	struct rig *r = rig_new(o);
	for (uint16_t i = 0; i < MANY; i++)
		cr_assert(connects(r, i % 16 < 9 ? 1 : NEWCOMER, (uint16_t)(1000 + i)));
	cr_assert(!connects(r, NEWCOMER, 1) && rig_stat(r, STAT_tcp_evicted) == 0);
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_connections) == 1);
	rig_free(r);
}

/* A third of all is not enough for who would have a half. */
Test(tcp_evict, where_all_are_looked_at_two_sources_come_to_have_as_many_but_one)
{
	struct tcp_options o = rig_options();
	o.settings.connections_max = ALL - 1;
	struct rig *r = rig_new(o);
	for (uint16_t port = 0; port < ALL - 1; port++)
		cr_assert(connects(r, port < 11 ? 1 : NEWCOMER, (uint16_t)(1000 + port)));
	for (uint16_t port = 1; port <= 3; port++)
		cr_assert(connects(r, NEWCOMER, port), "%u", port);
	cr_assert(!connects(r, NEWCOMER, 4) && !connects(r, 1, 4), "nor is it taken back");
	cr_assert(rig_stat(r, STAT_tcp_evicted) == 3);
	rig_free(r);
}

Test(tcp_evict, a_fleet_behind_one_address_keeps_what_it_uses)
{
	struct rig *r = rig_small();
	for (uint16_t port = 1; port <= ALL; port++)
		cr_assert(connects(r, 1, port));
	cr_assert(!connects(r, 1, 100));
	rig_wait_ms(r, 60000);
	cr_assert(connects(r, 1, 100) && rig_stat(r, STAT_tcp_evicted) == 1);
	rig_free(r);
}

Test(tcp_evict, of_many_sources_the_longest_silent_gives_way_after_a_minute)
{
	struct rig *r = rig_small();
	for (uint8_t net = 1; net <= ALL; net++) {
		cr_assert(connects(r, net, 1));
		r->now_ns += NS_PER_MS;
	}
	rig_wait_ms(r, 59000);
	cr_assert(!connects(r, NEWCOMER, 1) && tcp_connections(r->t) == ALL);
	rig_wait_ms(r, 1000);
	cr_assert(connects(r, NEWCOMER, 1) && !lives(r, 1, 1) && lives(r, 2, 1));
	rig_free(r);
}

/* What was seen is kept for a millisecond, what follows from it is another thing for each. */
Test(tcp_evict, who_is_refused_does_not_speak_for_others)
{
	struct rig *r = rig_small();
	for (uint16_t port = 1; port <= ALL; port++)
		cr_assert(connects(r, 1, port));
	r->now_ns += NS_PER_MS;
	give(r, 1, 100, syn());
	cr_assert(r->sent_count == 0, "of the source that has all");
	give(r, NEWCOMER, 1, syn());
	cr_assert(r->sent_count == 1);
	give(r, 1, 101, syn());
	cr_assert(r->sent_count == 0);
	rig_free(r);
}

Test(tcp_evict, copies_of_a_last_step_take_one_place)
{
	struct rig *r = rig_small();
	for (uint16_t port = 1; port <= ALL; port++)
		cr_assert(connects(r, 1, port));
	give(r, NEWCOMER, 1, syn());
	struct seg last = last_step(r);
	for (unsigned i = 0; i < 5; i++)
		put(r, NEWCOMER, 1, last);
	rig_turn(r);
	give(r, NEWCOMER, 1, last);
	cr_assert(lives(r, NEWCOMER, 1) && rig_stat(r, STAT_tcp_evicted) == 1);
	cr_assert(tcp_connections(r->t) == ALL);
	rig_free(r);
}

/* More in one turn than there are places kept for it: the rest comes again. */
Test(tcp_evict, a_turn_of_newcomers_finds_places_while_the_port_takes_nothing)
{
	enum { MANY = TCP_CONNS_SPARE + 8, TABLE = 64 };
	struct tcp_options o = rig_options();
	o.settings.connections_max = TABLE;
	struct rig *r = rig_new(o);
	struct seg lasts[MANY];
	for (uint8_t net = 0; net < MANY; net++) {
		give(r, 100 + net, 1, syn());
		lasts[net] = last_step(r);
	}
	for (uint16_t port = 1; port <= TABLE; port++)
		cr_assert(connects(r, 1, port));
	r->buffers_left = 0;
	for (uint8_t net = 0; net < MANY; net++)
		give(r, 100 + net, 1, lasts[net]);
	cr_assert(tcp_connections(r->t) == TABLE + TCP_CONNS_SPARE);
	r->buffers_left = UINT32_MAX;
	rig_turn(r);
	cr_assert(tcp_connections(r->t) == TABLE);
	cr_assert(rig_stat(r, STAT_tcp_evicted) == TCP_CONNS_SPARE);
	rig_free(r);
}

Test(tcp_evict, who_has_most_takes_nothing_from_others)
{
	struct rig *r = rig_small();
	for (uint8_t net = 2; net < 6; net++)
		cr_assert(connects(r, net, 1), "silent from now on");
	rig_wait_ms(r, 60000);
	for (uint16_t port = 5; port <= ALL; port++)
		cr_assert(connects(r, 1, port));
	cr_assert(!connects(r, 1, 100) && rig_stat(r, STAT_tcp_evicted) == 0);
	cr_assert(connects(r, NEWCOMER, 1) && !lives(r, 1, 5) && lives(r, 2, 1));
	rig_wait_ms(r, 60000);
	cr_assert(connects(r, 1, 101) && !lives(r, 1, 6), "it has silent ones of its own now");
	for (uint8_t net = 2; net < 6; net++)
		cr_assert(lives(r, net, 1));
	rig_free(r);
}

Test(tcp_evict, a_source_is_a_prefix)
{
	struct rig *r = rig_small();
	cr_assert(connects(r, 2, 1000));
	for (uint8_t host = 1; host < ALL; host++) {
		put(r, 1, 1, syn());
		r->pkts[0].from.address.octets[15] = host;
		rig_turn(r);
		put(r, 1, 1, last_step(r));
		r->pkts[0].from.address.octets[15] = host;
		rig_turn(r);
	}
	cr_assert(tcp_connections(r->t) == ALL);
	cr_assert(connects(r, NEWCOMER, 1) && lives(r, 2, 1000));
	cr_assert(!connects(r, 1, 100), "nor does a new host of it get more");
	rig_free(r);
}

/* Who has not shown that he is there ends nobody's connection. */
Test(tcp_evict, a_syn_alone_takes_nothing)
{
	struct rig *r = rig_small();
	for (uint16_t port = 1; port <= ALL; port++)
		cr_assert(connects(r, 1, port));
	for (uint8_t net = 50; net < 150; net++)
		give(r, net, 1, syn());
	cr_assert(tcp_connections(r->t) == ALL && rig_stat(r, STAT_tcp_evicted) == 0);
	rig_free(r);
}

Test(tcp_evict, of_many_connections_a_sample_finds_the_source_with_most)
{
	struct tcp_options o = rig_options();
	o.settings.connections_max = 200;
	struct rig *r = rig_new(o);
	for (uint16_t i = 0; i < 200; i++)
		cr_assert(connects(r, i % 4 ? 1 : (uint8_t)(2 + i), i));
	for (uint16_t i = 0; i < 20; i++)
		cr_assert(connects(r, NEWCOMER + 150, (uint16_t)(5000 + i)));
	uint32_t index = 0, of_most = 0;
	for (struct tcp_conn *c; (c = slab_next(&r->t->conns, &index));)
		of_most += c->stream.peer.address.octets[13] == 1;
	cr_assert(of_most == 150 - 20, "%u", of_most);
	rig_free(r);
}
