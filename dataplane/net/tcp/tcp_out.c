/* tcp_out.c - connections with something to say in, segments out: data, retransmissions,
 * probes and, once per turn, the acknowledgement. */
#include "dataplane/net/tcp/tcp_out.h"
#include "dataplane/base/require.h"
#include "dataplane/net/tcp/tcp_cwnd.h"
#include "dataplane/net/tcp/tcp_flight.h"
#include "dataplane/net/tcp/tcp_ooo.h"
#include "dataplane/net/tcp/tcp_recovery.h"
#include "dataplane/net/tcp/tcp_rtt.h"
#include "dataplane/net/tcp/tcp_send.h"
#include "dataplane/net/tcp/tcp_timer.h"
#include "dataplane/net/tcp/tcp_window.h"

enum { IP_PROTOCOL_TCP = 6 };

uint32_t tcp_ts_now(const struct tcp *t, uint32_t offset)
{
	return t->now_ms + offset;
}

bool tcp_may_answer(struct tcp *t, const struct tcp_tuple *peer)
{
	bool may = tcp_limit_answer(&t->limit, peer, t->now_s);
	if (!may)
		tcp_count(t, STAT_tcp_answers_withheld);
	return may;
}

/* Without a buffer the reply is dropped: a peer that needs one sends its segment again. */
void tcp_reply(struct tcp *t, const struct tcp_reply *reply)
{
	struct ip *ip = t->options.ip;
	struct ip_route route = {*reply->way, ip->address, reply->tuple->peer.address};
	unsigned size = tcp_header_size(reply->h);
	uint8_t *out = ip_tx_take(ip, &route, size);
	if (!out)
		return;
	reply->h->source_port = reply->tuple->local_port;
	reply->h->destination_port = reply->tuple->peer.port;
	tcp_header_emit(reply->h, out);
	ip_tx_push(ip, &route, IP_PROTOCOL_TCP, size, (uint8_t)size, 0);
}

static void ack_done(struct tcp *t, struct tcp_conn *c)
{
	c->flags &= ~(uint32_t)(CONN_ACK_DUE | CONN_ACK_NOW | CONN_TWICE);
	delay_drop(&t->ack_delay, tcp_conn_index(c));
}

/* Both sides speak of what came behind a gap, or twice, and something did. */
static bool sack_is_due(const struct tcp_conn *c)
{
	return (c->flags & (CONN_GAP | CONN_TWICE)) && (c->flags & CONN_SACK);
}

/* As many blocks as there is room for, beside `size` bytes of payload. */
static unsigned sack_blocks(const struct tcp *t, const struct tcp_conn *c, uint32_t size,
			    struct tcp_sack *ret)
{
	unsigned count = 0;
	unsigned max = c->flags & CONN_TIMESTAMPS ? TCP_SACKS_MAX - 1 : TCP_SACKS_MAX;
	while (max > 0 && size + tcp_sack_bytes(max) > c->mss)
		max--;
	if (max > 0 && (c->flags & CONN_TWICE) && t->twice_conn == tcp_conn_index(c))
		ret[count++] = t->twice;
	return count < max ? count + tcp_ooo_blocks(c, ret + count, max - count) : count;
}

/* Sends [seq, seq + size) of the send chain under `flags`; every segment acknowledges. One that is
 * too full to say what came behind a gap leaves that to another.
 * False when the port has no buffer. */
