/* tcp_rack.c - times in, losses out (RFC 8985); see tcp_rack.h. */
#include "dataplane/net/tcp/tcp_rack.h"

enum {
	QUARTERS_MAX = 255,
	PATIENCE = 16,         /* recoveries (RFC 8985 6.2) */
	PEER_ACK_DELAY_MS = 200, /* an acknowledgement of one segment may wait so long (7.2) */
	TIMER_SLACK_MS = 2,
	TAIL_ROUNDS = 2,
};

/* 6.2, step 4: duplicates are a sign of waiting too short a time, one more in a round trip. */
static void learn_patience(const struct tcp_conn *c, struct tcp_flight *f,
			   const struct tcp_news *news)
{
	struct tcp_rack *k = &f->rack;
	if (k->is_in_round && seq_le(k->round_end, c->snd_una))
		k->is_in_round = false;
	if (news->twice == 0 || k->is_in_round)
		return;
	k->is_reordered |= !f->tail.is_out;
	k->is_in_round = true;
	k->round_end = c->snd_max;
	k->quarters += k->quarters < QUARTERS_MAX;
	k->patience = PATIENCE;
}

void tcp_rack_learn(const struct tcp_conn *c, struct tcp_flight *f, const struct tcp_news *news)
{
	if (news->has_rtt)
		f->rack.rtt_min_ms = min_u32(f->rack.rtt_min_ms, news->rtt_ms);
	f->rack.is_reordered |= news->is_reordered;
	learn_patience(c, f, news);
}

/* How long others may be ahead, and the millisecond that times are rounded to. */
static uint32_t wait_ms(const struct tcp_conn *c, const struct tcp_flight *f)
{
	const struct tcp_rack *k = &f->rack;
	bool is_enough = f->mode != FLIGHT_OPEN || f->sacked >= TCP_DUPACKS * (uint32_t)c->mss;
	if (!k->is_reordered && is_enough)
		return 0;
	uint32_t ahead_ms = min_u32(k->quarters * k->rtt_min_ms / 4, c->srtt_ms_x8 / 8);
	return ahead_ms + 1;
}

static bool was_overtaken(const struct tcp_rack *k, const struct tcp_run *r)
{
	return seq_lt(r->sent_ms, k->sent_ms) ||
	       (r->sent_ms == k->sent_ms && seq_lt(r->end, k->end));
}

void tcp_rack_detect(const struct tcp *t, const struct tcp_conn *c, struct tcp_flight *f)
{
	struct tcp_rack *k = &f->rack;
	uint32_t after_ms = k->rtt_ms + wait_ms(c, f);
	k->is_due = false;
	for (unsigned i = 0; k->has_come && i < f->count; i++) {
		const struct tcp_run *r = &f->runs[i];
		if ((r->flags & (RUN_SACKED | RUN_LOST)) || !was_overtaken(k, r))
			continue;
		uint32_t due_ms = r->sent_ms + after_ms;
		if (seq_le(due_ms, t->now_ms)) {
			tcp_flight_lose(f, i);
			continue;
		}
		k->due_ms = k->is_due && seq_lt(due_ms, k->due_ms) ? k->due_ms : due_ms;
		k->is_due = true;
	}
	tcp_flight_join(f);
}

void tcp_rack_recovered(struct tcp_flight *f)
{
	struct tcp_rack *k = &f->rack;
	k->patience -= k->patience > 0;
	if (k->patience == 0)
		k->quarters = 1;
}

bool tcp_tail_is_watched(const struct tcp_conn *c, const struct tcp_flight *f)
{
	return f->mode == FLIGHT_OPEN && f->sacked == 0 && f->lost == 0 && !f->tail.is_out &&
	       c->srtt_ms_x8 != 0;
}

uint32_t tcp_tail_ms(const struct tcp_conn *c, const struct tcp_flight *f)
{
	uint32_t rounds_ms = TAIL_ROUNDS * c->srtt_ms_x8 / 8;
	bool is_one = tcp_flight_bytes(f) <= c->mss;
	return rounds_ms + (is_one ? PEER_ACK_DELAY_MS : TIMER_SLACK_MS);
}

/* 7.4.2. What goes beyond the probe says that the gap had been filled before: by the probe, or, as
 * a duplicate would tell, not. */
bool tcp_tail_was_lost(const struct tcp_conn *c, struct tcp_flight *f, uint32_t ack,
		       const struct tcp_news *news)
{
	struct tcp_tail *p = &f->tail;
	if (!p->is_out || p->is_due || seq_lt(c->snd_una, p->end))
		return false;
	if (p->was_again && news->twice == 0 && ack == p->end)
		return false;
	p->is_out = false;
	return p->was_again && news->twice == 0;
}
