/* sim_rogue.c - a Kafka client that keeps to nothing: damaged requests, sizes and batches that
 * lie, hold noise or open to megabytes, requests in drips or never whole, fetches without an end,
 * thousands of topics asked for, ends and resets in their middle, SYNs and fragments of datagrams
 * in the name of hosts that there are not, segments without sense; see sim_clients.h. What it
 * sends may be stored or not; whatever it does costs nobody else anything. */
#include "dataplane/base/require.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_forgery.h"
#include "tests/sim/sim_history.h"
#include "tests/sim/sim_kafka.h"

enum { RECORDS_MAX = 12, RECORDS_HALF = 600 };
enum { VERSION_MIN = 3, VERSION_MAX = 11, VERSION_FLEXIBLE = 9 };

enum { FETCH_EVERY = 6, FETCH_VERSION = 4, FETCH_PARTITIONS_MAX = 2000 };
enum { METADATA_EVERY = 10, METADATA_VERSION = 4, METADATA_TOPICS_MAX = 2000, CREATES_EVERY = 8 };

enum { FLOOD_SYNS = 48, FLOOD_FRAGMENTS = 100, FLOOD_EVERY = 40, FORGE_EVERY = 20 };
enum { GARBAGE_EVERY = 6, BOMB_EVERY = 8 };

enum mischief { DAMAGE, LYING_SIZE, NOISE, DRIPS, HALF, ENDS_INSIDE, RESETS_INSIDE, MISCHIEFS };

#define DRIP_NS (10 * NS_PER_MS)
#define LIFE_NS (500 * NS_PER_MS)
#define HALF_NS (4 * NS_PER_S)

struct rogue {
	struct sim_client client;
	uint8_t *request;
	size_t size, sent, end;
	uint8_t mischief;
	bool has_request;
	uint64_t until_ns; /* then it has had enough of the connection */
};

static struct rogue *rogue_of(struct sim_client *c)
{
	return container_of(c, struct rogue, client);
}

/* Returns its size. */
static size_t spoil_batch(uint8_t *batch, size_t size)
{
	struct rng *rng = &sim_world()->rng;
	if (rng_one_in(rng, 4))
		sim_batch_lie(batch, size);
	else if (rng_one_in(rng, GARBAGE_EVERY))
		sim_batch_garbage(batch, size);
	else if (rng_one_in(rng, BOMB_EVERY))
		size = sim_batch_bomb(batch, SIM_REQUEST_BYTES_MAX);
	return size;
}

/* A produce request, good but for its batch perhaps; `request` has room for it and its batch. */
static void make_request(struct rogue *r)
{
	struct rng *rng = &sim_world()->rng;
	int16_t version = (int16_t)(VERSION_MIN + rng_below(rng, VERSION_MAX - VERSION_MIN + 1));
	bool flex = version >= VERSION_FLEXIBLE;
	uint32_t max = r->mischief == HALF ? RECORDS_HALF : RECORDS_MAX;
	uint32_t count = 1 + (uint32_t)rng_below(rng, max);
	uint32_t first = 0;
	for (uint32_t k = 0; k < count; k++) {
		uint32_t seq = history_sent(sim_world()->history, r->client.id,
					    r->client.connection, SIM_TOPIC_EVENTS, -1);
		first = k ? first : seq;
	}
	uint8_t *batch = r->request + SIM_REQUEST_BYTES_MAX;
	size_t size = sim_batch(batch, SIM_REQUEST_BYTES_MAX, r->client.id, first, count);
	size = spoil_batch(batch, size);
	struct emitter e = emitter_of(r->request, SIM_REQUEST_BYTES_MAX);
	sim_request_begin(&e, KEY_PRODUCE, version, 1, flex);
	if (flex)
		emit_uvarint(&e, 0);
	else
		emit_u16(&e, UINT16_MAX);
	emit_u16(&e, UINT16_MAX);
	emit_u32(&e, 30000);
	sim_put_count(&e, 1, flex);
	sim_put_string(&e, SIM_TOPIC_EVENTS, flex);
	sim_put_count(&e, 1, flex);
	emit_u32(&e, (uint32_t)rng_below(rng, SIM_EVENTS_PARTITIONS));
	sim_put_count(&e, (uint32_t)size, flex);
	emit_bytes(&e, batch, size);
	for (unsigned tags = 0; tags < 3; tags++)
		sim_put_tags(&e, flex);
	r->size = sim_request_end(&e);
	r->end = r->size;
	r->sent = 0;
}

