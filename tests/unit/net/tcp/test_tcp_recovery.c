/* test_tcp_recovery.c - segments that were lost, as duplicate acknowledgements tell: what is sent
 * again, how often, and what else they let out (RFC 5681, 6582). */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { MSS = 1460 };

/* Acknowledgements of nothing new, each in a turn of its own. */
static void give_duplicates(struct rig *r, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		rig_give_ack(r, 0, 65535);
}

Test(tcp_recovery, three_duplicates_resend_the_hole_and_two_let_new_data_out)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_and_send(r, 20 * MSS);
	cr_assert(r->sent_count == 10);
	for (unsigned i = 0; i < 2; i++) {
		rig_give_ack(r, 0, 65535);
		cr_assert(r->sent_count == 1 && rig_offset(r, 0) == (10 + i) * MSS,
			  "RFC 3042");
	}
	rig_give_ack(r, 0, 65535);
	cr_assert(r->sent_count == 1 && rig_offset(r, 0) == 0 && r->sent[0].size == MSS);
	cr_assert(c->ssthresh == 6 * MSS && (c->flags & CONN_RECOVERY));
	cr_assert(c->cwnd == 9 * MSS, "ssthresh and the three that left");
	give_duplicates(r, 9);
	cr_assert(c->snd_max - c->snd_una > 12 * MSS, "inflation lets new segments out");
	uint32_t flight = c->snd_max - c->snd_una;
	rig_give_ack(r, flight, 65535);
	cr_assert(!(c->flags & CONN_RECOVERY) && c->cwnd <= c->ssthresh);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == 1);
	rig_free(r);
}

Test(tcp_recovery, a_partial_acknowledgement_resends_the_next_hole_at_once)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_and_send(r, 10 * MSS);
	give_duplicates(r, 3);
	cr_assert(rig_offset(r, 0) == 0 && r->sent_count == 1);
	rig_give_ack(r, 4 * MSS, 65535);
	cr_assert(r->sent_count == 1 && rig_offset(r, 0) == 0 && r->sent[0].size == MSS);
	rig_check_payload(&r->sent[0], 4 * MSS);
	cr_assert(c->flags & CONN_RECOVERY);
	rig_give_ack(r, 6 * MSS, 65535);
	cr_assert(!(c->flags & CONN_RECOVERY));
	rig_free(r);
}

Test(tcp_recovery, window_updates_and_data_are_no_duplicates)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_and_send(r, 10 * MSS);
	for (uint16_t i = 0; i < 5; i++) {
		rig_give_ack(r, 0, (uint16_t)(60000 + i));
		rig_give(r, rig_data(r, "x", 1));
	}
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == 0 && !(c->flags & CONN_RECOVERY));
	rig_free(r);
}

Test(tcp_recovery, after_a_timeout_duplicates_of_old_flights_do_not_resend_again)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_and_send(r, 10 * MSS);
	rig_wait_ms(r, 201);
	uint64_t resent = rig_stat(r, STAT_tcp_retransmits);
	give_duplicates(r, 4);
	cr_assert(!(c->flags & CONN_RECOVERY), "RFC 6582: recover guards");
	cr_assert(rig_stat(r, STAT_tcp_retransmits) <= resent + 2);
	rig_free(r);
}

/* RFC 6582 4.1: they say that what was sent again had come, not that what follows is lost. */
Test(tcp_recovery, duplicates_of_a_flight_that_was_sent_again_do_not_resend_the_next)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_send(r, &c->stream, 10 * MSS, 0);
	rig_turn(r);
	rig_wait_ms(r, 201);
	rig_give_ack(r, 10 * MSS, 65535);
	rig_send(r, &c->stream, 3 * MSS, 0);
	rig_turn(r);
	uint64_t resent = rig_stat(r, STAT_tcp_retransmits);
	give_duplicates(r, 3);
	cr_assert(!(c->flags & CONN_RECOVERY) && rig_stat(r, STAT_tcp_retransmits) == resent);
	rig_free(r);
}