static bool conn_transmit(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t size,
			  uint8_t flags)
{
	struct ip *ip = t->options.ip;
	struct ip_route route = {tcp_conn_way(c), ip->address, c->stream.peer.address};
	uint32_t edge;
	struct tcp_sack blocks[TCP_SACKS_MAX];
	bool says_more = sack_is_due(c);
	struct tcp_header h = {
		.source_port = c->stream.local_port,
		.destination_port = c->stream.peer.port,
		.seq = seq,
		.ack = c->rcv_nxt,
		.flags = flags | TCP_FLAG_ACK,
		.window = tcp_window_field(t, c, &edge),
		.has_timestamps = c->flags & CONN_TIMESTAMPS,
		.ts_value = tcp_ts_now(t, c->ts_offset),
		.ts_echo = c->ts_recent,
	};
	if (unlikely(says_more))
		h.sack_count = (uint8_t)sack_blocks(t, c, size, blocks);
	unsigned header_bytes = tcp_header_size(&h);
	uint8_t *out = ip_tx_take(ip, &route, header_bytes + size);
	t->is_port_full |= !out;
	if (!out)
		return false;
	tcp_header_emit(&h, out);
	if (unlikely(h.sack_count))
		tcp_header_emit_sack(&h, blocks, out);
	if (size > 0)
		tcp_send_copy(c, seq - c->snd_una, out + header_bytes, size);
	ip_tx_push(ip, &route, IP_PROTOCOL_TCP, header_bytes + size,
		   (uint8_t)header_bytes, size > c->mss ? c->mss : 0);
	if (h.window == 0 && c->rcv_adv != c->last_ack)
		tcp_count(t, STAT_tcp_zero_windows);
	if (likely(!says_more || h.sack_count || size == 0))
		ack_done(t, c);
	c->last_ack = c->rcv_nxt;
	c->rcv_adv = edge;
	return true;
}

/* Our FIN is due behind the last byte, and not acknowledged yet. */
static bool fin_is_wanted(const struct tcp_conn *c)
{
	return c->state == TCP_STATE_FIN_WAIT_1 || c->state == TCP_STATE_CLOSING ||
	       c->state == TCP_STATE_LAST_ACK;
}

static uint32_t bytes_unsent(const struct tcp_conn *c)
{
	uint32_t end = tcp_conn_send_end(c);
	return seq_lt(c->snd_nxt, end) ? end - c->snd_nxt : 0;
}

/* Payload of one push: a segment, or what the port cuts itself, in whole segments. */
static uint32_t push_bytes_max(const struct tcp *t, const struct tcp_conn *c)
{
	const struct nic_caps *caps = nic_caps(t->options.ip->nic);
	uint32_t tso = caps->tx_segment_bytes;
	if (tso <= caps->mtu) /* it cuts nothing, however small the peer's MSS is */
		return c->mss;
	return max_u32(tso - tso % c->mss, c->mss);
}

/* Of what was sent, as much as is on its way yet. */
static uint32_t path_bytes(const struct tcp *t, const struct tcp_conn *c)
{
	return c->flags & CONN_FLIGHT ? tcp_flight_bytes(tcp_flight_of(t, c))
				      : c->snd_nxt - c->snd_una;
}

static uint32_t room_of(uint32_t window, uint32_t taken)
{
	return window > taken ? window - taken : 0;
}

/* Bytes to send next: what both windows and sender SWS avoidance allow (3.8.6.2.1). */
static uint32_t bytes_sendable(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t unsent = bytes_unsent(c);
	uint32_t cwnd = c->cwnd;
	if (!(c->flags & CONN_RECOVERY) && c->dupacks < TCP_DUPACKS)
		cwnd += (uint32_t)c->dupacks * c->mss; /* limited transmit, RFC 3042 */
	uint32_t room = min_u32(room_of(cwnd, path_bytes(t, c)),
				room_of(c->snd_wnd, c->snd_nxt - c->snd_una));
	uint32_t n = min_u32(min_u32(unsent, room), push_bytes_max(t, c));
	if (n == unsent || n == 0)
		return n;
	if (n >= c->mss)
		return n - n % c->mss;
	return c->snd_wnd <= cwnd && n >= c->snd_wnd_max / 2 ? n : 0;
}

/* More than a segment is on its way to a peer that speaks SACK, and no loss is known. */
static bool flight_is_wanted(const struct tcp_conn *c)
{
	uint32_t wrong = CONN_RECOVERY | CONN_RECOVER_AHEAD | CONN_PERSIST;
	return (c->flags & (CONN_SACK | wrong)) == CONN_SACK &&
	       c->snd_max - c->snd_una > c->mss && c->snd_nxt == c->snd_max;
}

/* A flight knows when its segments were sent; but tcp_path.c asks for one of full size. */
static bool is_timed(const struct tcp_conn *c)
{
	return !(c->flags & CONN_FLIGHT) || (c->flags & CONN_PATH_TRIED);
}

