/* test_tcp_lines.c - what a frame touches of a connection, and what is kept elsewhere for that:
 * short answers in it, the lines of indexes beside it, the timer behind a flag. */
#include "tests/unit/base/untouched.h"
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { FRAME_BYTES = 450, ANSWER_BYTES = 31 };

static const uint8_t timestamps[12] = {1, 1, 8, 10, 0, 0, 0, 1};
static uint8_t frame[FRAME_BYTES];

static void text_send(struct rig *r, struct stream *s, uint32_t size, uint32_t from)
{
	uint8_t text[64];
	for (uint32_t i = 0; i < size; i++)
		text[i] = rig_pattern(from + i);
	stream_send_text(s, (struct bytes){text, size}, &r->answers);
}

static void check_pattern(const struct sent *s, uint32_t size, uint32_t from)
{
	cr_assert(s && s->size == size, "%u bytes", s ? s->size : 0);
	for (uint32_t i = 0; i < size; i++)
		cr_assert(s->payload[i] == rig_pattern(from + i), "byte %u", i);
}

/* A frame whose answer is due, the answer some turns later. */
static void exchange(struct rig *r, struct stream *s, const uint8_t *options, uint8_t bytes)
{
	struct seg data = rig_data(r, frame, FRAME_BYTES);
	data.options = options;
	data.options_bytes = bytes;
	s->is_answer_due = true;
	rig_give(r, data);
	cr_assert(r->sent_count == 0, "the acknowledgement waits for the answer");
	rig_turn(r);
	text_send(r, s, ANSWER_BYTES, 0);
	s->is_answer_due = false;
	rig_turn(r);
	cr_assert(r->sent_count == 1 && rig_last(r)->h.ack == r->peer_nxt);
	check_pattern(rig_last(r), ANSWER_BYTES, 0);
	r->our_nxt += ANSWER_BYTES;
}

static void check_three_lines(const uint8_t *options, uint8_t bytes)
{
	struct tcp_options o = rig_options();
	o.settings.keepalive_idle_ms = 120000;
	struct rig *r = rig_new(o);
	struct tcp_conn *c = rig_open_with(r, 5000, options, bytes);
	uint8_t *behind = (uint8_t *)c + STREAM_FETCH_BYTES;
	struct untouched u = untouched_begin(behind, sizeof *c - STREAM_FETCH_BYTES);
	for (unsigned i = 0; i < 3; i++) /* each acknowledges the answer before it */
		exchange(r, &c->stream, options, bytes);
	struct seg ack = rig_ack(r);
	ack.options = options;
	ack.options_bytes = bytes;
	rig_give(r, ack);
	cr_assert(c->snd_una == r->our_nxt && r->answers.in_use == 0);
	rig_give(r, rig_data(r, frame, FRAME_BYTES));
	cr_assert(r->sent_count == 1, "one without an answer is acknowledged at once");
	cr_assert(untouched_end(u));
	cr_assert(r->received_bytes == 4 * FRAME_BYTES);
	rig_free(r);
}

Test(tcp_lines, a_frame_its_answer_and_their_acknowledgements_touch_three)
{
	check_three_lines(NULL, 0);
}

Test(tcp_lines, with_timestamps_too)
{
	check_three_lines(timestamps, sizeof timestamps);
}

/* ---- short answers ----------------------------------------------------------------------- */

Test(tcp_lines, a_short_answer_takes_no_chunk_what_follows_it_does)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	text_send(r, &c->stream, ANSWER_BYTES, 0);
	cr_assert(r->answers.in_use == 0);
	text_send(r, &c->stream, ANSWER_BYTES, 31);
	cr_assert(r->answers.in_use == 1);
	rig_send(r, &c->stream, 100, 62);
	rig_turn(r);
	check_pattern(rig_last(r), 162, 0);
	r->our_nxt += 162;
	rig_give(r, rig_ack(r));
	cr_assert(r->answers.in_use == 0 && c->snd_una == r->our_nxt);
	text_send(r, &c->stream, ANSWER_BYTES + 1, 0);
	cr_assert(r->answers.in_use == 1, "too long for it");
	rig_turn(r);
	check_pattern(rig_last(r), ANSWER_BYTES + 1, 0);
	r->our_nxt += ANSWER_BYTES + 1;
	rig_give(r, rig_ack(r));
	rig_free(r);
}

Test(tcp_lines, a_short_answer_goes_behind_what_is_not_sent_yet)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	rig_send(r, &c->stream, 100, 0);
	text_send(r, &c->stream, ANSWER_BYTES, 100);
	rig_turn(r);
	check_pattern(rig_last(r), 131, 0);
	r->our_nxt += 131;
	rig_give(r, rig_ack(r));
	cr_assert(c->snd_una == r->our_nxt);
	rig_free(r);
}

