/* tcp_flight.c - bytes sent, acknowledged, sacked and lost in; what is in flight out. */
#include "dataplane/net/tcp/tcp_flight.h"
#include "dataplane/base/require.h"
#include "dataplane/net/tcp/tcp_extra.h"

enum {
	/* Not for what the peer says, but for what is sent. */
	RUNS_SPARE = 16,
};

bool tcp_flights_init(struct tcp *t)
{
	uint32_t count = min_u32(t->conns.count, TCP_FLIGHTS);
	list_init(&t->flights_idle);
	return slab_init(&t->flights, sizeof(struct tcp_flight), count) == 0;
}

void tcp_flights_fini(struct tcp *t)
{
	slab_fini(&t->flights);
}

struct tcp_flight *tcp_flight_of(const struct tcp *t, const struct tcp_conn *c)
{
	return slab_at(&t->flights, tcp_extra(c)->flight);
}

/* ---- runs ------------------------------------------------------------------------------ */

/* In the sums, or out of them. */
static void run_count(struct tcp_flight *f, unsigned run, uint32_t flags, bool is_in)
{
	uint32_t bytes = f->runs[run].end - tcp_run_begin(f, run);
	uint32_t *sum = flags & RUN_SACKED ? &f->sacked : flags & RUN_LOST ? &f->lost : NULL;
	if (sum)
		*sum = is_in ? *sum + bytes : *sum - bytes;
}

static void run_flags(struct tcp_flight *f, unsigned run, uint32_t flags)
{
	run_count(f, run, f->runs[run].flags, false);
	f->runs[run].flags = (uint16_t)flags;
	run_count(f, run, flags, true);
}

/* For the two that bytes within one make of it, and `spare` behind them. */
static bool has_room(const struct tcp_flight *f, unsigned spare)
{
	return f->count + 2 + spare < TCP_RUNS_MAX;
}

