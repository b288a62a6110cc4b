/* test_tcp_handshake.c - LISTEN and SYN-RECEIVED: who gets in, with what options, and
 * what the others are told. */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { SYN_ACK = TCP_FLAG_SYN | TCP_FLAG_ACK };

static const uint8_t all_options[] = {2, 4,  0x05, 0xb4, 1, 3,  3, 9, 1, 1,
				      8, 10, 0,    0,    0, 42, 0, 0, 0, 0};

static struct seg syn(uint32_t isn, uint16_t peer_port)
{
	return (struct seg){.flags = TCP_FLAG_SYN,
			    .seq = isn,
			    .window = 1000,
			    .peer_port = peer_port};
}

Test(tcp_handshake, a_bare_syn_gets_an_mss_and_nothing_it_did_not_offer)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, syn(7, 0));
	const struct sent *s = rig_last(r);
	cr_assert(r->sent_count == 1 && s->h.flags == SYN_ACK && s->h.ack == 8);
	cr_assert(s->h.has_mss && s->h.mss == 1460 && s->h.header_bytes == 24);
	cr_assert(!s->h.has_window_scale && !s->h.has_timestamps);
	cr_assert(tcp_connections(r->t) == 0 && r->t->half_open.in_use == 1);
	rig_free(r);
}

Test(tcp_handshake, options_are_answered_and_the_window_of_a_syn_is_not_scaled)
{
	struct tcp_options o = rig_options();
	o.settings.receive_buffer_bytes = 1 << 20;
	struct rig *r = rig_new(o);
	struct tcp_conn *c = rig_open_with(r, 100, all_options, sizeof all_options);
	cr_assert(c->snd_scale == 9 && c->rcv_scale == 5);
	cr_assert(c->mss == 1448 && (c->flags & CONN_TIMESTAMPS) && c->ts_recent == 42);
	cr_assert(c->rcv_adv - c->rcv_nxt == 65535, "not scaled in our SYN-ACK");
	cr_assert(c->snd_wnd == 65535u << 9, "scaled from the final ACK on");
	rig_give(r, rig_data(r, "x", 1));
	cr_assert((uint32_t)rig_last(r)->h.window << 5 == 1 << 16, "scaled from then on");
	cr_assert(rig_last(r)->h.has_timestamps && rig_last(r)->h.ts_echo == 42);
	rig_free(r);
}

/* RFC 7323 2.2: whoever does not know the option takes the field for what it says. */
Test(tcp_handshake, the_window_of_a_peer_that_offered_no_scale_is_not_scaled)
{
	struct tcp_options o = rig_options();
	o.settings.receive_buffer_bytes = 1 << 20;
	struct rig *r = rig_new(o);
	struct tcp_conn *c = rig_open(r);
	cr_assert(c->rcv_scale == 0 && c->snd_scale == 0);
	rig_give(r, rig_data(r, "x", 1));
	cr_assert(rig_last(r)->h.window > 0);
	cr_assert(c->rcv_adv - c->rcv_nxt == rig_last(r)->h.window);
	rig_free(r);
}

struct mss_case {
	uint8_t options[4];
	uint8_t size;
	uint16_t mss;
};

Test(tcp_handshake, the_peers_mss_is_defaulted_raised_and_capped)
{
	static const struct mss_case cases[] = {
		{{0}, 0, 536},
		{{2, 4, 0, 0}, 4, 536},
		{{2, 4, 0, 1}, 4, TCP_MSS_MIN},
		{{2, 4, 0, 48}, 4, TCP_MSS_MIN},
		{{2, 4, 0x04, 0xd8}, 4, 1240},
		{{2, 4, 0xff, 0xff}, 4, 1460},
	};
	for (unsigned i = 0; i < array_len(cases); i++) {
		struct rig *r = rig_new(rig_options());
		struct tcp_conn *c = rig_open_with(r, 1, cases[i].options, cases[i].size);
		cr_assert(c->mss == cases[i].mss, "case %u: %u", i, c->mss);
		rig_free(r);
	}
}

Test(tcp_handshake, the_same_syn_again_gets_the_same_syn_ack)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, syn(7, 0));
	uint32_t iss = rig_last(r)->h.seq;
	r->now_ns += 300 * NS_PER_MS;
	rig_give(r, syn(7, 0));
	cr_assert(r->sent_count == 1 && rig_last(r)->h.flags == SYN_ACK);
	cr_assert(rig_last(r)->h.seq == iss && r->t->half_open.in_use == 1);
	rig_free(r);
}

