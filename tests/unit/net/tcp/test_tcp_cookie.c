/* test_tcp_cookie.c - more SYNs than there are entries for: who gets one, and who gets in
 * without (RFC 4987). */
#include "dataplane/net/tcp/tcp_rtt.h"
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum {
	SYN_ACK = TCP_FLAG_SYN | TCP_FLAG_ACK,
	ENTRIES = 16,    /* rig_options() */
	ORDINARY = 12,   /* of them, for any SYN */
	OF_A_PREFIX = 2, /* of these */
	IRS = 7000,
};

static const uint8_t all_options[] = {2, 4,  0x05, 0xb4, 1, 3,  3, 9, 1, 1,
				      8, 10, 0,    0,    0, 42, 0, 0, 0, 0};

/* From 10.`net`.0.2. */
static void give_from(struct rig *r, uint8_t net, struct seg s)
{
	rig_put(r, s);
	r->pkts[0].from.address.octets[13] = net;
	rig_turn(r);
}

static void give_syn(struct rig *r, uint8_t net, const uint8_t *options, uint8_t options_bytes)
{
	give_from(r, net,
		  (struct seg){.flags = TCP_FLAG_SYN,
			       .seq = IRS,
			       .window = 65535,
			       .options = options,
			       .options_bytes = options_bytes});
}

/* Strangers have all entries that they get. */
static void flood(struct rig *r)
{
	for (uint8_t net = 100; net < 100 + ENTRIES; net++)
		give_syn(r, net, NULL, 0);
	cr_assert(r->t->half_open.in_use == ORDINARY);
}

/* The last step, and the first bytes. `ack` as it should be, and `off` by how much it is not. */
static struct seg last_step(const struct rig *r, uint32_t off)
{
	return (struct seg){.flags = TCP_FLAG_ACK,
			    .seq = IRS + 1,
			    .ack = rig_last(r)->h.seq + 1 + off,
			    .window = 1000,
			    .data = "hello",
			    .size = 5};
}

Test(tcp_cookie, beyond_the_entries_syns_are_answered_and_nothing_is_kept)
{
	struct rig *r = rig_new(rig_options());
	flood(r);
	give_syn(r, 1, NULL, 0);
	cr_assert(r->sent_count == 1 && rig_last(r)->h.flags == SYN_ACK);
	cr_assert(rig_last(r)->h.ack == IRS + 1 && r->t->half_open.in_use == ORDINARY);
	cr_assert(r->t->table.used == ORDINARY);
	cr_assert(rig_stat(r, STAT_tcp_cookies_sent) == ENTRIES - ORDINARY + 1);
	give_from(r, 1, last_step(r, 0));
	cr_assert(tcp_connections(r->t) == 1 && (r->events & STREAM_OPENED));
	cr_assert(r->received_bytes == 5 && rig_last(r)->h.ack == IRS + 6);
	cr_assert(rig_stat(r, STAT_tcp_cookies_accepted) == 1);
	const struct tcp_conn *c = tcp_conn_of(r->stream);
	cr_assert(r->stream->listener == 5 && c->snd_wnd == 1000);
	cr_assert(c->cwnd > c->mss, "nothing was lost that we know of");
	rig_free(r);
}

Test(tcp_cookie, a_prefix_has_a_share_of_the_entries)
{
	struct rig *r = rig_new(rig_options());
	for (uint16_t port = 1000; port < 1010; port++) {
		rig_give(r, (struct seg){.flags = TCP_FLAG_SYN, .seq = IRS, .peer_port = port});
		cr_assert(r->sent_count == 1, "each is answered");
	}
	cr_assert(r->t->half_open.in_use == OF_A_PREFIX);
	give_syn(r, 1, NULL, 0);
	cr_assert(r->t->half_open.in_use == OF_A_PREFIX + 1, "others have theirs");
	rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = IRS + 1, .peer_port = 1000});
	rig_give(r, (struct seg){.flags = TCP_FLAG_SYN, .seq = IRS, .peer_port = 1010});
	cr_assert(r->t->half_open.in_use == OF_A_PREFIX + 1, "one was given back");
	rig_free(r);
}