/* Bookkeeping of [seq, end) just sent: what is timed, what is a retransmission. */
static void sent_note(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t end)
{
	if (c->snd_una == c->snd_max)
		c->progress_ms = t->now_ms;
	if (seq_lt(seq, c->snd_max)) {
		tcp_count(t, STAT_tcp_retransmits);
		c->flags &= ~(uint32_t)CONN_RTT_RUNNING;
	} else if (!(c->flags & CONN_RTT_RUNNING) && is_timed(c)) {
		c->flags |= CONN_RTT_RUNNING;
		c->rtt_seq = end;
		c->rtt_at_ms = (uint16_t)t->now_ms;
		if (unlikely(c->flags & CONN_PATH_TRIED))
			tcp_conn_flag(c, CONN_RTT_FULL, end - seq >= c->mss);
	}
	if (seq_lt(c->snd_nxt, end))
		c->snd_nxt = end;
	if (seq_lt(c->snd_max, end))
		c->snd_max = end;
	if (unlikely(c->flags & CONN_FLIGHT))
		tcp_recovery_sent(t, c, seq, end);
	else if (unlikely(flight_is_wanted(c)))
		tcp_flight_begin(t, c);
	if ((c->flags & (CONN_PERSIST | CONN_FLIGHT)) || !(c->flags & CONN_RTX_ARMED))
		tcp_rtx_arm(t, c);
}

/* Sends `size` bytes from `seq`, with FIN when they end the stream. */
static bool data_send(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t size)
{
	bool is_last = seq + size == tcp_conn_send_end(c);
	bool with_fin = is_last && fin_is_wanted(c);
	uint8_t flags =
		(is_last && size > 0 ? TCP_FLAG_PSH : 0) | (with_fin ? TCP_FLAG_FIN : 0);
	if (!conn_transmit(t, c, seq, size, flags))
		return false;
	sent_note(t, c, seq, seq + size + with_fin);
	return true;
}

/* RFC 5681 4.1: what was learnt before a silence is not trusted with a burst. */
static void cwnd_restart(struct tcp *t, struct tcp_conn *c)
{
	if (c->snd_una == c->snd_max && t->now_ms - c->progress_ms > tcp_rto_ms(t, c))
		c->cwnd = min_u32(c->cwnd, tcp_cwnd_first(c->mss));
}

/* False when something stays for the next turn. */
static bool send_new(struct tcp *t, struct tcp_conn *c)
{
	if (bytes_unsent(c) == 0 && !fin_is_wanted(c))
		return true;
	cwnd_restart(t, c);
	for (unsigned i = 0; i < TCP_SEGMENTS_PER_TURN; i++) {
		uint32_t n = bytes_sendable(t, c);
		bool fin_next = fin_is_wanted(c) && c->snd_nxt == tcp_conn_send_end(c);
		if (n == 0 && !fin_next)
			return true;
		if (!data_send(t, c, c->snd_nxt, n))
			return false;
	}
	return false;
}

/* The segment at snd_una again (fast retransmit, partial ACK). */
static bool send_retransmit(struct tcp *t, struct tcp_conn *c)
{
	uint32_t size = min_u32(c->mss, tcp_send_bytes(c));
	size = min_u32(size, c->snd_max - c->snd_una);
	if (c->snd_max != c->snd_una && !data_send(t, c, c->snd_una, size))
		return false;
	if (c->flags & CONN_RECOVERY)
		tcp_extra(c)->resent_end = c->snd_una + size;
	c->flags &= ~(uint32_t)CONN_RETRANSMIT_DUE;
	return true;
}

/* What is lost goes again before anything new, as far as the window lets it. */
static bool send_lost(struct tcp *t, struct tcp_conn *c, struct tcp_flight *f)
{
	uint32_t from, to;
	for (unsigned i = 0; i < TCP_SEGMENTS_PER_TURN; i++) {
		if (!tcp_flight_first_lost(f, &from, &to))
			return true;
		uint32_t size = min_u32(min_u32(c->mss, to - from), tcp_conn_send_end(c) - from);
		uint32_t on_its_way = tcp_flight_bytes(f);
		bool is_held = on_its_way > 0 && on_its_way + size > c->cwnd;
		if (is_held || seq_lt(c->snd_una + c->snd_wnd, from + size))
			return true;
		if (!data_send(t, c, from, size))
			return false;
	}
	return false;
}

