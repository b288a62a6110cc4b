/* tcp_timer.c - time in, work for tcp_output() out: retransmission (RFC 6298), persist,
 * delayed acknowledgement, keepalive and FIN-WAIT-2.
 *
 *     acknowledgement, 20 ms    ─▶ ack_delay ─ still due? ─▶ tcp_output
 *     retransmission, persist   ─▶ rtx_delay ─ still unacknowledged? ─┬─▶ it is time
 *     silence ─────────────────────────────────────────▶ wheel ◀─ later ┘
 *
 * The one timer of a connection is armed for the earliest deadline that the two queues do not
 * see to, and left alone when deadlines move back: it fires early then, and is armed again. */
#include "dataplane/net/tcp/tcp_timer.h"
#include "dataplane/net/tcp/tcp_cwnd.h"
#include "dataplane/net/tcp/tcp_extra.h"
#include "dataplane/net/tcp/tcp_path.h"
#include "dataplane/net/tcp/tcp_rack.h"
#include "dataplane/net/tcp/tcp_recovery.h"
#include "dataplane/net/tcp/tcp_rtt.h"

enum {
	BACKOFF_MAX = 16,
	/* Memory is short when less than 1 in so many chunks is left. */
	SPARE_SHARE = 4,
	/* Who is silent then has so much of the time that he has otherwise. */
	SHORT_SHARE = 8,
};

static uint32_t later(uint32_t a_ms, uint32_t b_ms)
{
	return seq_lt(a_ms, b_ms) ? b_ms : a_ms;
}

/* The timeout counts from when the first byte was sent last, or the one before it acknowledged;
 * before it come gaps whose time is over, or a probe of the tail. */
static void flight_arm(const struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = tcp_flight_of(t, c);
	uint32_t rto_ms = c->rtx_at_ms - t->now_ms;
	bool is_on_its_way = f->count > 0 && !(f->runs[0].flags & RUN_LOST);
	if (is_on_its_way)
		c->rtx_at_ms = later(f->runs[0].sent_ms, c->progress_ms) + rto_ms;
	f->timer = FLIGHT_TIMER_RTO;
	if (f->rack.is_due) {
		f->timer = FLIGHT_TIMER_REORDER;
		c->rtx_at_ms = f->rack.due_ms;
	} else if (tcp_tail_is_watched(c, f)) {
		uint32_t at_ms = later(f->sent_ms, c->progress_ms) + tcp_tail_ms(c, f);
		f->timer = seq_lt(at_ms, c->rtx_at_ms) ? FLIGHT_TIMER_TAIL : FLIGHT_TIMER_RTO;
		c->rtx_at_ms = f->timer == FLIGHT_TIMER_TAIL ? at_ms : c->rtx_at_ms;
	}
}

void tcp_rtx_arm(struct tcp *t, struct tcp_conn *c)
{
	uint64_t rto_ms = (uint64_t)tcp_rto_ms(t, c) << c->backoff;
	c->rtx_at_ms = t->now_ms + (uint32_t)min_u64(rto_ms, TCP_RTO_MAX_MS);
	c->flags |= CONN_RTX_ARMED;
	c->flags &= ~(uint32_t)CONN_PERSIST;
	if (c->flags & CONN_FLIGHT)
		flight_arm(t, c);
}

void tcp_rtx_disarm(struct tcp_conn *c)
{
	delay_drop(&tcp_of(c)->rtx_delay, tcp_conn_index(c));
	c->flags &= ~(uint32_t)(CONN_RTX_ARMED | CONN_PERSIST | CONN_PROBE_DUE);
}

/* When silence is to be acted upon: false when it may last. */
static bool silence_deadline(const struct tcp *t, const struct tcp_conn *c,
			     uint32_t *at_ms)
{
	const struct tcp_settings *s = &t->options.settings;
	bool is_open =
		c->state == TCP_STATE_ESTABLISHED || c->state == TCP_STATE_CLOSE_WAIT;
	if (c->state == TCP_STATE_FIN_WAIT_2) {
		*at_ms = c->heard_ms + TCP_FIN_WAIT_2_MS;
		return true;
	}
	*at_ms = c->heard_ms + s->keepalive_idle_ms;
	if (c->flags & CONN_IN_DOUBT)
		*at_ms += c->keepalives_sent * s->keepalive_interval_ms;
	return is_open && s->keepalive_idle_ms > 0 && !(c->flags & CONN_RTX_ARMED);
}

