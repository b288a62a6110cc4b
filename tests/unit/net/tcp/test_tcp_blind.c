/* test_tcp_blind.c - those who guess, and those who forgot: RFC 5961 challenges, PAWS, a
 * rebooted device that uses its old port, malformed options on a live connection. */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct seg with_timestamp(struct rig *r, uint32_t value, uint8_t *options)
{
	struct seg s = rig_ack(r);
	static const uint8_t form[12] = {1, 1, 8, 10};
	memcpy(options, form, sizeof form);
	be32_store(options + 4, value);
	s.options = options;
	s.options_bytes = 12;
	return s;
}

static struct tcp_conn *open_with_timestamp(struct rig *r, uint32_t value)
{
	uint8_t options[12] = {1, 1, 8, 10};
	be32_store(options + 4, value);
	return rig_open_with(r, 5000, options, sizeof options);
}

Test(tcp_blind, a_reset_in_the_window_is_challenged_with_our_own_numbers)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = r->peer_nxt + 1});
	cr_assert(r->sent_count == 1 && rig_last(r)->h.flags == TCP_FLAG_ACK);
	cr_assert(rig_last(r)->h.seq == r->our_nxt && rig_last(r)->h.ack == r->peer_nxt);
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_blind) == 1);
	rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = r->peer_nxt});
	cr_assert(tcp_connections(r->t) == 0);
	rig_free(r);
}

Test(tcp_blind, challenges_are_few_per_second_and_connection)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	unsigned answers = 0;
	for (unsigned i = 0; i < 100; i++) {
		rig_give(r,
			 (struct seg){.flags = TCP_FLAG_RST, .seq = r->peer_nxt + 1 + i});
		answers += r->sent_count;
		rig_give(r, (struct seg){.flags = TCP_FLAG_SYN, .seq = i * 77});
		answers += r->sent_count;
	}
	cr_assert(answers == TCP_CHALLENGES_PER_SECOND, "%u", answers);
	rig_give(r, (struct seg){.flags = TCP_FLAG_SYN, .seq = 9, .peer_port = 9});
	uint32_t ack = rig_last(r)->h.seq + 1;
	rig_give(r,
		 (struct seg){
			 .flags = TCP_FLAG_ACK, .seq = 10, .ack = ack, .peer_port = 9});
	rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = 11, .peer_port = 9});
	cr_assert(r->sent_count == 1, "another connection has its own budget");
	r->now_ns += NS_PER_S;
	rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = r->peer_nxt + 1});
	cr_assert(r->sent_count == 1);
	rig_free(r);
}

Test(tcp_blind, data_is_served_though_challenges_are_exhausted)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	for (unsigned i = 0; i < 20; i++)
		rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = r->peer_nxt + 1});
	rig_give(r, rig_data(r, "data", 4));
	cr_assert(r->sent_count == 1 && rig_last(r)->h.ack == r->peer_nxt);
	rig_free(r);
}

Test(tcp_blind, a_rebooted_device_gets_in_after_insisting)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	uint32_t old_ack = r->peer_nxt;
	struct seg syn = {.flags = TCP_FLAG_SYN, .seq = 99000000, .window = 500};
	for (unsigned i = 0; i < 3; i++) {
		rig_give(r, syn);
		cr_assert(rig_last(r)->h.flags == TCP_FLAG_ACK &&
			  rig_last(r)->h.ack == old_ack);
		r->now_ns += 1100 * NS_PER_MS;
	}
	cr_assert(tcp_connections(r->t) == 1);
	rig_give(r, syn);
	cr_assert(rig_last(r)->h.flags == (TCP_FLAG_SYN | TCP_FLAG_ACK));
	cr_assert(rig_last(r)->h.ack == syn.seq + 1);
	rig_turn(r);
	cr_assert((r->events & STREAM_LOST) && tcp_connections(r->t) == 0);
	cr_assert(rig_stat(r, STAT_tcp_restarts) == 1 && rig_stat(r, STAT_tcp_timeouts) == 0);
	rig_free(r);
}

Test(tcp_blind, a_rebooted_device_that_resets_as_it_should_gets_in_at_once)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	struct seg syn = {.flags = TCP_FLAG_SYN, .seq = 99000000, .window = 500};
	rig_give(r, syn);
	rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = rig_last(r)->h.ack});
	rig_give(r, syn);
	cr_assert(rig_last(r)->h.flags == (TCP_FLAG_SYN | TCP_FLAG_ACK));
	rig_free(r);
}

