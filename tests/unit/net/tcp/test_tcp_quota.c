/* test_tcp_quota.c - how many connections there may be, in all, of a listener, of an address. */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { IRS = 7000, OTHER_PORT = 9093, OTHER_LISTENER = 6, MANY = 4 };

/* A peer: host 10.`net`.0.`host`, his port and ours (0: the rig's). */
struct peer {
	uint8_t net, host;
	uint16_t port, local_port;
};

static void give(struct rig *r, struct peer p, struct seg s)
{
	s.peer_port = p.port;
	s.local_port = p.local_port;
	rig_put(r, s);
	r->pkts[0].from.address.octets[13] = p.net;
	r->pkts[0].from.address.octets[15] = p.host;
	rig_turn(r);
}

static void give_syn(struct rig *r, struct peer p)
{
	give(r, p, (struct seg){.flags = TCP_FLAG_SYN, .seq = IRS, .window = 65535});
}

static struct seg last_step(const struct rig *r)
{
	return (struct seg){.flags = TCP_FLAG_ACK,
			    .seq = IRS + 1,
			    .ack = rig_last(r)->h.seq + 1,
			    .window = 1000};
}

static bool connects(struct rig *r, struct peer p)
{
	uint64_t accepted = rig_stat(r, STAT_tcp_accepted);
	give_syn(r, p);
	if (r->sent_count == 0 || (rig_last(r)->h.flags & TCP_FLAG_RST))
		return false;
	give(r, p, last_step(r));
	return rig_stat(r, STAT_tcp_accepted) == accepted + 1;
}

static void end(struct rig *r)
{
	stream_close(r->stream, STREAM_CLOSE_RESET);
	rig_turn(r);
}

Test(tcp_quota, beyond_max_connections_a_newcomer_waits)
{
	struct tcp_options o = rig_options();
	o.settings.max_connections = MANY;
	struct rig *r = rig_new(o);
	for (uint8_t net = 1; net <= MANY; net++)
		cr_assert(connects(r, (struct peer){net, 1, 1, 0}));
	cr_assert(!connects(r, (struct peer){9, 1, 1, 0}) && r->sent_count == 0, "not reset");
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_connections) == 1);
	end(r);
	cr_assert(connects(r, (struct peer){9, 1, 1, 0}));
	rig_wait_ms(r, 60000);
	cr_assert(connects(r, (struct peer){9, 1, 2, 0}) && rig_stat(r, STAT_tcp_evicted) == 1,
		  "and here, too, the longest silent gives way");
	cr_assert(tcp_connections(r->t) == MANY);
	rig_free(r);
}

Test(tcp_quota, a_listener_has_its_own_and_takes_from_itself)
{
	struct tcp_options o = rig_options();
	struct rig *r = rig_new(o);
	tcp_listen(r->t, OTHER_PORT, OTHER_LISTENER, MANY);
	cr_assert(connects(r, (struct peer){1, 1, 1, 0}), "of the rig's listener, and oldest");
	r->now_ns += NS_PER_S;
	for (uint8_t net = 1; net <= MANY; net++)
		cr_assert(connects(r, (struct peer){net, 1, 1, OTHER_PORT}));
	cr_assert(!connects(r, (struct peer){9, 1, 1, OTHER_PORT}));
	cr_assert(connects(r, (struct peer){9, 1, 1, 0}), "others are not concerned");
	rig_wait_ms(r, 60000);
	cr_assert(connects(r, (struct peer){9, 1, 1, OTHER_PORT}));
	cr_assert(rig_stat(r, STAT_tcp_evicted) == 1 && r->t->conns_of[5] == 2);
	cr_assert(r->t->conns_of[OTHER_LISTENER] == MANY);
	rig_free(r);
}

Test(tcp_quota, beyond_its_address_limit_a_newcomer_is_reset)
{
	struct tcp_options o = rig_options();
	o.settings.max_connections_per_ip = 2;
	o.settings.address_limits = 1;
	o.settings.address_limit[0] = (struct address_limit){0x0a070001, 3};
	struct rig *r = rig_new(o);
	for (uint16_t port = 1; port <= 4; port++) {
		cr_assert(connects(r, (struct peer){1, 1, port, 0}) == (port <= 2));
		cr_assert(connects(r, (struct peer){1, 2, port, 0}) == (port <= 2),
			  "an address, not a prefix");
		cr_assert(connects(r, (struct peer){7, 1, port, 0}) == (port <= 3));
	}
	cr_assert(rig_last(r)->h.flags == (TCP_FLAG_RST | TCP_FLAG_ACK));
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_per_ip) == 2 + 2 + 1);
	cr_assert(r->t->hosts.in_use == 3);
	end(r);
	cr_assert(connects(r, (struct peer){7, 1, 5, 0}), "one has ended");
	tcp_reset_all(r->t);
	rig_turn(r);
	cr_assert(r->t->hosts.in_use == 0 && r->t->host_table.used == 0);
	rig_free(r);
}

/* All begin before any is open. */
Test(tcp_quota, handshakes_under_way_do_not_pass_it)
{
	struct tcp_options o = rig_options();
	o.settings.max_connections_per_ip = 1;
	struct rig *r = rig_new(o);
	struct seg last[2];
	for (uint16_t port = 1; port <= 2; port++) {
		give_syn(r, (struct peer){1, 1, port, 0});
		last[port - 1] = last_step(r);
	}
	for (uint16_t port = 1; port <= 2; port++)
		give(r, (struct peer){1, 1, port, 0}, last[port - 1]);
	cr_assert(tcp_connections(r->t) == 1 && (rig_last(r)->h.flags & TCP_FLAG_RST));
	rig_free(r);
}

Test(tcp_quota, zero_is_for_those_only_who_are_named)
{
	struct tcp_options o = rig_options();
	o.settings.max_connections_per_ip = 0;
	o.settings.address_limits = 1;
	o.settings.address_limit[0] = (struct address_limit){0x0a070001, INT32_MAX};
	struct rig *r = rig_new(o);
	cr_assert(!connects(r, (struct peer){1, 1, 1, 0}));
	cr_assert(connects(r, (struct peer){7, 1, 1, 0}));
	rig_free(r);
}

Test(tcp_quota, without_a_limit_no_address_is_counted)
{
	struct rig *r = rig_new(rig_options());
	cr_assert(connects(r, (struct peer){1, 1, 1, 0}));
	cr_assert(r->t->hosts.objects == NULL && r->t->host_table.slots == NULL);
	rig_free(r);
}
