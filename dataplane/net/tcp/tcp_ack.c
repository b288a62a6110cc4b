/* tcp_ack.c - acknowledgements in; send queue, window, RTT and congestion state out: the
 * fifth step of RFC 9293 3.10.7.4 with RFC 5681, 6298 and 6582; of a flight: tcp_recovery.c. */
#include "dataplane/net/tcp/tcp_ack.h"
#include "dataplane/base/require.h"
#include "dataplane/net/tcp/tcp_cwnd.h"
#include "dataplane/net/tcp/tcp_extra.h"
#include "dataplane/net/tcp/tcp_out.h"
#include "dataplane/net/tcp/tcp_path.h"
#include "dataplane/net/tcp/tcp_recovery.h"
#include "dataplane/net/tcp/tcp_rtt.h"
#include "dataplane/net/tcp/tcp_send.h"
#include "dataplane/net/tcp/tcp_timer.h"
#include "dataplane/net/tcp/tcp_wait.h"

/* RFC 6582 3.2: a full ACK ends the recovery, a partial one names the next hole; one that ends
 * within what was sent again names none. */
static void recovery_ack(struct tcp_conn *c, uint32_t acked)
{
	const struct tcp_extra *e = tcp_extra(c);
	if (!seq_lt(c->snd_una, e->recover)) {
		uint32_t flight = c->snd_max - c->snd_una;
		c->cwnd = min_u32(c->ssthresh, max_u32(flight, c->mss) + c->mss);
		c->flags &= ~(uint32_t)CONN_RECOVERY;
		return;
	}
	c->cwnd -= min_u32(acked, c->cwnd);
	c->cwnd = max_u32(c->cwnd + (acked >= c->mss ? c->mss : 0), c->mss);
	if (!seq_lt(c->snd_una, e->resent_end))
		c->flags |= CONN_RETRANSMIT_DUE;
}

/* RFC 6582 4.1: what was sent again, and had come, is answered by duplicates of an acknowledgement
 * of all of it. Less than three segments do not make three of them: such a loss is over with it. */
static bool is_behind_losses(const struct tcp_conn *c, uint32_t acked)
{
	uint32_t recover = tcp_extra(c)->recover;
	return seq_lt(recover, c->snd_una) ||
	       (recover == c->snd_una && acked < TCP_DUPACKS * (uint32_t)c->mss);
}

/* Sessions that found no room, or wait until all of it has been taken. */
static void sent_wake(struct tcp_conn *c, bool was_full)
{
	struct stream *s = &c->stream;
	bool is_over = unlikely(s->is_awaited) && tcp_send_bytes(c) == 0;
	if ((!was_full && !is_over) || s->is_closed)
		return;
	if (is_over)
		s->is_awaited = false;
	stream_wake(s, STREAM_SENT);
}

/* Bytes (and our FIN) up to `ack` have arrived. */
static void ack_new(struct tcp *t, struct tcp_conn *c, const struct tcp_segment *s)
{
	uint32_t ack = s->h.ack;
	uint32_t acked = ack - c->snd_una;
	uint32_t held = tcp_send_bytes(c);
	uint32_t bytes = min_u32(acked, held);
	bool was_full = held >= t->options.settings.send_buffer_bytes;
	tcp_send_consume(c, bytes);
	c->snd_una = ack;
	if (seq_lt(c->snd_nxt, ack))
		c->snd_nxt = ack;
	c->dupacks = 0;
	if (c->flags & CONN_PERSIST)
		c->backoff = 0; /* the window's doing, not the path's */
	c->progress_ms = t->now_ms;
	if ((c->flags & CONN_RTT_RUNNING) && !seq_lt(ack, c->rtt_seq)) {
		c->flags &= ~(uint32_t)CONN_RTT_RUNNING;
		tcp_rtt_sample(c, (uint16_t)(t->now_ms - c->rtt_at_ms));
		if (unlikely(c->flags & CONN_PATH_TRIED) && (c->flags & CONN_RTT_FULL))
			tcp_path_passed(c);
	}
	if (c->flags & CONN_FLIGHT)
		tcp_recovery_ack(t, c, s);
	else if (c->flags & CONN_RECOVERY)
		recovery_ack(c, acked);
	else
		tcp_cwnd_grow(c, acked);
	if (unlikely(c->flags & CONN_RECOVER_AHEAD) && is_behind_losses(c, acked))
		c->flags &= ~(uint32_t)CONN_RECOVER_AHEAD;
	tcp_rtx_disarm(c);
	if (c->snd_una != c->snd_max)
		tcp_rtx_arm(t, c);
	if (bytes > 0)
		sent_wake(c, was_full);
	tcp_conn_mark(c);
}