Test(tcp_blind, forged_syns_do_not_end_a_connection_whose_peer_lives)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	struct seg syn = {.flags = TCP_FLAG_SYN, .seq = 99000000, .window = 500};
	for (unsigned i = 0; i < 20; i++) {
		rig_give(r, syn);
		cr_assert(r->sent_count == 1 && rig_last(r)->h.flags == TCP_FLAG_ACK);
		bool is_probe = rig_last(r)->h.seq == r->our_nxt - 1;
		if (is_probe)
			rig_give(r, rig_ack(r));
		r->now_ns += 2 * NS_PER_S;
	}
	cr_assert(tcp_connections(r->t) == 1 && !(r->events & STREAM_LOST));
	rig_free(r);
}

/* One who first uses up the challenges, and then insists: the probes that would tell on him were
 * held back. */
Test(tcp_blind, nine_blind_syns_do_not_end_a_connection_that_is_idle)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	struct seg syn = {.flags = TCP_FLAG_SYN, .seq = 99000000, .window = 500};
	unsigned probes = 0;
	for (unsigned i = 0; i < 12; i++) {
		for (unsigned k = 0; k < TCP_CHALLENGES_PER_SECOND; k++)
			rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = r->peer_nxt + 1});
		rig_give(r, syn);
		bool is_probe = r->sent_count && rig_last(r)->h.seq == r->our_nxt - 1;
		probes += is_probe;
		if (is_probe)
			rig_give(r, rig_ack(r));
		r->now_ns += NS_PER_S;
	}
	cr_assert(tcp_connections(r->t) == 1 && !(r->events & STREAM_LOST));
	cr_assert(probes >= 5, "every second SYN: %u", probes);
	rig_free(r);
}

Test(tcp_blind, a_flood_of_one_syn_has_its_peer_asked_twice_a_second)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	unsigned probes = 0;
	for (unsigned i = 0; i < 290; i++) {
		rig_give(r, (struct seg){.flags = TCP_FLAG_SYN, .seq = 99000000});
		probes += r->sent_count && rig_last(r)->h.seq == r->our_nxt - 1;
		r->now_ns += 10 * NS_PER_MS;
	}
	cr_assert(probes == 5 && tcp_connections(r->t) == 1, "%u", probes);
	rig_free(r);
}

/* How often it is answered in a second, when it is repeated a hundred times. */
static unsigned answers_to(struct rig *r, struct seg s)
{
	unsigned answers = 0;
	r->now_ns += NS_PER_S - r->now_ns % NS_PER_S;
	for (unsigned i = 0; i < 100; i++) {
		rig_give(r, s);
		answers += r->sent_count;
		r->now_ns += NS_PER_MS;
	}
	return answers;
}

Test(tcp_blind, data_outside_the_window_is_not_answered_without_limit)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	struct seg s = rig_data(r, "data", 4);
	rig_give(r, s);
	cr_assert(answers_to(r, s) == TCP_REPEATS_PER_SECOND, "what came already");
	s.seq = r->peer_nxt + 65535;
	cr_assert(answers_to(r, s) == TCP_REPEATS_PER_SECOND, "what is too early");
	s.seq = r->peer_nxt + 1000000;
	cr_assert(answers_to(r, s) == TCP_CHALLENGES_PER_SECOND, "anybody's guess");
	s.seq = r->peer_nxt - 1000000;
	cr_assert(answers_to(r, s) == TCP_CHALLENGES_PER_SECOND);
	s.seq = r->peer_nxt - 4;
	rig_give(r, s);
	cr_assert(r->sent_count == 1, "which keeps no answer from the peer's own");
	cr_assert(rig_stat(r, STAT_tcp_answers_withheld) ==
		  400 - 2 * (TCP_REPEATS_PER_SECOND + TCP_CHALLENGES_PER_SECOND));
	rig_free(r);
}

Test(tcp_blind, syns_that_come_too_fast_or_differ_are_not_believed)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	for (unsigned i = 0; i < 50; i++)
		rig_give(r, (struct seg){.flags = TCP_FLAG_SYN,
					 .seq = 99000000,
					 .window = 500});
	cr_assert(tcp_connections(r->t) == 1);
	for (unsigned i = 0; i < 50; i++) {
		r->now_ns += NS_PER_S;
		rig_give(r, (struct seg){.flags = TCP_FLAG_SYN,
					 .seq = i * 1000,
					 .window = 500});
	}
	cr_assert(tcp_connections(r->t) == 1);
	rig_free(r);
}