/* A connection with all the window there is, and `bytes` to send: ten segments are out. */
static struct tcp_conn *open_wide_and_send(struct rig *r, uint32_t bytes)
{
	static const uint8_t options[8] = {2, 4, 0x05, 0xb4, 1, 3, 3, 7};
	struct tcp_conn *c = rig_open_with(r, 5000, options, sizeof options);
	rig_send(r, &c->stream, bytes, 0);
	rig_turn(r);
	cr_assert(r->sent_count == 10);
	return c;
}

Test(tcp_recovery, duplicates_release_no_more_than_was_in_flight_at_the_loss)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_wide_and_send(r, 300 * MSS);
	uint32_t in_flight = 12 * MSS; /* two more by limited transmit */
	give_duplicates(r, 2000);
	cr_assert(c->snd_max - c->snd_una == in_flight + in_flight / 2);
	rig_give_ack(r, MSS, 65535);
	give_duplicates(r, 2000);
	cr_assert(c->snd_max - c->snd_una <= in_flight + in_flight / 2, "nor a partial one");
	cr_assert(c->flags & CONN_RECOVERY);
	rig_free(r);
}

Test(tcp_recovery, duplicates_of_one_turn_release_no_more_than_was_in_flight_at_the_loss)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_wide_and_send(r, 300 * MSS);
	for (unsigned i = 0; i < PACKETS_PER_TURN; i++)
		rig_put(r, rig_ack(r));
	rig_turn(r);
	cr_assert(r->sent_count == 1 + 5, "the hole, and half of ten: %u", r->sent_count);
	cr_assert(c->snd_max - c->snd_una == 15 * MSS);
	rig_free(r);
}

Test(tcp_recovery, acknowledgements_of_a_byte_do_not_have_the_hole_sent_again_each_time)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_wide_and_send(r, 10 * MSS);
	give_duplicates(r, 3);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == 1);
	for (unsigned i = 0; i < MSS - 1; i++)
		rig_give_ack(r, 1, 65535);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == 1, "it is on its way");
	rig_give_ack(r, 1, 65535);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == 2 && rig_offset(r, 0) == 0);
	cr_assert(c->flags & CONN_RECOVERY);
	rig_free(r);
}

Test(tcp_recovery, a_fast_retransmitted_segment_gives_no_rtt_sample)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	uint32_t srtt = c->srtt_ms_x8;
	rig_send(r, &c->stream, 10 * MSS, 0);
	rig_turn(r);
	give_duplicates(r, 3);
	r->now_ns += 150 * NS_PER_MS;
	rig_give_ack(r, 10 * MSS, 65535);
	cr_assert(c->srtt_ms_x8 == srtt);
	rig_free(r);
}

static void take_all(struct rig *r, const struct tcp_conn *c)
{
	while (tcp_send_bytes(c) > 0)
		rig_give_ack(r, c->snd_max - c->snd_una, 65535);
	cr_assert(c->snd_una == c->snd_max);
}

/* `recover` was compared with numbers that had gone round by half. */
Test(tcp_recovery, a_loss_two_gib_behind_another_is_repaired_as_fast)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_wide_and_send(r, 10 * MSS);
	give_duplicates(r, 3);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) == 1);
	take_all(r, c);
	for (unsigned half = 1; half <= 2; half++) {
		rig_send(r, &c->stream, MSS, 0);
		rig_turn(r);
		take_all(r, c);
		r->our_nxt += (1u << 31) + 100 * MSS;
		c->snd_una = c->snd_nxt = c->snd_max = r->our_nxt;
		rig_send(r, &c->stream, 5 * MSS, 0);
		rig_turn(r);
		give_duplicates(r, 3);
		cr_assert(rig_stat(r, STAT_tcp_retransmits) == 1 + half, "%u", half);
		take_all(r, c);
	}
	rig_free(r);
}