Test(tcp_cookie, timestamps_carry_the_options)
{
	struct tcp_options o = rig_options();
	o.settings.receive_buffer_bytes = 1 << 20;
	struct rig *r = rig_new(o);
	flood(r);
	/* At every place of the clock within the bits that are taken from it. */
	for (uint8_t net = 1; net <= 40; net++) {
		r->now_ns += NS_PER_MS;
		give_syn(r, net, all_options, sizeof all_options);
		struct tcp_header syn_ack = rig_last(r)->h;
		cr_assert(syn_ack.has_window_scale && syn_ack.window_scale == 5);
		cr_assert(syn_ack.has_timestamps && syn_ack.ts_echo == 42);
		uint8_t echo[12] = {1, 1, 8, 10, 0, 0, 0, 43};
		be32_store(echo + 8, syn_ack.ts_value);
		struct seg last = last_step(r, 0);
		last.options = echo;
		last.options_bytes = sizeof echo;
		give_from(r, net, last);
		const struct tcp_conn *c = tcp_conn_of(r->stream);
		cr_assert(tcp_connections(r->t) == net);
		cr_assert(c->snd_scale == 9 && c->rcv_scale == 5 && c->snd_wnd == 1000u << 9);
		cr_assert(c->mss == 1448 && (c->flags & CONN_TIMESTAMPS) && c->ts_recent == 43);
		cr_assert((int32_t)(rig_last(r)->h.ts_value - syn_ack.ts_value) >= 0,
			  "a timestamp is never less than one before");
	}
	rig_free(r);
}

Test(tcp_cookie, without_timestamps_no_window_is_scaled)
{
	static const uint8_t mss_and_scale[] = {2, 4, 0x05, 0xb4, 1, 3, 3, 9};
	struct tcp_options o = rig_options();
	o.settings.receive_buffer_bytes = 1 << 20;
	struct rig *r = rig_new(o);
	flood(r);
	give_syn(r, 1, mss_and_scale, sizeof mss_and_scale);
	cr_assert(!rig_last(r)->h.has_window_scale && !rig_last(r)->h.has_timestamps);
	give_from(r, 1, last_step(r, 0));
	const struct tcp_conn *c = tcp_conn_of(r->stream);
	cr_assert(c->snd_scale == 0 && c->rcv_scale == 0 && c->snd_wnd == 1000);
	rig_free(r);
}

Test(tcp_cookie, the_mss_is_never_more_than_was_offered)
{
	static const uint16_t offered[] = {1, 88, 535, 536, 1240, 1380, 1430, 1459, 1460, 9000};
	static const uint16_t taken[] = {88, 88, 88, 536, 1220, 1360, 1430, 1452, 1460, 1460};
	for (unsigned i = 0; i < array_len(offered); i++) {
		struct rig *r = rig_new(rig_options());
		uint8_t option[4] = {2, 4, (uint8_t)(offered[i] >> 8), (uint8_t)offered[i]};
		flood(r);
		give_syn(r, 1, option, sizeof option);
		give_from(r, 1, last_step(r, 0));
		cr_assert(tcp_conn_of(r->stream)->mss == taken[i], "%u", offered[i]);
		rig_free(r);
	}
}

Test(tcp_cookie, it_opens_for_its_own_name_and_numbers_only)
{
	struct rig *r = rig_new(rig_options());
	flood(r);
	give_syn(r, 1, NULL, 0);
	struct sent syn_ack = *rig_last(r);
	static const struct {
		uint8_t net;
		uint16_t port;
		uint32_t ack_off;
	} wrong[] = {{2, 0, 0}, {1, 4242, 0}, {1, 0, 1}, {1, 0, 8}, {1, 0, 1u << 31}};
	for (unsigned i = 0; i < array_len(wrong); i++) {
		r->sent[0] = syn_ack;
		r->sent_count = 1;
		struct seg s = last_step(r, wrong[i].ack_off);
		s.peer_port = wrong[i].port;
		uint64_t early = rig_stat(r, STAT_packet_drop_tcp_early);
		give_from(r, wrong[i].net, s);
		cr_assert(tcp_connections(r->t) == 0, "%u", i);
		/* One in 1,024 looks as if it had overtaken another. */
		if (rig_stat(r, STAT_packet_drop_tcp_early) > early)
			continue;
		cr_assert(rig_last(r)->h.flags == TCP_FLAG_RST && rig_last(r)->h.seq == s.ack);
	}
	uint32_t guess = 1;
	for (unsigned i = 0; i < 100000; i++) {
		guess = guess * 1664525 + 1013904223;
		rig_give(r, (struct seg){.flags = TCP_FLAG_ACK, .seq = IRS + 1, .ack = guess});
	}
	cr_assert(tcp_connections(r->t) == 0, "28 bits cannot be guessed");
	rig_free(r);
}

/* Nobody knows where the stream of such a segment begins; its peer is no stranger, either. */
Test(tcp_cookie, what_overtakes_the_last_step_is_neither_taken_nor_reset)
{
	struct rig *r = rig_new(rig_options());
	flood(r);
	give_syn(r, 1, NULL, 0);
	struct seg last = last_step(r, 0);
	static const uint32_t offs[] = {5, 1448, UINT32_MAX};
	for (unsigned i = 0; i < array_len(offs); i++) {
		struct seg s = last;
		s.seq += offs[i];
		r->sent_count = 0;
		give_from(r, 1, s);
		cr_assert(r->sent_count == 0 && tcp_connections(r->t) == 0);
	}
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_early) == 3);
	give_from(r, 1, last);
	cr_assert(tcp_connections(r->t) == 1 && r->received_bytes == 5);
	rig_free(r);
}