Test(tcp_blind, an_old_timestamp_is_dropped_and_answered)
{
	static const uint32_t starts[] = {1000, 0x7ffffff0, 0xfffffff0, 0};
	for (unsigned i = 0; i < array_len(starts); i++) {
		struct rig *r = rig_new(rig_options());
		struct tcp_conn *c = open_with_timestamp(r, starts[i]);
		uint8_t options[12];
		struct seg s = with_timestamp(r, starts[i] + 20, options);
		s.data = "new";
		s.size = 3;
		rig_give(r, s);
		r->peer_nxt += 3;
		cr_assert(c->ts_recent == starts[i] + 20 && r->received_bytes == 3);
		s = with_timestamp(r, starts[i] + 19, options);
		s.data = "old";
		s.size = 3;
		rig_give(r, s);
		cr_assert(r->received_bytes == 3 && r->sent_count == 1);
		cr_assert(rig_last(r)->h.ack == r->peer_nxt);
		cr_assert(rig_stat(r, STAT_packet_drop_tcp_paws) == 1);
		rig_free(r);
	}
}

Test(tcp_blind, a_reset_is_not_subject_to_paws)
{
	struct rig *r = rig_new(rig_options());
	open_with_timestamp(r, 1000);
	uint8_t options[12];
	struct seg s = with_timestamp(r, 1, options);
	s.flags = TCP_FLAG_RST;
	rig_give(r, s);
	cr_assert(tcp_connections(r->t) == 0);
	rig_free(r);
}

Test(tcp_blind, after_24_days_of_silence_the_timestamp_is_taken_anew)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_with_timestamp(r, 1000);
	r->now_ns += 25ull * 86400 * NS_PER_S;
	uint8_t options[12];
	struct seg s = with_timestamp(r, 1000 + 0x90000000u, options);
	s.data = "x";
	s.size = 1;
	rig_give(r, s);
	cr_assert(r->received_bytes == 1 && c->ts_recent == 1000 + 0x90000000u);
	rig_free(r);
}

Test(tcp_blind, a_peer_may_stop_sending_timestamps)
{
	struct rig *r = rig_new(rig_options());
	open_with_timestamp(r, 1000);
	rig_give(r, rig_data(r, "plain", 5));
	cr_assert(r->received_bytes == 5 && rig_last(r)->h.has_timestamps);
	rig_free(r);
}

Test(tcp_blind, an_early_segment_does_not_move_the_timestamp)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_with_timestamp(r, 1000);
	uint8_t options[12];
	struct seg s = with_timestamp(r, 2000, options);
	s.seq += 100;
	s.data = "early";
	s.size = 5;
	rig_give(r, s);
	cr_assert(c->ts_recent == 1000 && rig_last(r)->h.ts_echo == 1000, "RFC 7323 4.3");
	rig_free(r);
}

/* Of the two numbers a stranger guesses the peer's, by a segment's length: it begins left of the
 * window and reaches into it. */
static void give_guess(struct rig *r, uint32_t ack, uint8_t flags)
{
	static const uint8_t forged[200];
	uint8_t options[12];
	struct seg s = with_timestamp(r, 0x70000000, options);
	s.seq -= 100;
	s.ack = ack;
	s.flags = flags;
	s.data = forged;
	s.size = sizeof forged;
	rig_give(r, s);
}

Test(tcp_blind, a_guess_left_of_the_window_does_not_move_the_timestamp)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_with_timestamp(r, 1000);
	give_guess(r, r->our_nxt + 1, TCP_FLAG_ACK);
	give_guess(r, r->our_nxt - 70000, TCP_FLAG_ACK);
	give_guess(r, r->our_nxt, TCP_FLAG_PSH | TCP_FLAG_FIN);
	give_guess(r, r->our_nxt, TCP_FLAG_RST);
	give_guess(r, r->our_nxt, TCP_FLAG_SYN);
	cr_assert(c->ts_recent == 1000 && r->received_bytes == 0);
	uint8_t options[12];
	struct seg s = with_timestamp(r, 1001, options);
	s.data = "real";
	s.size = 4;
	rig_give(r, s);
	cr_assert(r->received_bytes == 4 && rig_stat(r, STAT_packet_drop_tcp_paws) == 0);
	rig_free(r);
}

