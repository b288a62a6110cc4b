/* sim_ahead.c - segments that come behind a gap in, SACK options and what fills the gap out. */
#include "tests/sim/sim_ahead.h"
#include "dataplane/base/be.h"
#include "dataplane/base/require.h"

enum { NOP = 1, SACK = 5, OPTION_HEAD_BYTES = 4, BLOCK_BYTES = 8 };

/* Blocks of an option that is being written. */
struct blocks {
	uint8_t *p;
	unsigned count, max;
};

void sim_ahead_put(struct sim_ahead *a, uint32_t at, const uint8_t *data, size_t n)
{
	require(n > 0 && at + n <= SIM_AHEAD_BYTES);
	if (!a->bytes) {
		a->bytes = calloc(2, SIM_AHEAD_BYTES);
		require(a->bytes);
		a->has = a->bytes + SIM_AHEAD_BYTES;
	}
	memcpy(a->bytes + at, data, n);
	memset(a->has + at, 1, n);
	a->top = max_u32(a->top, at + (uint32_t)n);
	a->recent = at;
}

void sim_ahead_move(struct sim_ahead *a, uint32_t n)
{
	if (!a->bytes)
		return;
	uint32_t left = a->top - min_u32(n, a->top);
	memmove(a->bytes, a->bytes + a->top - left, left);
	memmove(a->has, a->has + a->top - left, left);
	memset(a->has + left, 0, a->top - left);
	a->top = left;
	a->recent -= min_u32(n, a->recent);
	if (left > 0)
		return;
	free(a->bytes);
	a->bytes = a->has = NULL;
}

static uint32_t run_from(const struct sim_ahead *a, uint32_t at)
{
	uint32_t n = 0;
	while (at + n < a->top && a->has[at + n])
		n++;
	return n;
}

uint32_t sim_ahead_run(const struct sim_ahead *a)
{
	return run_from(a, 0);
}

bool sim_ahead_is_news(const struct sim_ahead *a)
{
	return a->top > 0 || a->twice_from != a->twice_to;
}

static void block_add(struct blocks *b, uint32_t from, uint32_t to)
{
	if (b->count == b->max)
		return;
	be32_store(b->p + BLOCK_BYTES * b->count, from);
	be32_store(b->p + BLOCK_BYTES * b->count + 4, to);
	b->count++;
}

/* What came twice, what came last, and the others. */
size_t sim_ahead_option(struct sim_ahead *a, uint32_t rcv_nxt, uint8_t *p, size_t room)
{
	struct blocks b = {.p = p + OPTION_HEAD_BYTES,
			   .max = (unsigned)((room - OPTION_HEAD_BYTES) / BLOCK_BYTES)};
	uint32_t last = a->recent;
	if (a->twice_from != a->twice_to)
		block_add(&b, a->twice_from, a->twice_to);
	a->twice_from = a->twice_to;
	while (last > 0 && last < a->top && a->has[last - 1])
		last--;
	if (run_from(a, last) > 0)
		block_add(&b, rcv_nxt + last, rcv_nxt + last + run_from(a, last));
	for (uint32_t at = 0, n; at < a->top; at += n > 0 ? n : 1) {
		n = run_from(a, at);
		if (n > 0 && at != last)
			block_add(&b, rcv_nxt + at, rcv_nxt + at + n);
	}
	if (b.count == 0)
		return 0;
	size_t size = OPTION_HEAD_BYTES + BLOCK_BYTES * b.count;
	memcpy(p, (uint8_t[]){NOP, NOP, SACK, (uint8_t)(size - 2)}, OPTION_HEAD_BYTES);
	return size;
}

void sim_ahead_free(struct sim_ahead *a)
{
	free(a->bytes);
	*a = (struct sim_ahead){0};
}