/* RFC 8985 7.3: something new if there is, and the peer has room, else the last segment. */
static bool send_tail(struct tcp *t, struct tcp_conn *c, struct tcp_flight *f)
{
	uint32_t size = min_u32(c->mss, bytes_unsent(c));
	bool is_new = size > 0 && c->snd_nxt + size - c->snd_una <= c->snd_wnd;
	uint32_t from = is_new ? c->snd_nxt : c->snd_max - min_u32(c->mss, c->snd_max - c->snd_una);
	size = is_new ? size : min_u32(c->mss, tcp_conn_send_end(c) - from);
	if (c->snd_una != c->snd_max && !data_send(t, c, from, size))
		return false;
	f->tail.end = c->snd_max;
	f->tail.was_again = !is_new;
	f->tail.is_due = false;
	tcp_count(t, STAT_tcp_tail_probes);
	return true;
}

static bool send_flight(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = tcp_flight_of(t, c);
	return send_lost(t, c, f) && (!f->tail.is_due || send_tail(t, c, f));
}

/* Past a closed window one byte, whose place snd_nxt keeps; past a small one what it
 * holds (RFC 9293 3.8.6.1, and the override timeout of 3.8.6.2.1). */
static bool send_probe(struct tcp *t, struct tcp_conn *c)
{
	uint32_t size = min_u32(max_u32(c->snd_wnd, 1), bytes_unsent(c));
	size = min_u32(size, c->mss);
	bool is_past_window = c->snd_wnd == 0;
	if (size > 0 && !conn_transmit(t, c, c->snd_una, size, TCP_FLAG_PSH))
		return false;
	c->flags &= ~(uint32_t)(CONN_PROBE_DUE | CONN_RTT_RUNNING);
	if (seq_lt(c->snd_max, c->snd_una + size))
		c->snd_max = c->snd_una + size;
	if (!is_past_window) {
		c->snd_nxt = c->snd_una + size;
		c->flags &= ~(uint32_t)CONN_PERSIST;
	}
	return true;
}

/* A number the peer finds acceptable: the highest sent, within its window. */
static uint32_t ack_seq(const struct tcp_conn *c)
{
	uint32_t edge = c->snd_una + c->snd_wnd;
	return seq_lt(edge, c->snd_max) ? edge : c->snd_max;
}

void tcp_ack_now(struct tcp_conn *c)
{
	c->flags |= CONN_ACK_DUE | CONN_ACK_NOW;
	tcp_conn_mark(c);
}

/* Counts from 0 in a new second. */
static void answers_begin(const struct tcp *t, struct tcp_conn *c)
{
	if (c->challenge_s == (uint8_t)t->now_s)
		return;
	c->challenge_s = (uint8_t)t->now_s;
	c->challenge_count = 0;
	c->repeat_count = 0;
}

void tcp_challenge(struct tcp *t, struct tcp_conn *c)
{
	answers_begin(t, c);
	if (c->challenge_count >= TCP_CHALLENGES_PER_SECOND) {
		tcp_count(t, STAT_tcp_answers_withheld);
		return;
	}
	c->challenge_count++;
	tcp_ack_now(c);
}

void tcp_ack_again(struct tcp *t, struct tcp_conn *c)
{
	static_assert(TCP_REPEATS_PER_SECOND < 16, "four bits");
	answers_begin(t, c);
	if (c->repeat_count >= TCP_REPEATS_PER_SECOND) {
		tcp_count(t, STAT_tcp_answers_withheld);
		return;
	}
	c->repeat_count++;
	tcp_ack_now(c);
}

/* RFC 9293 3.8.6.3, RFC 5681 4.2: only while the session has something to send, for a short
 * while, and not when it waits for more itself, which the peer may hold back until it hears
 * that the rest has arrived. */
