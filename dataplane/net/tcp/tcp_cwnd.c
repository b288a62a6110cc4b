/* tcp_cwnd.c - acknowledged bytes and losses in, how much may be in flight out (RFC 5681, 6928). */
#include "dataplane/net/tcp/tcp_cwnd.h"

enum {
	/* ssthresh and what was in flight at the loss, which is twice that. */
	INFLATED_SSTHRESHES = 3,
};

/* RFC 6928. */
uint32_t tcp_cwnd_first(uint32_t mss)
{
	return min_u32(10 * mss, max_u32(2 * mss, 14600));
}

/* RFC 5681 (4): half of what is in flight. */
void tcp_cwnd_cut(struct tcp_conn *c)
{
	c->ssthresh = max_u32((c->snd_max - c->snd_una) / 2, 2u * c->mss);
	c->flags |= CONN_SSTHRESH;
}

/* RFC 5681 3.1; the growth counts bytes, at most one segment per ACK (RFC 3465). */
void tcp_cwnd_grow(struct tcp_conn *c, uint32_t acked)
{
	uint32_t step = min_u32(acked, c->mss);
	if ((c->flags & CONN_SSTHRESH) && c->cwnd >= c->ssthresh)
		step = max_u32((uint32_t)((uint64_t)step * c->mss / c->cwnd), 1);
	c->cwnd = min_u32(c->cwnd + step, 1u << 30);
}

/* RFC 5681 3.2 (4). Of what was in flight no more can have left than was there: whose duplicates
 * are more made them up, and would have all the rest at once. */
void tcp_cwnd_inflate(struct tcp_conn *c)
{
	uint32_t inflated = min_u32(c->cwnd + c->mss, INFLATED_SSTHRESHES * c->ssthresh);
	c->cwnd = max_u32(c->cwnd, inflated);
}
