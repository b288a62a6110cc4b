/* tcp_cookie.c - a SYN's offer in, numbers that say it again out, and back; see tcp_cookie.h. */
#include "dataplane/net/tcp/tcp_cookie.h"
#include "dataplane/net/tcp/tcp_out.h"

enum {
	PERIOD_S = 32,
	LIFE_PERIODS = 2,
	MSS_BITS = 3,
	STREAM_SHIFT = MSS_BITS + 1,
	STREAM_BITS = 18,
	STREAM_MASK = (1 << STREAM_BITS) - 1,
	EARLY_MASK = ~(STREAM_MASK << STREAM_SHIFT),
	SCALE_MASK = 15,
	TS_GRAIN_MS = SCALE_MASK + 1,
};
static_assert(STREAM_MASK > UINT16_MAX, "what a SYN-ACK's window lets come");
static_assert((int)TCP_SCALE_NONE == (int)SCALE_MASK, "and no scale that there is");

/* What peers offer: nothing (536), uIP, tunnels, PPPoE with and without timestamps, Ethernet. */
static const uint16_t mss_steps[1 << MSS_BITS] = {
	TCP_MSS_MIN, TCP_MSS_DEFAULT, 1220, 1360, 1400, 1430, 1452, 1460,
};

/* The initial number's hash is of the tuple alone, so that the two have nothing in common. */
struct cookie_text {
	struct tcp_tuple tuple;
	uint32_t irs;
	uint32_t period;
	uint16_t mss_step;
	uint16_t has_timestamps;
};
static_assert(sizeof(struct cookie_text) == 32, "hashed as bytes: no padding");

/* The peer's number is added, not hashed: a segment from further on in his stream never fits, as
 * far as the first window reaches. */
static uint32_t cookie_number(const struct tcp *t, const struct cookie_text *text)
{
	struct cookie_text name = *text;
	name.irs = 0;
	uint64_t hash = siphash(t->isn_key, &name, sizeof name);
	uint32_t stream = ((uint32_t)hash + text->irs) & STREAM_MASK;
	uint32_t early = (uint32_t)(hash >> 32) << (STREAM_SHIFT + STREAM_BITS);
	return early | stream << STREAM_SHIFT | (text->period & 1) << MSS_BITS | text->mss_step;
}

/* What a cookie said that `s` acknowledges, if it was one. */
static struct cookie_text cookie_read(const struct tcp *t, const struct tcp_segment *s)
{
	uint32_t iss = s->h.ack - 1;
	struct cookie_text text = {.tuple = s->tuple,
				   .irs = s->h.seq - 1,
				   .period = t->now_s / PERIOD_S,
				   .mss_step = iss & ((1 << MSS_BITS) - 1),
				   .has_timestamps = s->h.has_timestamps};
	text.period -= ((iss >> MSS_BITS) ^ text.period) & 1;
	return text;
}

void tcp_cookie_make(struct tcp *t, struct tcp_half_open *half, uint32_t *ts_value)
{
	struct cookie_text text = {.tuple = half->tuple,
				   .irs = half->irs,
				   .period = t->now_s / PERIOD_S,
				   .has_timestamps = half->has_timestamps};
	while (text.mss_step + 1u < array_len(mss_steps) &&
	       mss_steps[text.mss_step + 1] <= half->peer_mss)
		text.mss_step++;
	if (!half->has_timestamps)
		half->snd_scale = TCP_SCALE_NONE;
	half->iss = cookie_number(t, &text);
	/* Not ahead of the clock: what comes later must not be less. */
	uint32_t now = tcp_ts_now(t, tcp_ts_offset(t, &half->tuple));
	*ts_value = (now & ~(uint32_t)SCALE_MASK) | half->snd_scale;
	if (seq_lt(now, *ts_value))
		*ts_value -= TS_GRAIN_MS;
	t->cookies_until_s = (text.period + LIFE_PERIODS) * PERIOD_S;
}

/* Where the cookie is remembered when it has opened, and as what. */
static uint32_t spent_place(const struct tcp *t, const struct tcp_half_open *half, uint32_t *mark)
{
	struct cookie_text text = {.tuple = half->tuple,
				   .irs = half->irs,
				   .period = half->iss,
				   .mss_step = UINT16_MAX}; /* no cookie's own hash */
	uint64_t hash = siphash(t->isn_key, &text, sizeof text);
	*mark = max_u32((uint32_t)(hash >> 32), 1);
	return (uint32_t)hash % TCP_SPENT_PLACES;
}

static bool cookie_is_spent(const struct tcp *t, const struct tcp_half_open *half)
{
	uint32_t mark;
	const struct tcp_spent *spent = &t->cookies_spent[spent_place(t, half, &mark)];
	for (unsigned i = 0; i < array_len(spent->marks); i++)
		if (spent->marks[i] == mark)
			return true;
	return false;
}

void tcp_cookie_spend(struct tcp *t, const struct tcp_half_open *half)
{
	uint32_t mark;
	struct tcp_spent *spent = &t->cookies_spent[spent_place(t, half, &mark)];
	spent->marks[spent->next] = mark;
	spent->next = (spent->next + 1) % array_len(spent->marks);
}

bool tcp_cookie_open(const struct tcp *t, const struct tcp_segment *s,
		     struct tcp_half_open *ret)
{
	if (t->now_s >= t->cookies_until_s)
		return false;
	uint32_t iss = s->h.ack - 1;
	struct cookie_text text = cookie_read(t, s);
	if (cookie_number(t, &text) != iss)
		return false;
	*ret = (struct tcp_half_open){
		.tuple = s->tuple,
		.way = s->pkt->way,
		.irs = text.irs,
		.iss = iss,
		.peer_mss = mss_steps[text.mss_step],
		.has_timestamps = s->h.has_timestamps,
		.ts_recent = s->h.ts_value,
		.snd_scale = TCP_SCALE_NONE,
		.is_cookie = true,
	};
	if (s->h.has_timestamps)
		ret->snd_scale = s->h.ts_echo & SCALE_MASK;
	return !cookie_is_spent(t, ret);
}

bool tcp_cookie_is_early(const struct tcp *t, const struct tcp_segment *s)
{
	if (t->now_s >= t->cookies_until_s)
		return false;
	struct cookie_text text = cookie_read(t, s);
	return ((cookie_number(t, &text) ^ (s->h.ack - 1)) & EARLY_MASK) == 0;
}