Test(tcp_handshake, another_syn_does_not_end_a_handshake_under_way)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, syn(7, 0));
	uint32_t iss = rig_last(r)->h.seq;
	rig_give(r, syn(700000, 0));
	cr_assert(r->sent_count == 1 && rig_last(r)->h.flags == TCP_FLAG_ACK);
	cr_assert(rig_last(r)->h.ack == 8 && rig_last(r)->h.seq == iss + 1, "RFC 5961 4");
	rig_give(r, (struct seg){.flags = TCP_FLAG_ACK, .seq = 8, .ack = iss + 1, .window = 1});
	cr_assert(tcp_connections(r->t) == 1);
	rig_free(r);
}

Test(tcp_handshake, another_syn_starts_anew_when_the_first_was_given_up)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, syn(7, 0));
	rig_wait_ms(r, 1001);
	rig_give(r, syn(700000, 0));
	cr_assert(rig_last(r)->h.flags == SYN_ACK && rig_last(r)->h.ack == 700001);
	cr_assert(r->t->half_open.in_use == 1);
	rig_free(r);
}

Test(tcp_handshake, a_lost_syn_ack_is_sent_again_with_backoff_and_then_forgotten)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, syn(7, 0));
	uint32_t iss = rig_last(r)->h.seq;
	static const uint64_t waits_ms[] = {1001, 2001, 4001, 8001};
	for (unsigned i = 0; i < array_len(waits_ms); i++) {
		rig_wait_ms(r, waits_ms[i] - 20);
		cr_assert(rig_stat(r, STAT_tcp_retransmits) == i, "not before its time");
		rig_wait_ms(r, 20);
		cr_assert(rig_stat(r, STAT_tcp_retransmits) == i + 1);
		cr_assert(rig_last(r)->h.seq == iss && rig_last(r)->h.flags == SYN_ACK);
	}
	rig_wait_ms(r, 16001);
	cr_assert(r->t->half_open.in_use == 0 && r->t->table.used == 0);
	rig_free(r);
}

/* All five of its final ACKs were lost, and then it has something to say. */
Test(tcp_handshake, a_peer_whose_entry_has_gone_is_told_at_once_and_may_come_again)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, syn(7, 0));
	uint32_t iss = rig_last(r)->h.seq;
	rig_wait_ms(r, 31100);
	cr_assert(r->t->half_open.in_use == 0);
	rig_give(r, (struct seg){.flags = TCP_FLAG_ACK,
				 .seq = 8,
				 .ack = iss + 1,
				 .window = 100,
				 .data = "late",
				 .size = 4});
	cr_assert(r->sent_count == 1 && rig_last(r)->h.flags == TCP_FLAG_RST);
	cr_assert(rig_last(r)->h.seq == iss + 1 && tcp_connections(r->t) == 0);
	rig_give(r, syn(1000, 0));
	cr_assert(rig_last(r)->h.flags == SYN_ACK);
	rig_free(r);
}

Test(tcp_handshake, the_final_ack_may_carry_data_and_fin)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, syn(7, 0));
	rig_give(r, (struct seg){.flags = TCP_FLAG_ACK | TCP_FLAG_FIN,
				 .seq = 8,
				 .ack = rig_last(r)->h.seq + 1,
				 .window = 100,
				 .data = "all",
				 .size = 3});
	cr_assert(r->events & STREAM_OPENED);
	cr_assert(r->received_bytes == 3 && rig_last(r)->h.ack == 12);
	rig_turn(r);
	cr_assert(r->events & STREAM_ENDED);
	rig_free(r);
}

Test(tcp_handshake, data_completes_it_when_the_final_ack_was_lost)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, syn(7, 0));
	rig_give(r, (struct seg){.flags = TCP_FLAG_ACK,
				 .seq = 8,
				 .ack = rig_last(r)->h.seq + 1,
				 .window = 100,
				 .data = "later",
				 .size = 5});
	cr_assert(tcp_connections(r->t) == 1 && r->received_bytes == 5);
	rig_free(r);
}

