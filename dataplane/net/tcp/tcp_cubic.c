/* tcp_cubic.c - cuts and acknowledged bytes in, congestion windows out (RFC 9438). */
#include "dataplane/net/tcp/tcp_cubic.h"

enum {
	KEPT_TENTHS = 7,   /* beta: of the window at a cut */
	STEEP_TENTHS = 4,  /* C: segments per cubic second */
	GROWTH_MS_MAX = 100000,
	/* alpha = 3 (1 - beta) / (1 + beta): what a window cut to 7/10 may grow by per round trip,
	 * to be as large on average as one that is cut to half and grows by 1. */
	RENO_ALPHA_OF_17 = 9,
	SEGMENTS_MIN = 2,
};

uint32_t tcp_cubic_cut(struct tcp_cubic *k, uint32_t cwnd, uint32_t mss)
{
	bool is_less = cwnd < k->before; /* others have come: more is left for them (4.7) */
	k->cut_from = cwnd;
	k->before = is_less ? (uint32_t)((uint64_t)cwnd * (10 + KEPT_TENTHS) / 20) : cwnd;
	k->has_begun = false;
	return max_u32((uint32_t)((uint64_t)cwnd * KEPT_TENTHS / 10), SEGMENTS_MIN * mss);
}

/* The largest whole number whose cube is no more. */
static uint32_t root3(uint64_t n)
{
	uint32_t root = 0;
	for (uint32_t bit = 1u << 20; bit > 0; bit >>= 1) {
		uint64_t more = root | bit;
		if (more * more * more <= n)
			root |= bit;
	}
	return root;
}

static void grow_begin(struct tcp_cubic *k, uint32_t cwnd, const struct tcp_cubic_ack *ack)
{
	uint64_t missing = k->before > cwnd ? k->before - cwnd : 0;
	uint64_t cubic_s_x10 = missing * 100 / STEEP_TENTHS / ack->mss;
	k->has_begun = true;
	k->begun_ms = ack->now_ms;
	k->flat = max_u32(k->before, cwnd);
	k->flat_ms = root3(cubic_s_x10 * 100000000);
	k->reno = cwnd;
}

/* (1) of 4.2, one round trip ahead. */
static uint32_t target(const struct tcp_cubic *k, uint32_t cwnd, const struct tcp_cubic_ack *ack)
{
	int64_t from_flat_ms = (int64_t)(ack->now_ms - k->begun_ms) + ack->rtt_ms - k->flat_ms;
	if (from_flat_ms > GROWTH_MS_MAX)
		from_flat_ms = GROWTH_MS_MAX;
	int64_t cube = from_flat_ms * from_flat_ms * from_flat_ms;
	int64_t off = cube / 10000 * STEEP_TENTHS * ack->mss / 1000000;
	int64_t window = (int64_t)k->flat + off;
	int64_t most = (int64_t)cwnd + cwnd / 2;
	return window < cwnd ? cwnd : (uint32_t)(window < most ? window : most);
}

uint32_t tcp_cubic_grow(struct tcp_cubic *k, uint32_t cwnd, const struct tcp_cubic_ack *ack)
{
	if (!k->has_begun)
		grow_begin(k, cwnd, ack);
	uint64_t step = (uint64_t)ack->bytes * ack->mss / cwnd;
	bool is_where_it_was = k->reno >= k->cut_from;
	k->reno += (uint32_t)(is_where_it_was ? step : step * RENO_ALPHA_OF_17 / 17);
	uint64_t more = (uint64_t)(target(k, cwnd, ack) - cwnd) * ack->bytes / cwnd;
	return max_u32(k->reno, cwnd + (uint32_t)more);
}

void tcp_cubic_rested(struct tcp_cubic *k, uint32_t rest_ms)
{
	k->begun_ms += rest_ms;
}