/* The reset would be for the peer, who has the handshake behind him. */
Test(tcp_cookie, a_syn_ack_before_the_last_step_does_not_end_the_handshake)
{
	struct rig *r = rig_new(rig_options());
	flood(r);
	give_syn(r, 1, NULL, 0);
	struct seg last = last_step(r, 0);
	r->sent_count = 0;
	give_from(r, 1, (struct seg){.flags = SYN_ACK, .seq = IRS + 20000, .ack = last.ack});
	cr_assert(r->sent_count == 0 && tcp_connections(r->t) == 0);
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_early) == 1);
	give_from(r, 1, last);
	cr_assert(tcp_connections(r->t) == 1 && r->received_bytes == 5);
	rig_free(r);
}

/* Each would be without the bytes before it. */
Test(tcp_cookie, it_opens_for_the_first_byte_and_no_later_one)
{
	struct rig *r = rig_new(rig_options());
	flood(r);
	give_syn(r, 1, NULL, 0);
	struct seg s = last_step(r, 0);
	for (unsigned i = 0; i < 1 << 17; i++) {
		s.seq++;
		give_from(r, 1, s);
		cr_assert(tcp_connections(r->t) == 0, "%u bytes further on", i + 1);
	}
	rig_free(r);
}

/* RFC 6298 2.1; three seconds are for a handshake that is known to have been repeated (5.7). */
Test(tcp_cookie, its_first_timeout_is_a_second)
{
	struct rig *r = rig_new(rig_options());
	flood(r);
	give_syn(r, 1, NULL, 0);
	give_from(r, 1, last_step(r, 0));
	cr_assert(tcp_connections(r->t) == 1);
	const struct tcp_conn *c = container_of(r->stream, struct tcp_conn, stream);
	cr_assert(tcp_rto_ms(r->t, c) >= 990 && tcp_rto_ms(r->t, c) <= 1000);
	rig_free(r);
}

Test(tcp_cookie, it_lasts_for_a_while)
{
	static const uint64_t waits_s[] = {0, 31, 65};
	for (unsigned i = 0; i < array_len(waits_s); i++) {
		struct rig *r = rig_new(rig_options());
		flood(r);
		give_syn(r, 1, NULL, 0);
		struct seg s = last_step(r, 0);
		r->now_ns += waits_s[i] * NS_PER_S;
		give_from(r, 1, s);
		bool is_good = waits_s[i] < 65;
		cr_assert(tcp_connections(r->t) == is_good, "after %lu s", waits_s[i]);
		/* The others' entries end in the same turn, in silence or not. */
		const struct sent *answer = is_good ? rig_last(r) : &r->sent[0];
		cr_assert(answer->h.flags == (is_good ? TCP_FLAG_ACK : TCP_FLAG_RST));
		rig_free(r);
	}
}

/* Two periods later the bit that tells periods apart is the same again. */
Test(tcp_cookie, an_old_one_is_not_taken_for_a_new_one)
{
	struct rig *r = rig_new(rig_options());
	flood(r);
	give_syn(r, 1, NULL, 0);
	struct seg s = last_step(r, 0);
	r->now_ns += 64 * NS_PER_S;
	r->now_ns += NS_PER_S;
	for (uint8_t net = 100; net < 100 + ENTRIES; net++)
		give_syn(r, net, NULL, 0);
	cr_assert(r->t->cookies_until_s > r->t->now_s, "they are looked for");
	give_from(r, 1, s);
	cr_assert(tcp_connections(r->t) == 0);
	rig_free(r);
}

/* An entry became free between a SYN and its copy: the peer has seen one of two answers. */
Test(tcp_cookie, whichever_answer_to_a_syn_the_peer_has_seen_opens)
{
	for (unsigned sees_cookie = 0; sees_cookie < 2; sees_cookie++) {
		struct rig *r = rig_new(rig_options());
		flood(r);
		give_syn(r, 1, NULL, 0);
		struct seg by_cookie = last_step(r, 0);
		give_from(r, 100, (struct seg){.flags = TCP_FLAG_RST, .seq = IRS + 1});
		give_syn(r, 1, NULL, 0);
		struct seg by_entry = last_step(r, 0);
		cr_assert(r->t->half_open.in_use == ORDINARY && by_entry.ack != by_cookie.ack);
		if (sees_cookie) {
			struct seg ahead = by_cookie;
			ahead.seq += 5;
			r->sent_count = 0;
			give_from(r, 1, ahead);
			cr_assert(r->sent_count == 0, "what overtakes it is not reset");
		}
		give_from(r, 1, sees_cookie ? by_cookie : by_entry);
		cr_assert(tcp_connections(r->t) == 1 && r->received_bytes == 5);
		cr_assert(rig_last(r)->h.flags == TCP_FLAG_ACK);
		cr_assert(r->t->half_open.in_use == ORDINARY - 1, "the entry is given back");
		give_syn(r, 1, NULL, 0);
		cr_assert(tcp_connections(r->t) == 1 && !(rig_last(r)->h.flags & TCP_FLAG_RST));
		rig_free(r);
	}
}