Test(tcp_handshake, data_on_the_syn_is_not_taken_and_comes_again)
{
	struct rig *r = rig_new(rig_options());
	struct seg s = syn(7, 0);
	s.data = "early";
	s.size = 5;
	rig_give(r, s);
	cr_assert(rig_last(r)->h.ack == 8);
	rig_give(r, (struct seg){.flags = TCP_FLAG_ACK,
				 .seq = 8,
				 .ack = rig_last(r)->h.seq + 1,
				 .window = 100,
				 .data = "early",
				 .size = 5});
	cr_assert(r->received_bytes == 5);
	rig_free(r);
}

Test(tcp_handshake, a_wrong_acknowledgement_gets_a_reset_and_the_entry_stays)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, syn(7, 0));
	uint32_t iss = rig_last(r)->h.seq;
	rig_give(r,
		 (struct seg){
			 .flags = TCP_FLAG_ACK, .seq = 8, .ack = iss + 2, .window = 1});
	cr_assert(rig_last(r)->h.flags == TCP_FLAG_RST && rig_last(r)->h.seq == iss + 2);
	rig_give(r,
		 (struct seg){
			 .flags = TCP_FLAG_ACK, .seq = 8, .ack = iss + 1, .window = 1});
	cr_assert(tcp_connections(r->t) == 1);
	rig_free(r);
}

Test(tcp_handshake, a_reset_frees_the_entry_only_with_the_exact_number)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, syn(7, 0));
	rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = 5});
	cr_assert(r->sent_count == 0 && r->t->half_open.in_use == 1);
	rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = 100});
	cr_assert(rig_last(r)->h.flags == TCP_FLAG_ACK && r->t->half_open.in_use == 1);
	rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = 8});
	cr_assert(r->t->half_open.in_use == 0 && r->t->table.used == 0);
	rig_free(r);
}

Test(tcp_handshake, beyond_the_connection_limit_syns_and_final_acks_wait)
{
	struct tcp_options o = rig_options();
	o.settings.connections_max = 1;
	struct rig *r = rig_new(o);
	rig_give(r, syn(7, 1000));
	uint32_t ack = rig_last(r)->h.seq + 1;
	struct tcp_conn *c = rig_open(r);
	rig_give(r, (struct seg){.flags = TCP_FLAG_ACK,
				 .seq = 8,
				 .ack = ack,
				 .window = 9,
				 .peer_port = 1000});
	cr_assert(r->sent_count == 0 && tcp_connections(r->t) == 1);
	rig_give(r, syn(7, 1001));
	cr_assert(r->sent_count == 0);
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_connections) == 2);
	stream_close(&c->stream, STREAM_CLOSE_RESET);
	rig_turn(r);
	rig_give(r, (struct seg){.flags = TCP_FLAG_ACK,
				 .seq = 8,
				 .ack = ack,
				 .window = 9,
				 .peer_port = 1000});
	cr_assert(tcp_connections(r->t) == 1, "there is room now");
	rig_free(r);
}

struct stray {
	uint8_t flags;
	uint32_t size;
	uint8_t answer; /* flags, 0: silence */
	uint32_t seq;
	uint32_t ack;
};

Test(tcp_handshake, segments_of_no_connection_get_the_reset_of_the_rfc)
{
	static const struct stray strays[] = {
		{TCP_FLAG_ACK, 0, TCP_FLAG_RST, 77, 0},
		{TCP_FLAG_ACK | TCP_FLAG_FIN, 4, TCP_FLAG_RST, 77, 0},
		{SYN_ACK, 0, TCP_FLAG_RST, 77, 0},
		{TCP_FLAG_SYN, 0, TCP_FLAG_RST | TCP_FLAG_ACK, 0, 1001},
		{TCP_FLAG_SYN, 6, TCP_FLAG_RST | TCP_FLAG_ACK, 0, 1007},
		{TCP_FLAG_FIN, 2, TCP_FLAG_RST | TCP_FLAG_ACK, 0, 1003},
		{TCP_FLAG_RST, 0, 0, 0, 0},
		{TCP_FLAG_RST | TCP_FLAG_ACK, 0, 0, 0, 0},
	};
	struct rig *r = rig_new(rig_options());
	for (unsigned i = 0; i < array_len(strays); i++) {
		const struct stray *s = &strays[i];
		rig_give(r, (struct seg){.flags = s->flags,
					 .seq = 1000,
					 .ack = 77,
					 .data = "abcdef",
					 .peer_port = (uint16_t)(1000 + i),
					 .size = s->size,
					 .local_port = 81});
		cr_assert(r->sent_count == (s->answer ? 1u : 0u), "stray %u", i);
		if (!s->answer)
			continue;
		cr_assert(rig_last(r)->h.flags == s->answer, "stray %u", i);
		cr_assert(rig_last(r)->h.seq == s->seq && rig_last(r)->h.ack == s->ack);
	}
	cr_assert(rig_stat(r, STAT_packet_drop_no_listener) == array_len(strays));
	rig_free(r);
}

