/* tcp_window.c - how much a peer may send: what came and what is left to read in, the right edge
 * of his window out.
 *
 *     first:  its share of the receive memory, if every connection filled its own at once
 *     grows:  fourfold a round trip in which half of it came and was read at once
 *     never:  beyond the largest window, or an eighth of the receive memory that is free
 *     but:    what the session needs at once always fits, a long frame above all
 *
 * A vehicle that reports now and then keeps its share, so that the memory holds what a whole
 * fleet may send while nothing can be taken; a producer has the largest window after a few
 * round trips. With many that have grown, the eighth settles where each has an equal part. The
 * edge never moves left (RFC 9293 3.8.6): what was offered when memory was free stays offered. */
#include "dataplane/net/tcp/tcp_window.h"

enum {
	GROWTH_SHIFT = 2,     /* fourfold */
	GROWTHS_MAX = 6,      /* of 2 KiB and more: beyond the largest window there is */
	FREE_SHARE = 8,
	SEGMENTS_MIN = 2,     /* RFC 5681 4.2: every second full segment is acknowledged */
	ROUND_MS_MAX = 30000, /* half of what round_ms tells apart */
};

static uint32_t window_limit(const struct tcp *t, const struct tcp_conn *c)
{
	uint64_t grown = (uint64_t)t->window_first << GROWTH_SHIFT * c->rcv_growths;
	return (uint32_t)min_u64(grown, t->options.settings.receive_buffer_bytes);
}

uint32_t tcp_window_first(const struct tcp *t)
{
	const struct chunk_pool *pool = t->options.receive;
	const struct tcp_settings *s = &t->options.settings;
	uint64_t share = (uint64_t)pool->count * pool->chunk_bytes / s->connections_max;
	uint64_t first = max_u64(share, SEGMENTS_MIN * (uint64_t)t->local_mss);
	return (uint32_t)min_u64(first, min_u32(s->receive_buffer_bytes, UINT16_MAX));
}

void tcp_window_grow(struct tcp *t, struct tcp_conn *c)
{
	uint32_t round_ms = min_u32(max_u32(c->srtt_ms_x8 / 8, 1), ROUND_MS_MAX);
	if ((uint16_t)(t->now_ms - c->round_ms) < round_ms)
		return;
	uint32_t limit = window_limit(t, c);
	bool is_read = !(c->flags & CONN_RESIDUE);
	bool is_used = seq_le(c->round_seq + limit / 2, c->rcv_nxt);
	if (is_read && is_used && c->rcv_growths < GROWTHS_MAX)
		c->rcv_growths++;
	c->round_seq = c->rcv_nxt;
	c->round_ms = (uint16_t)t->now_ms;
}

/* With what the session needs, and so many segments behind it that the window never is too small
 * to be opened (window_step_min) before all of that has come. */
static uint32_t window_needed(const struct tcp *t, const struct tcp_conn *c)
{
	if (likely(!(c->flags & CONN_NEED)))
		return 0;
	uint32_t bytes = tcp_extra(c)->needed_chunks * t->options.receive->chunk_bytes;
	return bytes + SEGMENTS_MIN * t->local_mss;
}

/* Bytes of window that could be offered now. */
static uint32_t window_free(const struct tcp *t, const struct tcp_conn *c)
{
	const struct chunk_pool *pool = t->options.receive;
	uint64_t memory = (uint64_t)chunk_pool_left(pool) * pool->chunk_bytes / FREE_SHARE;
	uint32_t limit = (uint32_t)min_u64(window_limit(t, c), memory);
	uint32_t unread = tcp_conn_unread(c);
	limit = max_u32(limit, max_u32(t->window_first, window_needed(t, c)));
	return limit > unread ? limit - unread : 0;
}

/* By how little the right edge does not move (RFC 9293 3.8.6.2.2). */
static uint32_t window_step_min(const struct tcp *t, const struct tcp_conn *c)
{
	return min_u32(window_limit(t, c) / 2, t->local_mss);
}

/* What was offered is rounded up: a scale that cut its last bytes off would move the edge
 * left. */
uint16_t tcp_window_field(const struct tcp *t, const struct tcp_conn *c, uint32_t *edge)
{
	uint32_t held = tcp_conn_window(c);
	uint32_t open = window_free(t, c);
	uint32_t field = (held + (1u << c->rcv_scale) - 1) >> c->rcv_scale;
	if (open > held && open - held >= window_step_min(t, c))
		field = max_u32(field, open >> c->rcv_scale);
	field = min_u32(field, UINT16_MAX);
	*edge = c->rcv_nxt + (field << c->rcv_scale);
	return (uint16_t)field;
}

/* Only a peer that has nearly stopped needs to hear of it; any other learns the window with its
 * next acknowledgement. */
bool tcp_window_has_reopened(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t held = tcp_conn_window(c);
	return held < 2u * t->local_mss &&
	       window_free(t, c) >= held + window_step_min(t, c);
}
