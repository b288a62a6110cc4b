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

/* All that was sent again has come twice: nothing had been lost. */
static void undo(struct tcp *t, struct tcp_conn *c, struct tcp_flight *f)
{
	struct tcp_reduction *r = &f->reduction;
	c->cwnd = max_u32(c->cwnd, r->cwnd);
	c->ssthresh = r->ssthresh;
	f->cubic = r->cubic;
	f->mode = FLIGHT_OPEN;
	r->may_undo = false;
	tcp_count(t, STAT_tcp_recoveries_undone);
}

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

/* A window that was not used says nothing of what the path holds (RFC 7661). */
static bool was_used(const struct tcp_conn *c, uint32_t in_flight)
{
	bool is_slow_start = !(c->flags & CONN_SSTHRESH) || c->cwnd < c->ssthresh;
	return is_slow_start ? in_flight > c->cwnd / 2 : in_flight + 2u * c->mss >= c->cwnd;
}

static void grow(const struct tcp *t, struct tcp_conn *c, struct tcp_flight *f,
		 uint32_t in_flight, uint32_t acked)
{
	struct tcp_cubic_ack ack = {.bytes = acked,
				    .now_ms = t->now_ms,
				    .rtt_ms = c->srtt_ms_x8 / 8,
				    .mss = c->mss};
	if (ack.bytes == 0 || !was_used(c, in_flight))
		return;
	if (!(c->flags & CONN_SSTHRESH) || c->cwnd < c->ssthresh) {
		uint32_t up_to = c->flags & CONN_SSTHRESH ? c->ssthresh : CWND_MAX;
		uint32_t step = min_u32(ack.bytes, up_to - min_u32(c->cwnd, up_to));
		c->cwnd += step;
		ack.bytes -= step;
	}
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

static void recovery_end(struct tcp_conn *c, struct tcp_flight *f)
{
	if (f->mode == FLIGHT_RECOVERY)
		c->cwnd = max_u32(c->ssthresh, c->mss);
	f->mode = FLIGHT_OPEN;
	tcp_rack_recovered(f);
}

/* Losses that are known now, and what they make of the window. */
static void look_for_losses(struct tcp *t, struct tcp_conn *c, struct tcp_flight *f)
{
	if (f->mode != FLIGHT_OPEN && !seq_lt(c->snd_una, f->recover))
		recovery_end(c, f);
	if (f->mode != FLIGHT_OPEN || f->sacked > 0 || f->rack.is_due)
		tcp_rack_detect(t, c, f);
	if (f->mode == FLIGHT_OPEN && f->lost > 0)
		recovery_begin(t, c, f);
}

void tcp_recovery_ack(struct tcp *t, struct tcp_conn *c, const struct tcp_segment *s)
{
	struct tcp_flight *f = tcp_flight_of(t, c);
	struct tcp_news news = {.now_ms = t->now_ms, .foremost = f->rack.foremost};
	uint32_t in_flight = tcp_flight_bytes(f), acked = c->snd_una - f->begin;
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
	look_for_losses(t, c, f);
	if (f->mode == FLIGHT_RECOVERY)
		reduce(c, f, news.delivered);
	else
		grow(t, c, f, in_flight, acked);
}

void tcp_recovery_timer(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = tcp_flight_of(t, c);
	if (f->timer == FLIGHT_TIMER_TAIL) {
		f->tail = (struct tcp_tail){.is_due = true, .is_out = true};
		return;
	}
	look_for_losses(t, c, f);
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
