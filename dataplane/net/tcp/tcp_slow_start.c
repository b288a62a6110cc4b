/* tcp_slow_start.c - round trips and bytes that have come in, steps of the window out (9406). */
#include "dataplane/net/tcp/tcp_slow_start.h"

enum {
	SEGMENTS_PER_ACK = 8,   /* L, of who does not pace what it sends */
	SAMPLES = 8,            /* N_RTT_SAMPLE: of fewer the shortest may be none */
	LONGER_SHARE = 8,       /* MIN_RTT_DIVISOR */
	LONGER_MS_MIN = 4,      /* MIN_RTT_THRESH */
	LONGER_MS_MAX = 16,     /* MAX_RTT_THRESH */
	CAREFUL_SHARE = 4,      /* CSS_GROWTH_DIVISOR */
	CAREFUL_ROUNDS = 2,     /* CSS_ROUNDS, which are 5 there: see tcp_slow_start.h */
};

/* 0: none yet. */
static uint32_t shorter_ms(uint32_t a, uint32_t b)
{
	return a > 0 ? min_u32(a, b) : b;
}

static void round_begin(struct tcp_slow_start *s, uint32_t end)
{
	s->before_ms = s->shortest_ms;
	s->shortest_ms = 0;
	s->round_end = end;
	s->careful_rounds += s->is_careful && s->careful_rounds < CAREFUL_ROUNDS;
}

/* What a round takes at least when a queue has grown. */
static uint32_t long_ms(const struct tcp_slow_start *s)
{
	uint32_t longer_ms = min_u32(s->before_ms / LONGER_SHARE, LONGER_MS_MAX);
	return s->before_ms + max_u32(longer_ms, LONGER_MS_MIN);
}

/* By the shortest of the last few. */
static void judge(struct tcp_slow_start *s)
{
	if (s->is_careful) {
		s->is_careful = s->last_ms >= s->careful_ms;
	} else if (s->before_ms > 0 && s->last_ms >= long_ms(s)) {
		s->is_careful = true;
		s->careful_rounds = 0;
		s->careful_ms = long_ms(s);
	}
}

void tcp_slow_start_learn(struct tcp_slow_start *s, const struct tcp_slow_ack *ack)
{
	bool is_over = !s->has_begun || (int32_t)(ack->una - s->round_end) >= 0;
	if (is_over)
		round_begin(s, ack->max);
	s->has_begun = true;
	if (!ack->has_rtt)
		return;
	s->shortest_ms = shorter_ms(s->shortest_ms, ack->rtt_ms);
	s->last_ms = shorter_ms(s->last_ms, ack->rtt_ms);
	if (++s->samples < SAMPLES)
		return;
	judge(s);
	s->samples = 0;
	s->last_ms = 0;
}

uint32_t tcp_slow_start_step(const struct tcp_slow_start *s, uint32_t bytes, uint32_t mss)
{
	uint32_t step = min_u32(bytes, SEGMENTS_PER_ACK * mss);
	return s->is_careful ? step / CAREFUL_SHARE : step;
}

bool tcp_slow_start_is_over(const struct tcp_slow_start *s)
{
	return s->is_careful && s->careful_rounds >= CAREFUL_ROUNDS;
}
