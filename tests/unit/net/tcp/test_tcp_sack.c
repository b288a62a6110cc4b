/* test_tcp_sack.c - what came behind a gap, as its sender is told (RFC 2018). */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { STEP = 1000, BYTES = 500 };

static const uint8_t permitted[4] = {1, 1, 4, 2};
static const uint8_t with_timestamps[16] = {4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1};

/* BYTES of the stream, `step` steps behind what is expected. */
static void give_early(struct rig *r, unsigned step)
{
	static const uint8_t text[STEP];
	struct seg s = rig_ack(r);
	s.seq += step * STEP;
	s.data = text;
	s.size = BYTES;
	rig_give(r, s);
}

#define assert_block(r, i, step, bytes)                                                      \
	do {                                                                                 \
		const struct sent *last = rig_last(r);                                       \
		cr_assert(last && last->sack_count > (i));                                   \
		cr_assert(last->sack[i].from == (r)->peer_nxt + (step) * STEP);              \
		cr_assert(last->sack[i].to == last->sack[i].from + (bytes));                 \
	} while (0)

Test(tcp_sack, it_is_spoken_when_the_syn_offers_it_and_only_then)
{
	struct rig *r = rig_new(rig_options());
	rig_give(r, (struct seg){.flags = TCP_FLAG_SYN,
				 .seq = 7,
				 .options = permitted,
				 .options_bytes = sizeof permitted});
	cr_assert(rig_last(r)->h.has_sack_permitted);
	rig_give(r, (struct seg){.flags = TCP_FLAG_SYN, .seq = 7, .peer_port = 9});
	cr_assert(!rig_last(r)->h.has_sack_permitted);
	rig_free(r);
	r = rig_new(rig_options());
	rig_open(r);
	give_early(r, 1);
	cr_assert(r->sent_count == 1 && rig_last(r)->sack_count == 0);
	rig_free(r);
}

Test(tcp_sack, what_came_last_is_named_first_and_then_what_lies_farthest_ahead)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_with(r, 5000, permitted, sizeof permitted);
	for (unsigned i = 1; i <= 6; i++) {
		give_early(r, i);
		cr_assert(r->sent_count == 1 && rig_last(r)->h.ack == r->peer_nxt);
		cr_assert(rig_last(r)->sack_count == min_u32(i, TCP_SACKS_MAX));
		for (unsigned k = 0; k < rig_last(r)->sack_count; k++)
			assert_block(r, k, i - k, BYTES);
	}
	give_early(r, 2); /* once more */
	assert_block(r, 0, 2, BYTES); /* as what came twice, */
	assert_block(r, 1, 2, BYTES); /* and as what came last */
	assert_block(r, 2, 6, BYTES);
	assert_block(r, 3, 5, BYTES);
	cr_assert(c->flags & CONN_GAP);
	rig_free(r);
}

Test(tcp_sack, timestamps_leave_room_for_three)
{
	struct rig *r = rig_new(rig_options());
	rig_open_with(r, 5000, with_timestamps, sizeof with_timestamps);
	for (unsigned i = 1; i <= 5; i++)
		give_early(r, i);
	cr_assert(rig_last(r)->sack_count == 3 && rig_last(r)->h.has_timestamps);
	cr_assert(rig_last(r)->h.header_bytes == TCP_HEADER_BYTES_MAX);
	rig_free(r);
}

/* In as many chunks as it may lie. */
Test(tcp_sack, what_adjoins_is_one_block)
{
	static const uint8_t text[1400];
	struct rig *r = rig_new(rig_options());
	rig_open_with(r, 5000, permitted, sizeof permitted);
	struct seg s = rig_ack(r);
	s.data = text;
	s.size = sizeof text;
	s.seq += STEP;
	for (unsigned i = 0; i < 8; i++) {
		rig_give(r, s);
		s.seq += s.size;
		cr_assert(rig_last(r)->sack_count == 1);
		assert_block(r, 0, 1, (i + 1) * sizeof text);
	}
	cr_assert(r->receive.in_use > 1);
	rig_free(r);
}

Test(tcp_sack, when_the_gap_is_filled_nothing_is_named)
{
	static const uint8_t text[STEP];
	struct rig *r = rig_new(rig_options());
	rig_open_with(r, 5000, permitted, sizeof permitted);
	give_early(r, 1);
	rig_give(r, rig_data(r, text, STEP));
	r->peer_nxt += BYTES;
	cr_assert(rig_last(r)->h.ack == r->peer_nxt && rig_last(r)->sack_count == 0);
	rig_free(r);
}

/* A segment that is full of data says nothing of it: one without follows. */
Test(tcp_sack, data_that_goes_out_meanwhile_does_not_keep_it_back)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_with(r, 5000, permitted, sizeof permitted);
	give_early(r, 1);
	rig_send(r, &c->stream, 2u * c->mss, 0);
	give_early(r, 2);
	cr_assert(r->sent_count == 3 && r->sent[0].size == c->mss && r->sent[1].size == c->mss);
	cr_assert(r->sent[0].sack_count == 0 && rig_last(r)->size == 0);
	assert_block(r, 0, 2, BYTES);
	rig_give(r, rig_ack(r));
	r->our_nxt = c->snd_max;
	rig_give(r, rig_ack(r));
	rig_send(r, &c->stream, 31, 0);
	give_early(r, 3);
	cr_assert(r->sent_count == 1 && rig_last(r)->size == 31, "a short one has room");
	assert_block(r, 0, 3, BYTES);
	rig_free(r);
}

Test(tcp_sack, where_numbers_wrap)
{
	struct rig *r = rig_new(rig_options());
	rig_open_with(r, 0u - 2 * STEP, permitted, sizeof permitted);
	for (unsigned i = 1; i <= 4; i++)
		give_early(r, i);
	for (unsigned k = 0; k < 4; k++)
		assert_block(r, k, 4 - k, BYTES);
	rig_free(r);
}

/* RFC 2883: what had been acknowledged, and what had come behind a gap. */
Test(tcp_sack, what_comes_twice_is_named_before_all_else)
{
	static const uint8_t text[STEP];
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_with(r, 5000, permitted, sizeof permitted);
	struct seg first = rig_data(r, text, BYTES);
	rig_give(r, first);
	rig_give(r, first);
	cr_assert(r->sent_count == 1 && rig_last(r)->sack_count == 1);
	cr_assert(rig_last(r)->sack[0].from == first.seq);
	cr_assert(rig_last(r)->sack[0].to == first.seq + BYTES);
	give_early(r, 1);
	give_early(r, 1);
	cr_assert(rig_last(r)->sack_count == 2);
	assert_block(r, 0, 1, BYTES);
	assert_block(r, 1, 1, BYTES);
	give_early(r, 2);
	cr_assert(rig_last(r)->sack_count == 2, "it is said once");
	assert_block(r, 0, 2, BYTES);
	cr_assert(!(c->flags & CONN_TWICE));
	rig_free(r);
}