/* Of the deadline 16 bits are kept, which is enough: it lies 20 ms from where it was set. */
static uint32_t ack_deadline(const struct tcp *t, const struct tcp_conn *c)
{
	return t->now_ms + (uint32_t)(int16_t)(c->ack_at_ms - t->now_ms);
}

bool tcp_ack_is_late(const struct tcp *t, const struct tcp_conn *c)
{
	return seq_le(ack_deadline(t, c), t->now_ms);
}

/* The wheel shows it then, or before. */
static void timer_arm(struct tcp *t, struct tcp_conn *c, uint32_t at_ms)
{
	int32_t after_ms = (int32_t)(at_ms - t->now_ms);
	uint64_t ticks = after_ms > 0 ? (uint64_t)after_ms : 0;
	static_assert(WHEEL_TICK_NS == NS_PER_MS, "a tick is a millisecond");
	if (!timer_is_armed(&c->timer) || t->now_tick + ticks + 1 < c->timer.deadline_tick)
		wheel_arm(&t->wheel, &c->timer, t->now_ns + ticks * WHEEL_TICK_NS);
}

/* The queue sees to a deadline that lies at least its delay ahead; what remains then, and what
 * it has no room for, is the wheel's. A name that is wanted already is shown no later than that:
 * no deadline is ever nearer than the delay when it is set. */
static void queue_arm(struct tcp *t, struct tcp_conn *c, struct delay *d, uint32_t at_ms)
{
	uint32_t name = tcp_conn_index(c);
	if (delay_is_wanted(d, name))
		return;
	bool is_near = seq_lt(at_ms, t->now_ms + d->delay_ms);
	if (is_near || !delay_want(d, name, t->now_ms))
		timer_arm(t, c, at_ms);
}

void tcp_timer_update(struct tcp *t, struct tcp_conn *c)
{
	uint32_t at_ms;
	if (!(c->flags & CONN_WATCHED) && silence_deadline(t, c, &at_ms)) {
		timer_arm(t, c, at_ms);
		c->flags |= CONN_WATCHED;
	}
	if ((c->flags & (CONN_RTX_ARMED | CONN_FLIGHT)) == (CONN_RTX_ARMED | CONN_FLIGHT))
		timer_arm(t, c, c->rtx_at_ms); /* it may be nearer than the queue's delay */
	else if (c->flags & CONN_RTX_ARMED)
		queue_arm(t, c, &t->rtx_delay, c->rtx_at_ms);
	if (c->flags & CONN_ACK_DUE)
		queue_arm(t, c, &t->ack_delay, ack_deadline(t, c));
}

static void conn_give_up(struct tcp *t, struct tcp_conn *c)
{
	tcp_count(t, STAT_tcp_timeouts);
	tcp_conn_lose(t, c, true);
}

/* Who reads nothing holds what others wait for: RFC 6429 lets him go. */
static bool memory_is_short(const struct tcp_conn *c)
{
	const struct chunk_pool *pool = c->flags & CONN_SEND ? c->send.tail->pool : NULL;
	return pool && chunk_pool_left(pool) < pool->count / SPARE_SHARE;
}

/* How long a peer may acknowledge nothing: R2, and less of it while others wait for what it
 * holds. A vehicle's answers share a chunk: nobody waits for that, and its radio may be slow. */
static uint32_t silence_limit_ms(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t limit_ms = t->options.settings.retransmit_timeout_ms;
	bool holds_much = (c->flags & CONN_SEND) && c->send.head != c->send.tail;
	return holds_much && memory_is_short(c) ? limit_ms / SHORT_SHARE : limit_ms;
}

/* A peer may keep its window closed as long as it answers (MUST-37) and there is memory; one
 * whose session has closed gets no longer than a peer that does not acknowledge. */
static void persist_expired(struct tcp *t, struct tcp_conn *c)
{
	uint32_t silent_ms = silence_limit_ms(t, c);
	uint32_t stuck_ms = t->now_ms - c->progress_ms;
	bool is_silent = stuck_ms >= silent_ms && t->now_ms - c->heard_ms >= silent_ms;
	bool is_stuck = stuck_ms >= t->options.settings.retransmit_timeout_ms;
	if (is_silent || (is_stuck && (c->stream.is_closed || memory_is_short(c)))) {
		conn_give_up(t, c);
		return;
	}
	c->backoff += c->backoff < BACKOFF_MAX;
	tcp_rtx_arm(t, c);
	c->flags |= CONN_PERSIST | CONN_PROBE_DUE;
	tcp_conn_mark(c);
}

