/* sim_hoarder.c - one of many connections of one address, of which nothing comes, or never a whole
 * request, in more than there is room for; closed, it is there again. See sim_clients.h. */
#include "dataplane/base/require.h"
#include "tests/sim/sim_clients.h"

enum { PIECE_BYTES_MAX = 40, SPEAKS_EVERY = 3 };

#define LIFE_NS (8 * NS_PER_S)

struct hoarder {
	struct sim_client client;
	uint64_t until_ns; /* then it has had enough of the connection; 0: a new one */
};

static struct hoarder *hoarder_of(struct sim_client *c)
{
	return container_of(c, struct hoarder, client);
}

/* The size of a request, and a piece of it. */
static void begin(struct hoarder *h)
{
	static const uint8_t piece[PIECE_BYTES_MAX] = {0, 0, 1};
	struct rng *rng = &sim_world()->rng;
	h->until_ns = h->client.next_ns = sim_world()->now_ns + rng_below(rng, LIFE_NS);
	if (!h->client.tcp.wants_fin && rng_one_in(rng, SPEAKS_EVERY))
		sim_tcp_write(&h->client.tcp, piece, 1 + rng_below(rng, PIECE_BYTES_MAX));
}

static void hoarder_turn(struct sim_client *c)
{
	struct hoarder *h = hoarder_of(c);
	sim_buffer_eat(&c->tcp.in, c->tcp.in.size);
	if (!h->until_ns)
		begin(h);
	if (c->is_quitting || sim_world()->now_ns > h->until_ns)
		sim_tcp_abort(&c->tcp);
}

static void hoarder_lost(struct sim_client *c)
{
	hoarder_of(c)->until_ns = 0;
}

static bool hoarder_is_idle(const struct sim_client *c)
{
	return true;
}

static uint64_t hoarder_rests_until_ns(const struct sim_client *c)
{
	return container_of(c, struct hoarder, client)->until_ns;
}

static void hoarder_destroy(struct sim_client *c)
{
}

static const struct sim_client_ops hoarder_ops = {
	.turn = hoarder_turn,
	.lost = hoarder_lost,
	.is_idle = hoarder_is_idle,
	.rests_until_ns = hoarder_rests_until_ns,
	.destroy = hoarder_destroy,
};

struct sim_client *sim_hoarder_create(void)
{
	struct hoarder *h = calloc(1, sizeof *h);
	require(h);
	h->client.ops = &hoarder_ops;
	return &h->client;
}