Test(tcp_blind, a_guess_is_no_sign_of_life)
{
	struct tcp_options o = rig_options();
	o.settings.keepalive_idle_ms = 120000;
	struct rig *r = rig_new(o);
	struct tcp_conn *c = open_with_timestamp(r, 1000);
	rig_wait_ms(r, 119000);
	give_guess(r, r->our_nxt + 1, TCP_FLAG_ACK);
	rig_wait_ms(r, 1100);
	cr_assert(c->keepalives_sent == 1, "its peer is asked");
	give_guess(r, r->our_nxt + 1, TCP_FLAG_ACK);
	cr_assert(c->keepalives_sent == 1);
	rig_wait_ms(r, 30100);
	cr_assert(tcp_connections(r->t) == 0);
	rig_free(r);
}

Test(tcp_blind, our_timestamps_have_an_offset_of_their_own_per_connection)
{
	struct rig *r = rig_new(rig_options());
	uint8_t options[12] = {1, 1, 8, 10, 0, 0, 0, 1};
	uint32_t values[2];
	for (uint16_t i = 0; i < 2; i++) {
		rig_give(r, (struct seg){.flags = TCP_FLAG_SYN,
					 .seq = 1,
					 .options = options,
					 .options_bytes = 12,
					 .peer_port = (uint16_t)(i + 1)});
		values[i] = rig_last(r)->h.ts_value;
	}
	cr_assert(values[0] != values[1]);
	rig_free(r);
}

/* Random options on segments of a live connection: it survives, and no segment is taken
 * but the valid ones (a sanitizer watches the reads). */
Test(tcp_blind, broken_options_never_end_a_live_connection)
{
	srandom(7);
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t options[40];
		struct seg s = rig_ack(r);
		s.options = options;
		s.options_bytes = (uint8_t)(random() % 11 * 4);
		for (unsigned k = 0; k < s.options_bytes; k++)
			options[k] = (uint8_t)(random() % 2 ? random() % 12 : random());
		bool is_wild = random() % 2;
		if (is_wild)
			s.seq = (uint32_t)random() * 2 + 70000 + r->peer_nxt;
		s.data = "x";
		s.size = 1;
		uint32_t ahead = s.seq - r->peer_nxt;
		rig_give(r, s);
		if (!is_wild)
			r->peer_nxt++;
		cr_assert(tcp_connections(r->t) == 1 && (!is_wild || ahead > 0));
	}
	cr_assert(r->received_bytes >= 9000);
	rig_free(r);
}

/* Anything at all, near the live numbers: nothing but a reset at rcv_nxt may end it. */
Test(tcp_blind, random_segments_leave_the_ledger_and_the_pools_balanced)
{
	srandom(11);
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = NULL;
	for (unsigned i = 0; i < 50000; i++) {
		if (tcp_connections(r->t) == 0 && r->t->half_open.in_use == 0 &&
		    r->t->waits.in_use == 0)
			c = rig_open(r);
		static const uint8_t bytes[1400];
		struct seg s = {.flags = (uint8_t)random(), .window = (uint16_t)random()};
		s.flags &= random() % 4 ? TCP_FLAG_ACK | TCP_FLAG_PSH : 0xff;
		s.seq = r->peer_nxt + (uint32_t)(random() % 4000) - 1000;
		s.ack = r->our_nxt + (uint32_t)(random() % 3000) - 1000;
		s.data = bytes;
		s.size = (uint32_t)(random() % 1400);
		rig_put(r, s);
		r->received_bytes = 0;
		if (random() % 3 && r->queued.count < PACKETS_PER_TURN)
			continue;
		if (random() % 50 == 0)
			rig_wait_ms(r, (uint64_t)(random() % 70000));
		rig_turn(r);
		if (c && r->stream && tcp_connections(r->t) == 1 && random() % 4 == 0 &&
		    stream_send_room(r->stream) > 100 && r->t->conns.in_use == 1 &&
		    tcp_stream(r->t, r->stream->handle) == r->stream)
			rig_send(r, r->stream, 100, 0);
	}
	rig_turn(r);
	rig_free(r);
}