/* The run that `seq` is in. */
static unsigned run_of(const struct tcp_flight *f, uint32_t seq)
{
	unsigned low = 0, high = f->count - 1;
	require(f->count > 0 && seq_lt(seq, tcp_flight_end_seq(f)));
	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (seq_lt(seq, f->runs[middle].end))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The run that begins with `seq`: cut off its first part when it does not. */
static unsigned run_cut(struct tcp_flight *f, uint32_t seq)
{
	if (seq == tcp_flight_end_seq(f))
		return f->count;
	unsigned run = run_of(f, seq);
	if (tcp_run_begin(f, run) == seq)
		return run;
	require(f->count < TCP_RUNS_MAX);
	memmove(&f->runs[run + 1], &f->runs[run], (f->count - run) * sizeof f->runs[0]);
	f->runs[run].end = seq;
	f->count++;
	return run + 1;
}

/* Time says nothing of what has come, nor of what is sent again anyway. */
static bool runs_are_alike(const struct tcp_run *a, const struct tcp_run *b)
{
	return a->flags == b->flags &&
	       (a->sent_ms == b->sent_ms || (a->flags & (RUN_SACKED | RUN_LOST)));
}

static uint32_t run_oldest_ms(const struct tcp_run *r)
{
	return r->sent_ms - r->span_ms;
}

/* It has bytes that were sent at these times, too. */
static void run_spread(struct tcp_run *r, uint32_t oldest_ms, uint32_t youngest_ms)
{
	if (seq_lt(run_oldest_ms(r), oldest_ms))
		oldest_ms = run_oldest_ms(r);
	if (seq_lt(r->sent_ms, youngest_ms))
		r->sent_ms = youngest_ms;
	r->span_ms = (uint16_t)min_u32(r->sent_ms - oldest_ms, UINT16_MAX);
}

static void runs_join(struct tcp_flight *f, bool at_any_time)
{
	unsigned kept = 0;
	for (unsigned i = 1; i < f->count; i++) {
		struct tcp_run *last = &f->runs[kept];
		const struct tcp_run *next = &f->runs[i];
		bool is_alike = at_any_time ? last->flags == next->flags
					    : runs_are_alike(last, next);
		if (!is_alike) {
			f->runs[++kept] = *next;
			continue;
		}
		last->end = next->end;
		run_spread(last, run_oldest_ms(next), next->sent_ms);
	}
	f->count = f->count > 0 ? kept + 1 : 0;
}

/* The peer's word is forgotten: nothing has come that is not acknowledged. */
static void forget(struct tcp_flight *f)
{
	f->runs[0].end = tcp_flight_end_seq(f);
	f->runs[0].flags = RUN_AGAIN | RUN_LOST;
	f->count = 1;
	f->sacked = 0;
	f->lost = f->runs[0].end - f->begin;
}

/* When runs were sent is the first to be forgotten. */
static void make_room(struct tcp_flight *f)
{
	if (has_room(f, 0))
		return;
	runs_join(f, true);
	if (!has_room(f, 0))
		forget(f);
}

void tcp_flight_join(struct tcp_flight *f)
{
	runs_join(f, false);
}

/* ---- a connection's -------------------------------------------------------------------- */

static void flight_give(struct tcp *t, struct tcp_conn *c, struct tcp_flight *f)
{
	list_remove(&f->node);
	slab_give(&t->flights, f);
	c->flags &= ~(uint32_t)CONN_FLIGHT;
	tcp_extra_rest(c);
}

/* A place, or that of who has had nothing in flight for longest. */
static struct tcp_flight *flight_take(struct tcp *t)
{
	struct tcp_flight *f = slab_take(&t->flights);
	if (f || list_is_empty(&t->flights_idle))
		return f;
	struct tcp_flight *idle =
		container_of(t->flights_idle.next, struct tcp_flight, node);
	flight_give(t, tcp_conn_at(t, idle->conn), idle);
	return slab_take(&t->flights);
}

void tcp_flight_begin(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = flight_take(t);
	if (!f) {
		tcp_count(t, STAT_tcp_flights_refused);
		return;
	}
	list_init(&f->node);
	f->conn = tcp_conn_index(c);
	f->begin = c->snd_una;
	f->sent_ms = t->now_ms;
	f->span_ms = t->now_ms;
	f->runs[0] = (struct tcp_run){.end = c->snd_max, .sent_ms = t->now_ms};
	f->count = 1;
	f->rack.foremost = c->snd_una;
	f->rack.rtt_min_ms = c->srtt_ms_x8 / 8;
	f->rack.rtt_ms = f->rack.rtt_min_ms;
	f->rack.quarters = 1;
	tcp_extra_take(c)->flight = slab_index(&t->flights, f);
	c->flags |= CONN_FLIGHT;
	c->flags &= ~(uint32_t)CONN_RTT_RUNNING;
}

void tcp_flight_end(struct tcp *t, struct tcp_conn *c)
{
	if (c->flags & CONN_FLIGHT)
		flight_give(t, c, tcp_flight_of(t, c));
}

/* ---- what happens ---------------------------------------------------------------------- */

static void sent_again(struct tcp *t, struct tcp_flight *f, uint32_t seq, uint32_t end)
{
	make_room(f);
	unsigned run = run_cut(f, seq), behind = run_cut(f, end);
	for (; run < behind; run++) {
		if (f->runs[run].flags & RUN_SACKED)
			continue;
		run_flags(f, run, RUN_AGAIN);
		f->runs[run].sent_ms = t->now_ms;
		f->runs[run].span_ms = 0;
	}
	struct tcp_reduction *r = &f->reduction;
	r->again += end - seq;
	r->again_ms = r->has_again ? r->again_ms : t->now_ms;
	r->has_again = true;
	tcp_flight_join(f);
}

/* What is sent within a small part of the round trip is one run. */
static void sent_new(struct tcp *t, struct tcp_flight *f, uint32_t end)
{
	struct tcp_run *last = f->count > 0 ? &f->runs[f->count - 1] : NULL;
	bool is_soon = t->now_ms - f->span_ms <= tcp_flight_span_ms(f) ||
		       f->count + 2 >= TCP_RUNS_MAX;
	if (!last || last->flags != 0 || !is_soon) {
		make_room(f);
		last = &f->runs[f->count++];
		*last = (struct tcp_run){.sent_ms = t->now_ms};
		f->span_ms = t->now_ms;
	}
	last->end = end;
	run_spread(last, t->now_ms, t->now_ms);
}

void tcp_flight_sent(struct tcp *t, struct tcp_flight *f, uint32_t seq, uint32_t end)
{
	uint32_t known = tcp_flight_end_seq(f);
	if (f->count == 0)
		tcp_cubic_rested(&f->cubic, t->now_ms - f->idle_ms);
	list_remove(&f->node);
	f->sent_ms = t->now_ms;
	f->reduction.sent += end - seq;
	if (seq_lt(seq, known))
		sent_again(t, f, seq, seq_lt(known, end) ? known : end);
	if (seq_lt(known, end))
		sent_new(t, f, end);
}

/* The run, or its first part up to `end`, has come. */
static void run_comes(struct tcp_flight *f, unsigned run, uint32_t end, struct tcp_news *news)
{
	const struct tcp_run *r = &f->runs[run];
	struct tcp_rack *k = &f->rack;
	uint32_t rtt_ms = news->now_ms - r->sent_ms;
	news->delivered += end - tcp_run_begin(f, run);
	if (seq_lt(k->foremost, end))
		k->foremost = end;
	if (!(r->flags & RUN_AGAIN)) {
		if (r->span_ms <= tcp_flight_span_ms(f) + 1) {
			news->rtt_ms = news->has_rtt ? min_u32(news->rtt_ms, rtt_ms) : rtt_ms;
			news->has_rtt = true;
		}
		news->is_reordered |= seq_lt(end, news->foremost);
	} else if (rtt_ms < k->rtt_min_ms) {
		/* It is the first one of them that has come: it was late, and not lost. */
		news->is_reordered = true;
		return;
	}
	uint32_t oldest_ms = run_oldest_ms(r); /* nothing is overtaken by what may be older */
	bool is_newest = !k->has_come || seq_lt(k->sent_ms, oldest_ms) ||
			 (k->sent_ms == oldest_ms && seq_lt(k->end, end));
	if (!is_newest)
		return;
	k->has_come = true;
	k->sent_ms = oldest_ms;
	k->end = end;
	k->rtt_ms = news->now_ms - oldest_ms;
}

/* The first `gone` are no more. */
static void runs_drop(struct tcp_flight *f, unsigned gone)
{
	f->begin = tcp_run_begin(f, gone);
	f->count -= gone;
	memmove(f->runs, f->runs + gone, f->count * sizeof f->runs[0]);
}

void tcp_flight_acked(struct tcp *t, struct tcp_flight *f, uint32_t ack, struct tcp_news *news)
{
	unsigned gone = 0;
	for (; gone < f->count && seq_le(f->runs[gone].end, ack); gone++) {
		if (!(f->runs[gone].flags & RUN_SACKED))
			run_comes(f, gone, f->runs[gone].end, news);
		run_count(f, gone, f->runs[gone].flags, false);
	}
	if (gone > 0)
		runs_drop(f, gone);
	if (f->begin != ack) {
		if (!(f->runs[0].flags & RUN_SACKED))
			run_comes(f, 0, ack, news);
		run_count(f, 0, f->runs[0].flags, false);
		f->begin = ack;
		run_count(f, 0, f->runs[0].flags, true);
	}
	if (f->count > 0 || !list_is_empty(&f->node))
		return;
	f->idle_ms = t->now_ms;
	list_append(&t->flights_idle, &f->node);
}

bool tcp_flight_sacked(struct tcp_flight *f, uint32_t from, uint32_t to, struct tcp_news *news)
{
	const struct tcp_run *known = &f->runs[run_of(f, from)];
	if ((known->flags & RUN_SACKED) && seq_le(to, known->end))
		return true;
	if (!has_room(f, RUNS_SPARE))
		runs_join(f, true);
	if (!has_room(f, RUNS_SPARE))
		return false;
	unsigned run = run_cut(f, from), behind = run_cut(f, to);
	for (; run < behind; run++) {
		if (f->runs[run].flags & RUN_SACKED)
			continue;
		run_comes(f, run, f->runs[run].end, news);
		run_flags(f, run, RUN_SACKED);
	}
	return true;
}

void tcp_flight_lose(struct tcp_flight *f, unsigned run)
{
	run_flags(f, run, f->runs[run].flags | RUN_LOST);
}

void tcp_flight_lose_all(struct tcp_flight *f)
{
	if (f->count > 0 && (f->runs[0].flags & RUN_SACKED))
		forget(f);
	for (unsigned i = 0; i < f->count; i++) {
		if (!(f->runs[i].flags & RUN_SACKED))
			tcp_flight_lose(f, i);
	}
	tcp_flight_join(f);
}

bool tcp_flight_first_lost(const struct tcp_flight *f, uint32_t *from, uint32_t *to)
{
	for (unsigned i = 0; f->lost > 0 && i < f->count; i++) {
		if (!(f->runs[i].flags & RUN_LOST))
			continue;
		*from = tcp_run_begin(f, i);
		*to = f->runs[i].end;
		return true;
	}
	return false;
}