Test(tcp_lines, each_of_several_short_answers_begins_where_the_last_ended)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	for (uint32_t i = 0; i < 4; i++) {
		text_send(r, &c->stream, ANSWER_BYTES, i * ANSWER_BYTES);
		rig_turn(r);
		check_pattern(rig_last(r), ANSWER_BYTES, i * ANSWER_BYTES);
	}
	cr_assert(r->answers.in_use == 1);
	r->our_nxt += 4 * ANSWER_BYTES;
	rig_give(r, rig_ack(r));
	cr_assert(c->snd_una == r->our_nxt);
	rig_free(r);
}

Test(tcp_lines, what_is_left_of_a_short_answer_and_of_what_follows_is_sent_again)
{
	for (uint32_t acked = 0; acked < 70; acked++) {
		struct rig *r = rig_new(rig_options());
		struct tcp_conn *c = rig_open(r);
		text_send(r, &c->stream, ANSWER_BYTES, 0);
		text_send(r, &c->stream, 39, ANSWER_BYTES);
		rig_turn(r);
		check_pattern(rig_last(r), 70, 0);
		r->our_nxt += acked;
		rig_give(r, rig_ack(r));
		rig_wait_ms(r, 2000);
		check_pattern(rig_last(r), 70 - acked, acked);
		r->our_nxt += 70 - acked;
		rig_give(r, rig_ack(r));
		cr_assert(c->snd_una == r->our_nxt && tcp_send_bytes(c) == 0);
		rig_free(r);
	}
}

Test(tcp_lines, a_small_window_cuts_a_short_answer)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	struct seg closed = rig_ack(r);
	closed.window = 0;
	rig_give(r, closed);
	text_send(r, &c->stream, ANSWER_BYTES, 0);
	rig_turn(r);
	cr_assert(r->sent_count == 0);
	rig_wait_ms(r, 1000);
	check_pattern(rig_last(r), 1, 0);
	r->our_nxt += 1;
	rig_give(r, rig_ack(r));
	check_pattern(rig_last(r), ANSWER_BYTES - 1, 1);
	r->our_nxt += ANSWER_BYTES - 1;
	rig_give(r, rig_ack(r));
	rig_free(r);
}

/* ---- what is kept at times, beside the connection ------------------------------------------ */

/* A segment of `size` bytes, `ahead` behind what came in order. */
static void give_ahead(struct rig *r, uint32_t ahead, uint32_t size, uint8_t flags)
{
	struct seg s = rig_ack(r);
	s.flags |= flags;
	s.seq += ahead;
	s.data = frame;
	s.size = size;
	rig_give(r, s);
}

static struct rig *with_connection(struct tcp_conn **c)
{
	struct rig *r = rig_new(rig_options());
	*c = rig_open(r);
	return r;
}

Test(tcp_lines, a_gap_has_a_line_more_until_it_is_filled)
{
	struct tcp_conn *c;
	struct rig *r = with_connection(&c);
	give_ahead(r, 100, 50, 0);
	cr_assert(r->t->extras.in_use == 1 && (c->flags & CONN_GAP));
	rig_give(r, rig_data(r, frame, 100));
	r->peer_nxt += 50;
	rig_turn(r);
	cr_assert(r->t->extras.in_use == 0 && c->rcv_nxt == r->peer_nxt);
	give_ahead(r, 100, 50, 0);
	rig_wait_ms(r, 31000);
	cr_assert(r->t->extras.in_use == 0, "forgotten");
	rig_free(r);
}

Test(tcp_lines, what_a_session_leaves_has_a_line_more_until_it_is_read)
{
	struct tcp_conn *c;
	struct rig *r = with_connection(&c);
	r->consumes = false;
	rig_give(r, rig_data(r, frame, FRAME_BYTES));
	stream_need(&c->stream, 2 * FRAME_BYTES);
	rig_turn(r);
	cr_assert(r->t->extras.in_use == 1);
	stream_consume(&c->stream, FRAME_BYTES);
	rig_turn(r);
	cr_assert(r->t->extras.in_use == 1, "the session needs more at once");
	stream_need(&c->stream, 0);
	rig_turn(r);
	cr_assert(r->t->extras.in_use == 0 && r->t->extras.fresh == 1);
	r->consumes = true;
	rig_free(r);
}

Test(tcp_lines, an_early_fin_has_a_line_more_until_its_turn_comes)
{
	struct tcp_conn *c;
	struct rig *r = with_connection(&c);
	give_ahead(r, 100, 0, TCP_FLAG_FIN);
	cr_assert(r->t->extras.in_use == 1 && (c->flags & CONN_FIN_KNOWN));
	rig_give(r, rig_data(r, frame, 100));
	cr_assert(r->t->extras.in_use == 0 && c->state == TCP_STATE_CLOSE_WAIT);
	rig_free(r);
}

Test(tcp_lines, a_loss_has_a_line_more_until_it_is_behind)
{
	struct tcp_conn *c;
	struct rig *r = with_connection(&c);
	for (unsigned i = 0; i < 2; i++) {
		rig_send(r, &c->stream, 1000, 0);
		rig_wait_ms(r, 250);
		cr_assert(r->t->extras.in_use == 1 && (c->flags & CONN_RECOVER_AHEAD));
		rig_give_ack(r, 1000, 65535);
		rig_send(r, &c->stream, 100, 0);
		rig_turn(r);
		rig_give_ack(r, 100, 65535);
		cr_assert(r->t->extras.in_use == 0, "%u", i);
	}
	cr_assert(c->flags & CONN_SSTHRESH, "this is not forgotten with it");
	rig_free(r);
}