/* RFC 6298 5.4 - 5.6, RFC 5681 3.1: everything from snd_una on is taken as lost. A peer
 * that closed its window meanwhile is probed instead. */
static void retransmit_expired(struct tcp *t, struct tcp_conn *c)
{
	if ((c->flags & CONN_FLIGHT) && tcp_flight_of(t, c)->timer != FLIGHT_TIMER_RTO) {
		tcp_recovery_timer(t, c);
		tcp_rtx_arm(t, c);
		tcp_conn_mark(c);
		return;
	}
	if (c->snd_wnd == 0 && tcp_send_bytes(c) > 0) {
		tcp_flight_end(t, c);
		c->snd_nxt = c->snd_una;
		persist_expired(t, c);
		return;
	}
	if (t->now_ms - c->progress_ms >= silence_limit_ms(t, c)) {
		conn_give_up(t, c);
		return;
	}
	tcp_path_timed_out(t, c);
	if (c->flags & CONN_FLIGHT) {
		tcp_recovery_timeout(t, c);
		c->backoff += c->backoff < BACKOFF_MAX;
		tcp_rtx_arm(t, c);
		tcp_conn_mark(c);
		return;
	}
	tcp_cwnd_cut(c); /* the same again until snd_una moves */
	c->backoff += c->backoff < BACKOFF_MAX;
	c->cwnd = c->mss;
	c->snd_nxt = c->snd_una;
	tcp_extra_take(c)->recover = c->snd_max;
	c->dupacks = 0;
	c->flags &= ~(uint32_t)(CONN_RECOVERY | CONN_RTT_RUNNING);
	c->flags |= CONN_RETRANSMIT_DUE | CONN_RECOVER_AHEAD;
	tcp_rtx_arm(t, c);
	tcp_conn_mark(c);
}

static void silence_expired(struct tcp *t, struct tcp_conn *c)
{
	if (c->state == TCP_STATE_FIN_WAIT_2) {
		tcp_conn_lose(t, c, false);
	} else if (c->keepalives_sent >= t->options.settings.keepalive_probes) {
		conn_give_up(t, c);
	} else {
		c->keepalives_sent++;
		c->flags |= CONN_KEEPALIVE_DUE | CONN_IN_DOUBT;
		tcp_conn_mark(c);
	}
}

/* It may be too early: deadlines that moved back left queue and wheel as they were, so each is
 * asked again. */
static void conn_expired(struct tcp *t, struct tcp_conn *c)
{
	uint32_t at_ms;
	if ((c->flags & CONN_ACK_DUE) && tcp_ack_is_late(t, c))
		tcp_conn_mark(c);
	if ((c->flags & CONN_RTX_ARMED) && seq_le(c->rtx_at_ms, t->now_ms)) {
		if (c->flags & CONN_PERSIST)
			persist_expired(t, c);
		else
			retransmit_expired(t, c);
	} else if (silence_deadline(t, c, &at_ms) && seq_le(at_ms, t->now_ms)) {
		silence_expired(t, c);
	}
	if (c->state != TCP_STATE_CLOSED)
		tcp_timer_update(t, c);
}

static void queue_expire(struct tcp *t, struct delay *d)
{
	for (unsigned i = 0; i < TCP_TIMERS_PER_TURN; i++) {
		uint32_t index = delay_due(d, t->now_ms);
		if (index == DELAY_NONE)
			return;
		conn_expired(t, tcp_conn_at(t, index));
	}
}

void tcp_timers(struct tcp *t)
{
	queue_expire(t, &t->ack_delay);
	queue_expire(t, &t->rtx_delay);
	struct timer *due[TCP_TIMERS_PER_TURN];
	unsigned count = wheel_advance(&t->wheel, t->now_ns, due, array_len(due));
	for (unsigned i = 0; i < count; i++) {
		struct tcp_conn *c = container_of(due[i], struct tcp_conn, timer);
		c->flags &= ~(uint32_t)CONN_WATCHED;
		conn_expired(t, c);
	}
}