static bool ack_may_wait(const struct tcp *t, const struct tcp_conn *c)
{
	return !(c->flags & (CONN_ACK_NOW | CONN_GAP)) && c->stream.is_answer_due &&
	       tcp_conn_unread(c) == 0 && !tcp_ack_is_late(t, c) &&
	       c->rcv_nxt - c->last_ack < TCP_ACK_DELAY_SEGMENTS * (uint32_t)t->local_mss;
}

/* What the connection owes, in the order of urgency; false when a part stays. */
static bool conn_send(struct tcp *t, struct tcp_conn *c)
{
	if (unlikely(c->flags & CONN_RETRANSMIT_DUE) && !send_retransmit(t, c))
		return false;
	if (unlikely(c->flags & CONN_FLIGHT) && !send_flight(t, c))
		return false;
	if (unlikely(c->flags & CONN_PROBE_DUE) && !send_probe(t, c))
		return false;
	if (!send_new(t, c))
		return false;
	if (unlikely(c->flags & CONN_KEEPALIVE_DUE)) {
		if (!conn_transmit(t, c, c->snd_una - 1, 0, 0))
			return false;
		c->flags &= ~(uint32_t)CONN_KEEPALIVE_DUE;
	}
	bool is_due = (c->flags & CONN_ACK_DUE) && !ack_may_wait(t, c);
	if (is_due || tcp_window_has_reopened(t, c))
		return conn_transmit(t, c, ack_seq(c), 0, 0);
	return true;
}

/* Nothing in flight and bytes left: the peer's window is too small, so it is probed. */
static void persist_begin(struct tcp *t, struct tcp_conn *c)
{
	if ((c->flags & CONN_RTX_ARMED) || c->snd_nxt != c->snd_una ||
	    bytes_unsent(c) == 0)
		return;
	tcp_flight_end(t, c);
	c->progress_ms = t->now_ms;
	tcp_rtx_arm(t, c);
	c->flags |= CONN_PERSIST;
}

/* The last words, and the end when the session knows. */
static bool closed_output(struct tcp *t, struct tcp_conn *c)
{
	if (c->flags & CONN_RST_DUE) {
		if (!conn_transmit(t, c, ack_seq(c), 0, TCP_FLAG_RST))
			return false;
		c->flags &= ~(uint32_t)CONN_RST_DUE;
	}
	if (!c->stream.is_closed && (c->stream.events & STREAM_LOST))
		return false;
	tcp_conn_free(t, c);
	return true;
}

static bool conn_output(struct tcp *t, struct tcp_conn *c)
{
	if (c->state == TCP_STATE_CLOSED)
		return closed_output(t, c);
	bool is_done = conn_send(t, c);
	if (is_done)
		persist_begin(t, c);
	tcp_timer_update(t, c);
	return is_done;
}

void tcp_output_push(struct tcp *t, struct tcp_conn *c)
{
	if (c->flags & CONN_OUTPUT)
		return;
	c->flags |= CONN_OUTPUT;
	tcp_line_push(&t->output, tcp_conn_index(c));
}

/* The first in the line sends what it may. When the port refuses a segment it stays the first;
 * when it has had its share of the turn, or the session is to hear of its end, it goes last. */
static void output_first(struct tcp *t)
{
	struct tcp_conn *c = tcp_conn_at(t, tcp_line_take(&t->output));
	c->flags &= ~(uint32_t)CONN_OUTPUT;
	if (conn_output(t, c))
		return;
	c->flags |= CONN_OUTPUT;
	if (t->is_port_full)
		tcp_line_push_front(&t->output, tcp_conn_index(c));
	else
		tcp_line_push(&t->output, tcp_conn_index(c));
}

/* A full port ends it: the others keep their places, and are not looked at in vain. */
void tcp_output(struct tcp *t, uint64_t now_ns)
{
	tcp_clock(t, now_ns);
	t->is_port_full = false;
	for (uint32_t left = t->output.count; left > 0 && !t->is_port_full; left--)
		output_first(t);
	stats_set(t->options.stats, STAT_tcp_connections, t->conns.in_use);
}