/* Of many partitions, and for ever; some read from the front, the others have nothing to read. */
static void make_fetch(struct rogue *r)
{
	struct rng *rng = &sim_world()->rng;
	uint32_t count = 1 + (uint32_t)rng_below(rng, FETCH_PARTITIONS_MAX);
	uint64_t offset = rng_one_in(rng, 3) ? 0 : rng_below(rng, 2000);
	struct emitter e = emitter_of(r->request, SIM_REQUEST_BYTES_MAX);
	sim_request_begin(&e, KEY_FETCH, FETCH_VERSION, 1, false);
	emit_u32(&e, UINT32_MAX);
	emit_u32(&e, INT32_MAX);
	emit_u32(&e, rng_one_in(rng, 2) ? 1 : INT32_MAX);
	emit_u32(&e, INT32_MAX);
	emit_u8(&e, 0);
	sim_put_count(&e, 1, false);
	sim_put_string(&e, SIM_TOPIC_EVENTS, false);
	sim_put_count(&e, count, false);
	for (uint32_t i = 0; i < count; i++) {
		emit_u32(&e, i % SIM_EVENTS_PARTITIONS);
		emit_u64(&e, offset);
		emit_u32(&e, 1 << 20);
	}
	require(!e.bad);
	r->size = sim_request_end(&e);
	r->end = r->size;
	r->sent = 0;
}

/* Of topics that there are not, of more than are answered soon, or of a few that it has made. */
static void make_metadata(struct rogue *r)
{
	struct rng *rng = &sim_world()->rng;
	bool creates = rng_one_in(rng, CREATES_EVERY);
	uint32_t count = 1 + (uint32_t)rng_below(rng, creates ? 3 : METADATA_TOPICS_MAX);
	struct emitter e = emitter_of(r->request, SIM_REQUEST_BYTES_MAX);
	sim_request_begin(&e, KEY_METADATA, METADATA_VERSION, 1, false);
	sim_put_count(&e, count, false);
	for (uint32_t i = 0; i < count; i++) {
		char name[32];
		snprintf(name, sizeof name, creates ? "made-%u" : "nobody-has-%u",
			 creates ? (unsigned)rng_below(rng, 4) : i);
		sim_put_string(&e, name, false);
	}
	emit_u8(&e, creates);
	require(!e.bad);
	r->size = sim_request_end(&e);
	r->end = r->size;
	r->sent = 0;
}

static void choose_request(struct rogue *r)
{
	struct rng *rng = &sim_world()->rng;
	if (rng_one_in(rng, FETCH_EVERY))
		make_fetch(r);
	else if (rng_one_in(rng, METADATA_EVERY))
		make_metadata(r);
	else
		make_request(r);
}

static void spoil_request(struct rogue *r)
{
	struct rng *rng = &sim_world()->rng;
	switch ((enum mischief)r->mischief) {
	case DAMAGE:
		for (unsigned i = 0; i <= rng_below(rng, 3); i++) {
			size_t near = rng_one_in(rng, 3) ? r->size : 120;
			r->request[rng_below(rng, near)] ^= (uint8_t)(1 << rng_below(rng, 8));
		}
		break;
	case LYING_SIZE:
		be32_store(r->request, (uint32_t)rng_next(rng) >> rng_below(rng, 32));
		break;
	case NOISE:
		for (size_t i = 0; i < r->size; i++)
			r->request[i] = (uint8_t)rng_next(rng);
		break;
	case HALF:
		r->end -= 1 + rng_below(rng, 16);
		r->until_ns = sim_world()->now_ns + rng_below(rng, HALF_NS);
		break;
	case ENDS_INSIDE:
	case RESETS_INSIDE:
		r->end = rng_below(rng, r->size);
		break;
	case DRIPS:
	case MISCHIEFS:
		break;
	}
}

