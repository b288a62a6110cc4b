/* tcp_data.c - payload in; spans of this turn, residue and out-of-order chunks out: the
 * seventh and eighth step of RFC 9293 3.10.7.4, and the settling of a turn.
 *
 *     residue (chunks) ─▶ spans (in packets of this turn) ─▶ gap ─▶ ooo (chunks)
 *     └──────── what sessions see ───────┘
 */
#include "dataplane/net/tcp/tcp_data.h"
#include "dataplane/base/require.h"
#include "dataplane/net/tcp/tcp_extra.h"
#include "dataplane/net/tcp/tcp_ooo.h"
#include "dataplane/net/tcp/tcp_out.h"
#include "dataplane/net/tcp/tcp_reserve.h"
#include "dataplane/net/tcp/tcp_wait.h"
#include "dataplane/net/tcp/tcp_window.h"

static void conn_readable(struct tcp_conn *c)
{
	if (!c->stream.is_closed)
		stream_wake(&c->stream, STREAM_READABLE);
}

/* Eighth step, once every byte before the FIN is safe. */
static void fin_reached(struct tcp *t, struct tcp_conn *c)
{
	if (!(c->flags & CONN_FIN_KNOWN) || c->rcv_nxt != tcp_extra(c)->fin_seq ||
	    c->span_first != TCP_SPAN_NONE)
		return;
	c->flags &= ~(uint32_t)CONN_FIN_KNOWN;
	tcp_ack_now(c);
	tcp_ooo_give(c);
	c->rcv_nxt++;
	if (seq_lt(c->rcv_adv, c->rcv_nxt))
		c->rcv_adv = c->rcv_nxt;
	if (c->state == TCP_STATE_ESTABLISHED) {
		c->state = TCP_STATE_CLOSE_WAIT;
		stream_wake(&c->stream, STREAM_ENDED);
	} else if (c->state == TCP_STATE_FIN_WAIT_1) {
		c->state = TCP_STATE_CLOSING;
	} else {
		require(c->state == TCP_STATE_FIN_WAIT_2);
		tcp_wait_enter(t, c);
	}
}

/* Counts each packet whose payload was shown: used, kept, or taken back. */
static void settle_spans(struct tcp *t, struct tcp_conn *c, uint32_t taken,
			 bool is_unread_lost)
{
	bool is_full = false;
	for (uint8_t i = c->span_first; i != TCP_SPAN_NONE; i = t->spans[i].next) {
		const struct tcp_span *span = &t->spans[i];
		uint32_t used = min_u32(taken, span->size);
		uint32_t left = span->size - used;
		enum stat_id end = STAT_packets_consumed;
		taken -= used;
		if (left > 0 && is_unread_lost) {
			end = used ? end : STAT_packet_drop_tcp_closed;
		} else if (left > 0) {
			is_full = is_full ||
				  !tcp_residue_append(t, c, span->data + used, left);
			c->rcv_nxt -= is_full ? left : 0;
			end = is_full && !used ? STAT_packet_drop_tcp_memory : end;
		}
		tcp_count(t, end);
	}
	c->span_first = TCP_SPAN_NONE;
	if (t->cursor.conn == c)
		t->cursor.conn = NULL;
}

static void settle_residue(struct tcp_conn *c, uint32_t taken, bool is_unread_lost)
{
	struct chain *residue = &tcp_extra(c)->residue;
	chain_consume(residue, taken);
	if (is_unread_lost)
		chain_give(residue);
	tcp_conn_flag(c, CONN_RESIDUE, residue->size > 0);
}

