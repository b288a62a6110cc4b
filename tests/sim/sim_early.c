/* sim_early.c - one of many rogues that leave gaps: bytes behind bytes that never come, so that
 * they wait in the gateway's receive memory; single ones, pieces that adjoin nothing, pieces in
 * front of others and over them, with a FIN at times; now and then the gap is filled, with bytes
 * that are no request. See sim_clients.h. */
#include "dataplane/base/require.h"
#include "tests/sim/sim_clients.h"

enum { PIECES_MAX = 12, PIECE_BYTES_MAX = 400, AHEAD_MAX = 6000 };
enum { FILLS_EVERY = 200, FIN_EVERY = 1000 };

#define PAUSE_NS (5 * NS_PER_MS)
#define LIFE_NS  (3000 * NS_PER_MS)

enum gap_kind { SINGLE_BYTES, APART, BACKWARDS, ANYWHERE, GAP_KINDS };

struct early {
	struct sim_client client;
	uint8_t kind;
	uint32_t pieces;
	uint64_t until_ns; /* then it has had enough of the connection; 0: a new one */
};

static struct early *early_of(struct sim_client *c)
{
	return container_of(c, struct early, client);
}

static void piece_send(struct early *e)
{
	enum { STRIDE = 80 };
	struct rng *rng = &sim_world()->rng;
	uint8_t bytes[PIECE_BYTES_MAX];
	size_t size = 64 + rng_below(rng, 16);
	uint32_t at = STRIDE * e->pieces++ % AHEAD_MAX;
	switch ((enum gap_kind)e->kind) {
	case SINGLE_BYTES:
		size = 1;
		break;
	case BACKWARDS:
		size = STRIDE;
		at = AHEAD_MAX - at;
		break;
	case ANYWHERE:
		size = 1 + rng_below(rng, PIECE_BYTES_MAX);
		at = (uint32_t)rng_below(rng, AHEAD_MAX);
		break;
	case APART:
	case GAP_KINDS:
		break;
	}
	/* Never '#', which begins a frame: a run of it and one of 1 are a whole one. */
	memset(bytes, (int)rng_next(rng) | 0x80, size);
	sim_tcp_send_early(&e->client.tcp, 1 + at, bytes, size, rng_one_in(rng, FIN_EVERY));
}

static void early_turn(struct sim_client *c)
{
	struct early *e = early_of(c);
	struct rng *rng = &sim_world()->rng;
	uint64_t now_ns = sim_world()->now_ns;
	sim_buffer_eat(&c->tcp.in, c->tcp.in.size);
	if (!e->until_ns) {
		e->until_ns = now_ns + rng_below(rng, LIFE_NS);
		e->kind = (uint8_t)rng_below(rng, GAP_KINDS);
	}
	if (c->is_quitting || now_ns > e->until_ns) {
		sim_tcp_abort(&c->tcp);
		return;
	}
	if (now_ns < c->next_ns || c->tcp.wants_fin)
		return;
	for (uint64_t n = 1 + rng_below(rng, PIECES_MAX); n > 0; n--)
		piece_send(e);
	if (rng_one_in(rng, FILLS_EVERY))
		sim_tcp_write(&c->tcp, (uint8_t[PIECE_BYTES_MAX]){0},
			      1 + rng_below(rng, PIECE_BYTES_MAX));
	c->next_ns = now_ns + rng_below(rng, 2 * PAUSE_NS);
}

static void early_lost(struct sim_client *c)
{
	early_of(c)->until_ns = 0;
}

static bool early_is_idle(const struct sim_client *c)
{
	return true;
}

static uint64_t early_rests_until_ns(const struct sim_client *c)
{
	return min_u64(container_of(c, struct early, client)->until_ns, c->next_ns);
}

static void early_destroy(struct sim_client *c)
{
}

static const struct sim_client_ops early_ops = {
	.turn = early_turn,
	.lost = early_lost,
	.is_idle = early_is_idle,
	.rests_until_ns = early_rests_until_ns,
	.destroy = early_destroy,
};

struct sim_client *sim_early_create(void)
{
	struct early *e = calloc(1, sizeof *e);
	require(e);
	e->client.ops = &early_ops;
	return &e->client;
}
