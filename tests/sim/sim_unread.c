/* sim_unread.c - one of many rogues that ask for as much as they can get and do not read it, or in
 * drips: fetches of the same partition again and again, a hundred small requests, with a FIN behind
 * them at times; half of them have one address. See sim_clients.h. */
#include "dataplane/base/require.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_kafka.h"

enum { KEY_API_VERSIONS = 18, FETCH_VERSION = 4, FETCH_PARTS = 60, SMALL_REQUESTS = 100 };
enum { WINDOW_BYTES_MIN = 600, WINDOW_BYTES_MAX = 8000, DRIP_BYTES_MAX = 40 };
enum { REQUEST_BYTES_MAX = 8192 };

#define LIFE_NS  (3 * NS_PER_S)
#define DRIP_NS  (40 * NS_PER_MS)
#define PAUSE_NS (100 * NS_PER_MS)

enum unread_kind { TAKES_NOTHING, TAKES_DRIPS, SENDS_FIN, TAKES_ALL, UNREAD_KINDS };

struct unread {
	struct sim_client client;
	uint8_t kind;      /* enum unread_kind */
	bool is_small;     /* many small answers */
	uint64_t until_ns; /* then it has had enough of the connection; 0: a new one */
};

static struct unread *unread_of(struct sim_client *c)
{
	return container_of(c, struct unread, client);
}

static void ask_much(struct unread *u, uint8_t *room)
{
	struct emitter e = emitter_of(room, REQUEST_BYTES_MAX);
	sim_request_begin(&e, KEY_FETCH, FETCH_VERSION, 1, false);
	emit_u32(&e, UINT32_MAX);
	emit_u32(&e, 100);
	emit_u32(&e, 1);
	emit_u32(&e, INT32_MAX);
	emit_u8(&e, 0);
	sim_put_count(&e, 1, false);
	sim_put_string(&e, SIM_TOPIC_EVENTS, false);
	sim_put_count(&e, FETCH_PARTS, false);
	for (uint32_t i = 0; i < FETCH_PARTS; i++) {
		emit_u32(&e, i % SIM_EVENTS_PARTITIONS);
		emit_u64(&e, 0);
		emit_u32(&e, 1 << 20);
	}
	sim_tcp_write(&u->client.tcp, room, sim_request_end(&e));
}

static void ask_often(struct unread *u, uint8_t *room)
{
	struct emitter e = emitter_of(room, REQUEST_BYTES_MAX);
	sim_request_begin(&e, KEY_API_VERSIONS, 0, 1, false);
	size_t size = sim_request_end(&e);
	for (unsigned i = 0; i < SMALL_REQUESTS; i++)
		sim_tcp_write(&u->client.tcp, room, size);
}

static void begin(struct unread *u)
{
	struct rng *rng = &sim_world()->rng;
	uint32_t least = WINDOW_BYTES_MIN;
	u->until_ns = sim_world()->now_ns + 1 + rng_below(rng, LIFE_NS);
	u->kind = (uint8_t)rng_below(rng, UNREAD_KINDS);
	u->is_small = rng_one_in(rng, 4);
	u->client.tcp.window = least + (uint32_t)rng_below(rng, WINDOW_BYTES_MAX - least);
}

static void ask(struct unread *u)
{
	uint8_t room[REQUEST_BYTES_MAX];
	if (u->client.tcp.wants_fin)
		return;
	if (u->is_small)
		ask_often(u, room);
	else
		ask_much(u, room);
	if (u->kind == SENDS_FIN)
		sim_tcp_close(&u->client.tcp);
}

/* Who takes all asks again when he has; the others once, which is enough. */
static void unread_turn(struct sim_client *c)
{
	struct unread *u = unread_of(c);
	struct rng *rng = &sim_world()->rng;
	uint64_t now_ns = sim_world()->now_ns;
	bool is_new = !u->until_ns;
	if (is_new) {
		begin(u);
		ask(u);
	}
	if (c->is_quitting || now_ns > u->until_ns) {
		sim_tcp_abort(&c->tcp);
		return;
	}
	if (u->kind == TAKES_ALL)
		sim_buffer_eat(&c->tcp.in, c->tcp.in.size);
	if (now_ns < c->next_ns)
		return;
	if (u->kind == TAKES_DRIPS)
		sim_buffer_eat(&c->tcp.in, min_size(c->tcp.in.size,
						   1 + rng_below(rng, DRIP_BYTES_MAX)));
	if (u->kind == TAKES_ALL && !is_new)
		ask(u);
	c->next_ns = now_ns + rng_below(rng, 2 * (u->kind == TAKES_ALL ? PAUSE_NS : DRIP_NS));
}

static void unread_lost(struct sim_client *c)
{
	unread_of(c)->until_ns = 0;
}

static bool unread_is_idle(const struct sim_client *c)
{
	return true;
}

static void unread_destroy(struct sim_client *c)
{
}

static const struct sim_client_ops unread_ops = {
	.turn = unread_turn,
	.lost = unread_lost,
	.is_idle = unread_is_idle,
	.destroy = unread_destroy,
};

struct sim_client *sim_unread_create(void)
{
	struct unread *u = calloc(1, sizeof *u);
	require(u);
	u->client.ops = &unread_ops;
	return &u->client;
}