/* RFC 5681 2's definition of a duplicate, all five conditions. */
static bool ack_is_duplicate(const struct tcp_conn *c, const struct tcp_segment *s,
			     bool window_changed)
{
	return c->snd_nxt != c->snd_una && s->payload.size == 0 && !window_changed &&
	       !(s->h.flags & (TCP_FLAG_SYN | TCP_FLAG_FIN)) && s->h.ack == c->snd_una;
}

/* RFC 5681 3.2, RFC 6582 3.2; the first two let new data out (RFC 3042, tcp_out.c). */
static void ack_duplicate(struct tcp_conn *c)
{
	c->dupacks += c->dupacks < TCP_DUPACKS_MAX;
	tcp_conn_mark(c);
	if (c->flags & CONN_RECOVERY) {
		tcp_cwnd_inflate(c);
		return;
	}
	if (c->dupacks != TCP_DUPACKS || (c->flags & CONN_RECOVER_AHEAD))
		return;
	tcp_cwnd_cut(c);
	struct tcp_extra *e = tcp_extra_take(c);
	e->recover = c->snd_max;
	e->resent_end = c->snd_una;
	c->cwnd = c->ssthresh + TCP_DUPACKS * c->mss;
	c->flags |= CONN_RECOVERY | CONN_RECOVER_AHEAD | CONN_RETRANSMIT_DUE;
}

/* It acknowledges nothing new, but may say what came behind a gap. */
static void ack_old(struct tcp *t, struct tcp_conn *c, const struct tcp_segment *s,
		    bool window_changed)
{
	bool is_duplicate = ack_is_duplicate(c, s, window_changed);
	if (!(c->flags & CONN_FLIGHT)) {
		if (is_duplicate)
			ack_duplicate(c);
		return;
	}
	if (s->h.sack_count == 0)
		return;
	tcp_recovery_ack(t, c, s);
	if (c->snd_una != c->snd_max)
		tcp_rtx_arm(t, c);
	tcp_conn_mark(c);
}

/* True when the peer's window has changed. Of two segments with the same number the one that
 * acknowledges more is newer; SND.WL2 is not kept for that: an acknowledgement that comes here is
 * not below snd_una, and snd_una is what the last window update acknowledged, or more. */
static bool window_update(const struct tcp *t, struct tcp_conn *c, const struct tcp_segment *s)
{
	uint32_t window = (uint32_t)s->h.window << c->snd_scale;
	if (seq_lt(s->h.seq, c->snd_wl1))
		return false;
	bool is_changed = window != c->snd_wnd;
	c->snd_wl1 = s->h.seq;
	if (window > c->snd_wnd)
		c->snd_wnd_max = max_u32(c->snd_wnd_max, window);
	c->snd_wnd = window;
	if (is_changed) {
		if ((c->flags & CONN_PERSIST) && window > 0) {
			tcp_rtx_disarm(c);
			c->backoff = 0;
			c->progress_ms = t->now_ms; /* what is sent now is waited for from now on */
		}
		tcp_conn_mark(c);
	}
	return is_changed;
}

/* What an acknowledged FIN means. False: the connection is over. */
static bool ack_fin(struct tcp *t, struct tcp_conn *c)
{
	if (c->state == TCP_STATE_FIN_WAIT_1) {
		c->state = TCP_STATE_FIN_WAIT_2;
		c->heard_ms = t->now_ms;
		c->flags &= ~(uint32_t)CONN_WATCHED;
		return true;
	}
	if (c->state == TCP_STATE_CLOSING)
		tcp_wait_enter(t, c);
	else if (c->state == TCP_STATE_LAST_ACK)
		tcp_conn_lose(t, c, false);
	return c->state != TCP_STATE_CLOSED;
}

bool tcp_take_ack(struct tcp *t, struct tcp_conn *c, struct tcp_segment *s)
{
	uint32_t ack = s->h.ack;
	bool window_changed = !seq_lt(ack, c->snd_una) && window_update(t, c, s);
	s->is_news |= window_changed || seq_lt(c->snd_una, ack);
	if (!seq_lt(c->snd_una, ack)) {
		ack_old(t, c, s, window_changed);
		return true;
	}
	bool is_fin_acked = ack - c->snd_una > tcp_send_bytes(c);
	ack_new(t, c, s);
	if (!is_fin_acked || ack_fin(t, c))
		return true;
	tcp_count(t, STAT_packets_consumed);
	return false;
}