/* A session takes from the front: from the residue first, then from the spans of this turn. */
static void conn_settle(struct tcp *t, struct tcp_conn *c)
{
	bool is_unread_lost = c->stream.is_closed || c->state == TCP_STATE_CLOSED;
	uint32_t *at = tcp_conn_taken(c);
	uint32_t taken = at ? *at : 0;
	uint32_t from_residue = min_u32(taken, tcp_conn_residue_bytes(c));
	uint32_t from_spans = taken - from_residue;
	if (at)
		*at = 0;
	if (c->flags & CONN_RESIDUE)
		settle_residue(c, from_residue, is_unread_lost);
	settle_spans(t, c, from_spans, is_unread_lost);
	if (c->state != TCP_STATE_CLOSED)
		fin_reached(t, c);
}

/* Nothing came, nothing was read, and nothing is to be forgotten. */
static bool is_settled(const struct tcp_conn *c)
{
	bool has_taken = (c->flags & CONN_RESIDUE) && tcp_extra(c)->taken > 0;
	return c->span_first == TCP_SPAN_NONE && !has_taken && !c->stream.is_closed &&
	       c->state != TCP_STATE_CLOSED;
}

void tcp_settle(struct tcp *t)
{
	while (t->dirty.count > 0) {
		struct tcp_conn *c = tcp_conn_at(t, tcp_line_take(&t->dirty));
		if (!is_settled(c))
			conn_settle(t, c);
		tcp_extra_rest(c);
		c->flags &= ~(uint32_t)CONN_DIRTY;
		tcp_output_push(t, c);
	}
	t->span_count = 0;
}

/* Nothing is copied yet: the session is shown the packet's own bytes, and only what it leaves
 * is kept at the end of the turn. */
static void text_in_order(struct tcp *t, struct tcp_conn *c, const struct tcp_segment *s)
{
	require(t->span_count < PACKETS_PER_TURN);
	uint8_t index = (uint8_t)t->span_count++;
	uint32_t size = (uint32_t)s->payload.size;
	t->spans[index] = (struct tcp_span){.data = s->payload.data,
					    .size = size,
					    .next = TCP_SPAN_NONE,
					    .last = index};
	if (c->span_first == TCP_SPAN_NONE)
		c->span_first = index;
	struct tcp_span *first = &t->spans[c->span_first];
	if (c->span_first != index)
		t->spans[first->last].next = index;
	first->last = index;
	first->bytes += size;
	c->rcv_nxt += size;
	conn_readable(c);
}

/* In order, with later bytes waiting: all of it becomes residue; without memory it is shown
 * where it lies, at the cost of what waits behind the gap, which was never acknowledged. */
static void text_fills_gap(struct tcp *t, struct tcp_conn *c, const struct tcp_segment *s)
{
	conn_settle(t, c);
	if (s->h.seq != c->rcv_nxt) {
		tcp_count(t, STAT_packet_drop_tcp_memory);
		return;
	}
	if (!tcp_residue_append(t, c, s->payload.data, (uint32_t)s->payload.size)) {
		tcp_ooo_give(c);
		text_in_order(t, c, s);
		return;
	}
	c->rcv_nxt += (uint32_t)s->payload.size;
	tcp_ooo_join(c);
	tcp_count(t, STAT_packets_consumed);
	conn_readable(c);
}

static void text_out_of_order(struct tcp *t, struct tcp_conn *c,
			      const struct tcp_segment *s)
{
	bool is_full;
	uint32_t stored = tcp_ooo_insert(t, c, s->h.seq, s->payload, &is_full);
	if (stored > 0) {
		tcp_count(t, STAT_packets_consumed);
		tcp_count(t, STAT_tcp_out_of_order);
	} else {
		tcp_count(t,
			  is_full ? STAT_packet_drop_tcp_memory : STAT_packets_duplicate);
		if (!is_full)
			tcp_twice_note(t, c, s->h.seq, s->h.seq + (uint32_t)s->payload.size);
	}
}

/* A FIN may ride on a segment that comes too early: it is remembered. The right edge
 * itself is enough room for it. */