/* More than the gateway keeps entries for. */
static void flood(const struct sim_client *c)
{
	struct rng *rng = &sim_world()->rng;
	for (unsigned i = 0; i < FLOOD_SYNS; i++) {
		struct sim_tcp nobody;
		sim_tcp_open(&nobody, SIM_NOBODY_IP + (uint32_t)rng_below(rng, 1 << 24),
			     (uint16_t)(1024 + rng_below(rng, 60000)), SIM_GATEWAY_IP, c->port);
		sim_tcp_turn(&nobody);
		sim_tcp_free(&nobody);
	}
}

/* Fragments of datagrams that are never whole, of more than there is room for: pieces at any place,
 * of any size, each with a source of its own, or all of one, which they overlap. */
static void tear(const struct sim_client *c)
{
	static const uint8_t bytes[1480] = {[2] = SIM_PORT_DATAGRAMS >> 8,
					    SIM_PORT_DATAGRAMS & 0xff};
	struct rng *rng = &sim_world()->rng;
	bool is_one = rng_one_in(rng, 3);
	for (unsigned i = 0; i < FLOOD_FRAGMENTS; i++) {
		uint32_t net = is_one ? 0 : 256 * (uint32_t)rng_below(rng, 1 << 16);
		struct sim_fragment f = {.from = SIM_NOBODY_IP + net + 1 + c->id,
					 .to = SIM_GATEWAY_IP,
					 .id = (uint16_t)(is_one ? i / 4 : i),
					 .offset = 8 * (uint32_t)rng_below(rng, 60),
					 .bytes = bytes,
					 .size = 8 * rng_below(rng, sizeof bytes / 8 + 1),
					 .is_last = rng_one_in(rng, 4)};
		if (rng_one_in(rng, 4))
			f.offset = rng_one_in(rng, 2) ? 0 : 8 * (uint32_t)rng_below(rng, 8192);
		sim_fragment_send(&f);
	}
}

/* All has been sent that will be. */
static void request_over(struct rogue *r)
{
	r->has_request = r->mischief == HALF;
	if (r->mischief == ENDS_INSIDE)
		sim_tcp_close(&r->client.tcp);
	else if (r->mischief == RESETS_INSIDE)
		sim_tcp_abort(&r->client.tcp);
}

static void rogue_turn(struct sim_client *c)
{
	struct rogue *r = rogue_of(c);
	struct rng *rng = &sim_world()->rng;
	sim_buffer_eat(&c->tcp.in, c->tcp.in.size);
	uint64_t now_ns = sim_world()->now_ns;
	if (c->is_quitting || now_ns < c->next_ns || c->tcp.wants_fin)
		return;
	if (rng_one_in(rng, FLOOD_EVERY))
		flood(c);
	if (rng_one_in(rng, FLOOD_EVERY))
		tear(c);
	if (rng_one_in(rng, FORGE_EVERY))
		sim_rogue_forge(&c->tcp);
	if (!r->until_ns)
		r->until_ns = now_ns + rng_below(rng, LIFE_NS);
	if (now_ns > r->until_ns) {
		sim_tcp_abort(&c->tcp);
		return;
	}
	if (!r->has_request) {
		r->mischief = (uint8_t)rng_below(rng, MISCHIEFS);
		choose_request(r);
		spoil_request(r);
		r->has_request = true;
	}
	size_t n = r->end - r->sent;
	if (r->mischief == DRIPS || rng_one_in(rng, 4))
		n = min_size(n, 1 + rng_below(rng, 600));
	sim_tcp_write(&c->tcp, r->request + r->sent, n);
	r->sent += n;
	if (r->sent == r->end)
		request_over(r);
	c->next_ns = now_ns + rng_below(rng, 2 * DRIP_NS);
}

static void rogue_lost(struct sim_client *c)
{
	rogue_of(c)->has_request = false;
	rogue_of(c)->until_ns = 0;
}

static bool rogue_is_idle(const struct sim_client *c)
{
	return true;
}

static void rogue_destroy(struct sim_client *c)
{
	free(rogue_of(c)->request);
}

static const struct sim_client_ops rogue_ops = {
	.turn = rogue_turn,
	.lost = rogue_lost,
	.is_idle = rogue_is_idle,
	.destroy = rogue_destroy,
};

struct sim_client *sim_rogue_create(void)
{
	struct rogue *r = calloc(1, sizeof *r);
	require(r);
	r->client.ops = &rogue_ops;
	r->request = malloc(2 * SIM_REQUEST_BYTES_MAX);
	require(r->request);
	return &r->client;
}