/* And when the entry was first and is forgotten by now. */
Test(tcp_cookie, a_syn_that_comes_on_after_its_entry_has_gone_opens)
{
	struct rig *r = rig_new(rig_options());
	give_syn(r, 1, NULL, 0);
	rig_wait_ms(r, 31500);
	cr_assert(r->t->half_open.in_use == 0);
	flood(r);
	give_syn(r, 1, NULL, 0);
	give_from(r, 1, last_step(r, 0));
	cr_assert(tcp_connections(r->t) == 1 && r->received_bytes == 5);
	rig_free(r);
}

/* The network, or somebody who has seen it, brings the last step again when its connection has
 * ended: its bytes have been taken once. */
Test(tcp_cookie, it_opens_once)
{
	struct rig *r = rig_new(rig_options());
	flood(r);
	struct seg lasts[8];
	for (uint8_t net = 1; net <= 8; net++) {
		give_syn(r, net, NULL, 0);
		lasts[net - 1] = last_step(r, 0);
		give_from(r, net, lasts[net - 1]);
		cr_assert(tcp_connections(r->t) == 1);
		stream_close(r->stream, STREAM_CLOSE_RESET);
		rig_turn(r);
	}
	for (uint8_t net = 1; net <= 8; net++) {
		give_from(r, net, lasts[net - 1]);
		cr_assert(tcp_connections(r->t) == 0, "%u", net);
	}
	cr_assert(rig_stat(r, STAT_tcp_cookies_accepted) == 8 && r->received_bytes == 8 * 5);
	give_syn(r, 1, NULL, 0);
	cr_assert(rig_last(r)->h.seq + 1 == lasts[0].ack, "the same SYN, the same numbers");
	give_from(r, 1, (struct seg){.flags = TCP_FLAG_SYN, .seq = IRS + 1000});
	struct seg anew = last_step(r, 0);
	anew.seq += 1000;
	give_from(r, 1, anew);
	cr_assert(tcp_connections(r->t) == 1, "his next connection is another thing");
	rig_free(r);
}

Test(tcp_cookie, while_all_connections_are_taken_the_last_step_waits)
{
	struct tcp_options o = rig_options();
	o.settings.connections_max = 16;
	struct rig *r = rig_new(o);
	flood(r);
	give_syn(r, 1, NULL, 0);
	struct seg waiting = last_step(r, 0);
	for (uint8_t net = 2; net < 2 + 16; net++) {
		give_syn(r, net, NULL, 0);
		give_from(r, net, last_step(r, 0));
	}
	cr_assert(tcp_connections(r->t) == 16);
	give_from(r, 1, waiting);
	cr_assert(r->sent_count == 0, "no reset: its data comes again");
	stream_close(r->stream, STREAM_CLOSE_RESET);
	rig_turn(r);
	give_from(r, 1, waiting);
	cr_assert(tcp_connections(r->t) == 16 && rig_last(r)->h.ack == IRS + 6);
	rig_free(r);
}

/* Its numbers must begin behind the old ones, which no cookie can promise. */
Test(tcp_cookie, who_comes_from_time_wait_gets_an_entry)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_to_time_wait(r, c);
	flood(r);
	rig_give(r, (struct seg){.flags = TCP_FLAG_SYN, .seq = r->peer_nxt + 100000});
	cr_assert(rig_last(r)->h.flags == SYN_ACK && r->t->half_open.in_use == ORDINARY + 1);
	cr_assert((int32_t)(rig_last(r)->h.seq - r->our_nxt) > 0);
	rig_free(r);
}

Test(tcp_cookie, while_draining_it_opens_nothing)
{
	struct rig *r = rig_new(rig_options());
	flood(r);
	give_syn(r, 1, NULL, 0);
	struct seg s = last_step(r, 0);
	tcp_refuse(r->t);
	give_from(r, 1, s);
	cr_assert(rig_last(r)->h.flags == TCP_FLAG_RST && tcp_connections(r->t) == 0);
	rig_free(r);
}