static bool fin_note(struct tcp_conn *c, const struct tcp_segment *s)
{
	uint32_t fin_seq = s->h.seq + (uint32_t)s->payload.size;
	if (!(s->h.flags & TCP_FLAG_FIN) || (c->flags & CONN_FIN_KNOWN) ||
	    seq_lt(fin_seq, c->rcv_nxt) || seq_lt(c->rcv_adv, fin_seq))
		return false;
	tcp_extra_take(c)->fin_seq = fin_seq;
	c->flags |= CONN_FIN_KNOWN;
	return true;
}

/* Leaves what lies between rcv_nxt and the right edge, and before the FIN. */
static void text_trim(const struct tcp_conn *c, struct tcp_segment *s)
{
	uint32_t size = (uint32_t)s->payload.size;
	uint32_t end = c->flags & CONN_FIN_KNOWN ? tcp_extra(c)->fin_seq : c->rcv_adv;
	if (seq_lt(s->h.seq, c->rcv_nxt)) {
		uint32_t old = min_u32(c->rcv_nxt - s->h.seq, size);
		s->h.seq += old;
		s->payload.data += old;
		size -= old;
	}
	if (seq_lt(end, s->h.seq + size))
		size = seq_lt(s->h.seq, end) ? end - s->h.seq : 0;
	s->payload.size = size;
}

/* The session has closed. While its last bytes are unacknowledged the peer's data is only
 * refused: a reset would destroy what the peer has not read. After that the peer gets one
 * (RFC 9293 3.6.1). */
static void text_after_close(struct tcp *t, struct tcp_conn *c)
{
	tcp_count(t, STAT_packet_drop_tcp_closed);
	if (c->state == TCP_STATE_FIN_WAIT_2)
		tcp_conn_lose(t, c, true);
}

static bool state_takes_text(const struct tcp_conn *c)
{
	return c->state == TCP_STATE_ESTABLISHED || c->state == TCP_STATE_FIN_WAIT_1 ||
	       c->state == TCP_STATE_FIN_WAIT_2;
}

/* What comes as expected may be acknowledged together with an answer; the rest tells a peer
 * that repairs something how far it is. */
static void text_note_ack(struct tcp *t, struct tcp_conn *c, const struct tcp_segment *s)
{
	if (s->h.seq != c->rcv_nxt || (c->flags & CONN_GAP)) {
		tcp_ack_now(c);
		return;
	}
	if (!(c->flags & CONN_ACK_DUE))
		c->ack_at_ms = (uint16_t)(t->now_ms + TCP_ACK_DELAY_MS);
	c->flags |= CONN_ACK_DUE;
	tcp_conn_mark(c);
}

void tcp_segment_text(struct tcp *t, struct tcp_conn *c, struct tcp_segment *s)
{
	bool has_text = s->payload.size > 0 || (s->h.flags & TCP_FLAG_FIN);
	if (has_text)
		text_note_ack(t, c, s);
	if (!has_text || !state_takes_text(c)) {
		tcp_count(t, s->is_news ? STAT_packets_consumed : STAT_packets_duplicate);
		return;
	}
	bool had_payload = s->payload.size > 0;
	s->is_news |= fin_note(c, s);
	text_trim(c, s);
	if (s->payload.size == 0) {
		bool is_beyond = had_payload && !seq_lt(s->h.seq, c->rcv_adv);
		enum stat_id useless = is_beyond ? STAT_packet_drop_tcp_unacceptable
					      : STAT_packets_duplicate;
		tcp_count(t, s->is_news ? STAT_packets_consumed : useless);
	} else if (c->stream.is_closed) {
		text_after_close(t, c);
	} else if (s->h.seq != c->rcv_nxt) {
		text_out_of_order(t, c, s);
	} else if (c->flags & CONN_GAP) {
		text_fills_gap(t, c, s);
		tcp_window_grow(t, c);
	} else {
		text_in_order(t, c, s);
		tcp_window_grow(t, c);
	}
	if (c->state != TCP_STATE_CLOSED)
		fin_reached(t, c);
}