Test(tcp_handshake, a_lone_fin_at_a_listener_is_dropped)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, (struct seg){.flags = TCP_FLAG_FIN, .seq = 1000});
	cr_assert(r->sent_count == 0, "RFC 9293 3.10.7.2, fourth step");
	cr_assert(rig_stat(r, STAT_packet_drop_no_listener) == 1);
	tcp_refuse(r->t);
	rig_give(r, (struct seg){.flags = TCP_FLAG_FIN, .seq = 1000});
	cr_assert(r->sent_count == 1 && rig_last(r)->h.ack == 1001, "CLOSED answers it");
	rig_free(r);
}

Test(tcp_handshake, nonsense_is_dropped_and_counted)
{
	struct rig *r = rig_new(rig_options());
	static const uint8_t flags[] = {0, TCP_FLAG_PSH | TCP_FLAG_URG,
					TCP_FLAG_SYN | TCP_FLAG_FIN,
					TCP_FLAG_SYN | TCP_FLAG_RST, 0x3f};
	for (unsigned i = 0; i < array_len(flags); i++)
		rig_give(r, (struct seg){.flags = flags[i], .seq = 1});
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_header) == array_len(flags));
	struct seg land = syn(1, RIG_PORT);
	rig_put(r, land);
	r->pkts[0].from.address = r->ip.address;
	rig_turn(r);
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_header) == array_len(flags) + 1);
	cr_assert(r->sent_count == 0 && r->t->half_open.in_use == 0);
	rig_free(r);
}

Test(tcp_handshake, while_draining_syns_and_final_acks_are_reset)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, syn(7, 1000));
	uint32_t ack = rig_last(r)->h.seq + 1;
	tcp_refuse(r->t);
	rig_give(r, syn(7, 1001));
	cr_assert(rig_last(r)->h.flags == (TCP_FLAG_RST | TCP_FLAG_ACK) &&
		  rig_last(r)->h.ack == 8);
	rig_give(r,
		 (struct seg){
			 .flags = TCP_FLAG_ACK, .seq = 8, .ack = ack, .peer_port = 1000});
	cr_assert(rig_last(r)->h.flags == TCP_FLAG_RST && rig_last(r)->h.seq == ack);
	cr_assert(r->t->half_open.in_use == 0 && tcp_connections(r->t) == 0);
	rig_free(r);
}

Test(tcp_handshake, initial_sequence_numbers_cannot_be_foretold)
{
	struct rig *r = rig_new(rig_options());
	struct rig *other = rig_new(rig_options());
	enum { NUMBERS = 10000 };
	uint32_t previous = 0, same_step = 0, last_step = 0, high_bits[16] = {0};
	for (unsigned i = 0; i < NUMBERS; i++) {
		struct seg s = syn(i, (uint16_t)(1000 + i % 50000));
		rig_give(r, s);
		rig_give(other, s);
		uint32_t isn = rig_last(r)->h.seq;
		cr_assert(isn != rig_last(other)->h.seq, "restarts differ");
		same_step += isn - previous == last_step;
		last_step = isn - previous;
		previous = isn;
		high_bits[isn >> 28]++;
		struct seg rst = {
			.flags = TCP_FLAG_RST, .seq = i + 1, .peer_port = s.peer_port};
		rig_give(r, rst);
		rig_give(other, rst);
	}
	cr_assert(same_step < 3, "no linear relation between neighbours");
	for (unsigned i = 0; i < 16; i++)
		cr_assert(high_bits[i] > NUMBERS / 16 / 2 &&
			  high_bits[i] < NUMBERS / 16 * 2);
	rig_free(r);
	rig_free(other);
}

Test(tcp_handshake, numbers_of_one_tuple_grow_with_the_clock)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, syn(1, 0));
	uint32_t first = rig_last(r)->h.seq;
	rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = 2});
	r->now_ns += NS_PER_S;
	rig_give(r, syn(1, 0));
	cr_assert(rig_last(r)->h.seq - first == 250000, "4 us each (RFC 6528)");
	rig_free(r);
}
