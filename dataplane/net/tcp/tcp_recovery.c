/* tcp_recovery.c - what acknowledgements and time say of a flight in; runs to be sent again, and a
 * window for them, out. */
#include "dataplane/net/tcp/tcp_recovery.h"
#include "dataplane/net/tcp/tcp_rack.h"
#include "dataplane/net/tcp/tcp_rtt.h"
#include "dataplane/net/tcp/tcp_sack.h"

enum { CWND_MAX = 1 << 30 };

/* ---- the window ------------------------------------------------------------------------- */

/* What it is cut from is kept: the loss may turn out to be none. */
static void cut(struct tcp_conn *c, struct tcp_flight *f)
{
	f->reduction = (struct tcp_reduction){
		.flight = max_u32(c->snd_max - c->snd_una, 1),
		.cwnd = c->cwnd,
		.ssthresh = c->flags & CONN_SSTHRESH ? c->ssthresh : CWND_MAX,
		.cubic = f->cubic,
		.may_undo = true,
	};
	c->ssthresh = tcp_cubic_cut(&f->cubic, c->cwnd, c->mss);
	c->flags |= CONN_SSTHRESH;
	f->recover = c->snd_max;
}

/* Nothing had been lost. */
static void undo(struct tcp *t, struct tcp_conn *c, struct tcp_flight *f)
{
	struct tcp_reduction *r = &f->reduction;
	c->cwnd = max_u32(c->cwnd, r->cwnd);
	c->ssthresh = r->ssthresh;
	tcp_conn_flag(c, CONN_SSTHRESH, r->ssthresh < CWND_MAX);
	f->cubic = r->cubic;
	f->mode = FLIGHT_OPEN;
	r->may_undo = false;
	tcp_count(t, STAT_tcp_recoveries_undone);
}

/* RFC 2883: all that was sent again has come twice. */
static void learn_twice(struct tcp *t, struct tcp_conn *c, struct tcp_flight *f, uint32_t twice)
{
	struct tcp_reduction *r = &f->reduction;
	if (twice == 0 || !r->may_undo || r->again == 0)
		return;
	r->again -= min_u32(twice, r->again);
	if (r->again == 0 && f->lost == 0)
		undo(t, c, f);
}

/* RFC 6937 3: out goes what the cut leaves of what comes in; when losses have left less in flight
 * than the cut wants, as much as comes, and a segment. */
static void reduce(struct tcp_conn *c, struct tcp_flight *f, uint32_t delivered)
{
	struct tcp_reduction *r = &f->reduction;
	uint32_t in_flight = tcp_flight_bytes(f);
	uint64_t may = 0;
	r->delivered += delivered;
	if (in_flight > c->ssthresh) {
		may = ((uint64_t)r->delivered * c->ssthresh + r->flight - 1) / r->flight;
		may = may > r->sent ? may - r->sent : 0;
	} else {
		uint32_t ahead = r->delivered > r->sent ? r->delivered - r->sent : 0;
		may = min_u32(c->ssthresh - in_flight, max_u32(ahead, delivered) + c->mss);
	}
	if (r->sent == 0)
		may = max_u64(may, c->mss); /* the first that is lost goes at once */
	c->cwnd = in_flight + (uint32_t)min_u64(may, CWND_MAX);
}

static bool is_slow_start(const struct tcp_conn *c)
{
	return !(c->flags & CONN_SSTHRESH) || c->cwnd < c->ssthresh;
}

/* A window that was not used says nothing of what the path holds (RFC 7661). Of the
 * acknowledgements of a turn each finds less in flight than the one before, and nothing that was
 * sent since: it is looked at when something is sent. */
static void note_use(const struct tcp_conn *c, struct tcp_flight *f)
{
	uint32_t in_flight = tcp_flight_bytes(f);
	f->is_window_used = is_slow_start(c) ? in_flight > c->cwnd / 2
					     : in_flight + 2u * c->mss >= c->cwnd;
}

void tcp_recovery_sent(struct tcp *t, const struct tcp_conn *c, uint32_t seq, uint32_t end)
{
	struct tcp_flight *f = tcp_flight_of(t, c);
	tcp_flight_sent(t, f, seq, end);
	note_use(c, f);
}

/* The first slow start ends when a queue grows (RFC 9406). */
static void learn_rounds(struct tcp_conn *c, struct tcp_flight *f, const struct tcp_news *news)
{
	struct tcp_slow_ack ack = {.una = c->snd_una,
				   .max = c->snd_max,
				   .rtt_ms = news->rtt_ms,
				   .has_rtt = news->has_rtt};
	if (c->flags & CONN_SSTHRESH)
		return;
	tcp_slow_start_learn(&f->slow_start, &ack);
	if (!tcp_slow_start_is_over(&f->slow_start))
		return;
	c->ssthresh = c->cwnd;
	c->flags |= CONN_SSTHRESH;
}

/* By `bytes` at most; what is left of them. */
static uint32_t grow_fast(struct tcp_conn *c, const struct tcp_flight *f, uint32_t bytes)
{
	if (!(c->flags & CONN_SSTHRESH)) {
		c->cwnd += tcp_slow_start_step(&f->slow_start, bytes, c->mss);
		return 0;
	}
	uint32_t step = min_u32(bytes, c->ssthresh - c->cwnd);
	c->cwnd += step;
	return bytes - step;
}