/* A vehicle's next answer may be a day away. */
Test(tcp_lines, a_lost_segment_has_a_line_more_until_it_has_come)
{
	struct tcp_conn *c;
	struct rig *r = with_connection(&c);
	rig_send(r, &c->stream, 31, 0);
	rig_wait_ms(r, 250);
	cr_assert(r->t->extras.in_use == 1 && (c->flags & CONN_RECOVER_AHEAD));
	rig_give_ack(r, 31, 65535);
	cr_assert(r->t->extras.in_use == 0 && !(c->flags & CONN_RECOVER_AHEAD));
	rig_free(r);
}

Test(tcp_lines, a_syn_that_insists_has_a_line_more_until_the_peer_lives)
{
	struct tcp_conn *c;
	struct rig *r = with_connection(&c);
	struct seg syn = {.flags = TCP_FLAG_SYN, .seq = 99000000, .window = 500};
	rig_give(r, syn);
	cr_assert(r->t->extras.in_use == 1 && c->syn_count == 1);
	rig_give(r, rig_ack(r));
	cr_assert(r->t->extras.in_use == 0 && c->syn_count == 0);
	rig_free(r);
}

/* More than one place after another: each finds its own. */
Test(tcp_lines, all_may_have_one_at_the_same_time)
{
	enum { CONNS = 40 };
	struct tcp_options o = rig_options();
	o.settings.connections_max = CONNS;
	struct rig *r = rig_new(o);
	struct tcp_conn *c[CONNS];
	for (unsigned i = 0; i < CONNS; i++) {
		r->peer_port = (uint16_t)(RIG_PEER_PORT + i);
		c[i] = rig_open(r);
		give_ahead(r, 100 + i, 50, 0);
	}
	cr_assert(r->t->extras.in_use == CONNS);
	for (unsigned i = 0; i < CONNS; i++)
		cr_assert(tcp_extra(c[i])->ooo_recent == c[i]->rcv_nxt + 100 + i, "%u", i);
	rig_free(r);
}

/* ---- the timer that is looked at only when it has to be ---------------------------------- */

Test(tcp_lines, who_has_answered_a_probe_is_probed_again_after_the_next_silence)
{
	struct tcp_options o = rig_options();
	o.settings.keepalive_idle_ms = 2000;
	/* Longer: the timer is armed beyond the next silence. */
	o.settings.keepalive_interval_ms = 60000;
	struct rig *r = rig_new(o);
	struct tcp_conn *c = rig_open(r);
	rig_wait_ms(r, 2002);
	cr_assert(r->sent_count == 1 && c->keepalives_sent == 1);
	rig_give(r, rig_data(r, frame, FRAME_BYTES));
	cr_assert(c->keepalives_sent == 0);
	rig_wait_ms(r, 1990);
	cr_assert(r->sent_count == 0);
	rig_wait_ms(r, 20);
	cr_assert(r->sent_count == 1 && c->keepalives_sent == 1);
	rig_free(r);
}

Test(tcp_lines, a_peer_that_never_ends_is_forgotten_before_its_keepalive_is_due)
{
	struct tcp_options o = rig_options();
	o.settings.keepalive_idle_ms = 7200 * 1000;
	struct rig *r = rig_new(o);
	struct tcp_conn *c = rig_open(r);
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_turn(r);
	r->our_nxt++;
	rig_give(r, rig_ack(r));
	cr_assert(c->state == TCP_STATE_FIN_WAIT_2);
	rig_wait_ms(r, TCP_FIN_WAIT_2_MS + 10);
	cr_assert(tcp_connections(r->t) == 0);
	rig_free(r);
}

/* ---- lines of connections ---------------------------------------------------------------- */

Test(tcp_lines, a_line_keeps_its_order_round_its_end_and_takes_back_in_front)
{
	struct tcp_line l;
	cr_assert(tcp_line_init(&l, 4) == 0);
	for (uint32_t i = 0; i < 4; i++)
		tcp_line_push(&l, i);
	cr_assert(tcp_line_take(&l) == 0 && tcp_line_take(&l) == 1);
	tcp_line_push(&l, 4);
	tcp_line_push_front(&l, 9);
	cr_assert(l.count == 4);
	cr_assert(tcp_line_take(&l) == 9 && tcp_line_take(&l) == 2);
	cr_assert(tcp_line_take(&l) == 3 && tcp_line_take(&l) == 4 && l.count == 0);
	tcp_line_push_front(&l, 7);
	tcp_line_push(&l, 8);
	cr_assert(tcp_line_take(&l) == 7 && tcp_line_take(&l) == 8);
	tcp_line_push(&l, 5);
	cr_assert(l.indexes[0] == 5, "emptied, it begins in front again");
	tcp_line_fini(&l);
}