/* What has come behind a gap has left the path as well as what is acknowledged; but where nothing
 * is late it is a sign of loss. */
static void grow(const struct tcp *t, struct tcp_conn *c, struct tcp_flight *f,
		 const struct tcp_news *news, uint32_t acked)
{
	bool may_grow = acked > 0 || f->rack.is_reordered;
	struct tcp_cubic_ack ack = {.bytes = may_grow ? news->delivered : 0,
				    .now_ms = t->now_ms,
				    .rtt_ms = c->srtt_ms_x8 / 8,
				    .mss = c->mss};
	if (!f->is_window_used)
		return;
	if (is_slow_start(c))
		ack.bytes = grow_fast(c, f, ack.bytes);
	if (ack.bytes > 0)
		c->cwnd = tcp_cubic_grow(&f->cubic, c->cwnd, &ack);
	c->cwnd = min_u32(c->cwnd, CWND_MAX);
}

/* ---- modes ------------------------------------------------------------------------------ */

static void recovery_begin(struct tcp *t, struct tcp_conn *c, struct tcp_flight *f)
{
	cut(c, f);
	f->mode = FLIGHT_RECOVERY;
	f->tail.is_out = f->tail.is_due = false;
	tcp_count(t, STAT_tcp_recoveries);
}

/* RFC 3522: all up to `recover` has come, and what the peer answers had been sent before anything
 * was sent again. Nothing that was sent again has filled a gap. */
static bool was_in_vain(const struct tcp_flight *f, const struct tcp_news *news)
{
	const struct tcp_reduction *r = &f->reduction;
	return r->may_undo && r->has_again && news->has_echo &&
	       seq_lt(news->echo_ms, r->again_ms);
}

static void recovery_end(struct tcp_conn *c, struct tcp_flight *f)
{
	if (f->mode == FLIGHT_RECOVERY)
		c->cwnd = max_u32(c->ssthresh, c->mss);
	f->mode = FLIGHT_OPEN;
	f->is_window_used = false; /* this one has not been yet */
	tcp_rack_recovered(f);
}

/* Losses that are known now, and what they make of the window. */
static void look_for_losses(struct tcp *t, struct tcp_conn *c, struct tcp_flight *f,
			    const struct tcp_news *news)
{
	if (f->mode != FLIGHT_OPEN && !seq_lt(c->snd_una, f->recover)) {
		recovery_end(c, f);
		if (was_in_vain(f, news))
			undo(t, c, f);
	}
	if (f->mode != FLIGHT_OPEN || f->sacked > 0 || f->rack.is_due)
		tcp_rack_detect(t, c, f);
	if (f->mode == FLIGHT_OPEN && f->lost > 0)
		recovery_begin(t, c, f);
}

void tcp_recovery_ack(struct tcp *t, struct tcp_conn *c, const struct tcp_segment *s)
{
	struct tcp_flight *f = tcp_flight_of(t, c);
	struct tcp_news news = {.now_ms = t->now_ms,
				.foremost = f->rack.foremost,
				.echo_ms = s->h.ts_echo - c->ts_offset,
				.has_echo = (c->flags & CONN_TIMESTAMPS) && s->h.has_timestamps};
	uint32_t acked = c->snd_una - f->begin;
	tcp_flight_acked(t, f, c->snd_una, &news);
	if (unlikely(s->h.sack_count > 0) && f->count > 0)
		tcp_sack_take(t, c, s, &news);
	tcp_rack_learn(c, f, &news);
	if (news.has_rtt)
		tcp_rtt_sample(c, news.rtt_ms);
	learn_twice(t, c, f, news.twice);
	if (tcp_tail_was_lost(c, f, s->h.ack, &news)) {
		cut(c, f);
		c->cwnd = c->ssthresh;
	}
	look_for_losses(t, c, f, &news);
	learn_rounds(c, f, &news);
	if (f->mode == FLIGHT_RECOVERY)
		reduce(c, f, news.delivered);
	else
		grow(t, c, f, &news, acked);
}

void tcp_recovery_timer(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = tcp_flight_of(t, c);
	if (f->timer == FLIGHT_TIMER_TAIL) {
		f->tail = (struct tcp_tail){.is_due = true, .is_out = true};
		return;
	}
	look_for_losses(t, c, f, &(struct tcp_news){.now_ms = t->now_ms});
	if (f->mode == FLIGHT_RECOVERY)
		reduce(c, f, 0);
}

/* RFC 5681 3.1, once for all timeouts in a row. */
void tcp_recovery_timeout(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = tcp_flight_of(t, c);
	if (f->mode != FLIGHT_TIMEOUT || c->backoff == 0)
		cut(c, f);
	f->recover = c->snd_max;
	c->cwnd = c->mss;
	f->mode = FLIGHT_TIMEOUT;
	f->tail.is_out = f->tail.is_due = false;
	f->rack.is_due = false;
	tcp_flight_lose_all(f);
}
