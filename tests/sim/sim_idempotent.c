/* sim_idempotent.c - an idempotent producer: each batch is sent again, as it was, until it is
 * answered, whatever became of connection and gateway; see sim_clients.h.
 *
 *     line, one for each partition:   [ answered | sent | sent | sent | not sent again yet | ... ]
 *                                                 first ─── five at most ───────────────▶
 *
 * All its records are of one connection for the history: their order holds across all of them. */
#include "dataplane/base/require.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_history.h"
#include "tests/sim/sim_kafka.h"

enum {
	WINDOW = 5,
	LINES = SIM_EVENTS_PARTITIONS,
	REQUESTS_MAX = 2 * WINDOW * LINES,
	RECORDS_MAX = 6,
	VERSION = 7,
	ACKED_KEPT = 16,
	ID_FIRST = 9000,
	OUT_OF_ORDER = 45,
	STORAGE_ERROR = 56,
};

#define REQUEST_NS (4 * NS_PER_MS)
#define RETRY_NS   (100 * NS_PER_MS)

struct batch {
	uint32_t first_seq, count;
	size_t size;
	uint8_t *bytes;
	int64_t early; /* its offset, told while one before it was refused; -1: it was not */
};

struct line {
	struct batch batches[WINDOW]; /* unanswered, by number */
	uint64_t first;  /* number of the oldest of them */
	unsigned count;
	unsigned sent;   /* of them, on this connection */
	unsigned due;    /* answers */
	bool is_broken;  /* one has failed: what is on its way has to, too */
	uint64_t retry_ns;
	int16_t epoch;
	int32_t sequence; /* of the next new one */
	int64_t acked[ACKED_KEPT]; /* offsets, by number */
};

struct request {
	int32_t correlation;
	uint32_t partition;
	uint64_t number;
	uint32_t records;
	uint64_t asked_ns;
};

struct idempotent {
	struct sim_client client;
	struct line lines[LINES];
	struct request requests[REQUESTS_MAX];
	unsigned first, count;
	int32_t next_correlation;
	uint8_t *scratch;
};

static struct idempotent *idempotent_of(struct sim_client *c)
{
	return container_of(c, struct idempotent, client);
}

static struct batch *batch_at(struct line *l, uint64_t number)
{
	return &l->batches[number % WINDOW];
}

/* ---- sending --------------------------------------------------------------------------- */

static int32_t sequence_add(int32_t sequence, uint32_t n)
{
	return (int32_t)(((int64_t)sequence + n) % ((int64_t)INT32_MAX + 1));
}

static void make_batch(struct idempotent *p, uint32_t partition)
{
	struct line *l = &p->lines[partition];
	struct rng *rng = &sim_world()->rng;
	struct batch *b = batch_at(l, l->first + l->count++);
	if (l->count == 1 && rng_one_in(rng, 60)) {
		l->epoch++;
		l->sequence = 0;
	}
	b->early = -1;
	b->count = 1 + (uint32_t)rng_below(rng, RECORDS_MAX);
	for (uint32_t k = 0; k < b->count; k++) {
		uint32_t seq = history_sent(sim_world()->history, p->client.id, 0,
					    SIM_TOPIC_EVENTS, (int32_t)partition);
		if (k == 0)
			b->first_seq = seq;
	}
	b->size = sim_batch(p->scratch, SIM_REQUEST_BYTES_MAX, p->client.id, b->first_seq,
			    b->count);
	sim_batch_number(p->scratch, b->size, ID_FIRST + p->client.id, l->epoch, l->sequence);
	l->sequence = sequence_add(l->sequence, b->count);
	b->bytes = malloc(b->size);
	require(b->bytes);
	memcpy(b->bytes, p->scratch, b->size);
}

static void send_batch(struct idempotent *p, uint32_t partition, uint64_t number)
{
	struct line *l = &p->lines[partition];
	const struct batch *b = batch_at(l, number);
	if (!sim_client_may_ask(&p->client, p->count, b->count))
		return;
	struct request r = {.correlation = p->next_correlation++,
			    .partition = partition,
			    .number = number,
			    .records = b->count,
			    .asked_ns = sim_world()->now_ns};
	struct emitter e = emitter_of(p->scratch, SIM_REQUEST_BYTES_MAX);
	sim_request_begin(&e, KEY_PRODUCE, VERSION, r.correlation, false);
	emit_u16(&e, UINT16_MAX);
	emit_u16(&e, UINT16_MAX);
	emit_u32(&e, 30000);
	sim_put_count(&e, 1, false);
	sim_put_string(&e, SIM_TOPIC_EVENTS, false);
	sim_put_count(&e, 1, false);
	emit_u32(&e, partition);
	sim_put_count(&e, (uint32_t)b->size, false);
	emit_bytes(&e, b->bytes, b->size);
	sim_tcp_write(&p->client.tcp, p->scratch, sim_request_end(&e));
	l->due++;
	p->requests[(p->first + p->count++) % REQUESTS_MAX] = r;
}

/* What is unanswered goes first, in order; seldom one is sent once more although its answer may
 * be on its way. */
static void send_some(struct idempotent *p)
{
	struct rng *rng = &sim_world()->rng;
	uint32_t partition = (uint32_t)rng_below(rng, LINES);
	struct line *l = &p->lines[partition];
	if (l->is_broken || sim_world()->now_ns < l->retry_ns || p->count == REQUESTS_MAX)
		return;
	if (l->sent > 0 && rng_one_in(rng, 8)) {
		send_batch(p, partition, l->first);
		return;
	}
	if (l->sent == l->count && l->count < WINDOW)
		make_batch(p, partition);
	if (l->sent < l->count)
		send_batch(p, partition, l->first + l->sent++);
}

/* ---- answers --------------------------------------------------------------------------- */

/* What is refused because its partition has failed may be in the log all the same, and when that is
 * reopened what was sent behind it is taken. It counts when all before it do: each is sent again,
 * and has the offset then that it was told. */
static void take_stored(struct idempotent *p, const struct request *r, int64_t base_offset)
{
	struct line *l = &p->lines[r->partition];
	if (r->number < l->first) {
		int64_t before = l->acked[r->number % ACKED_KEPT];
		if (l->first - r->number <= ACKED_KEPT && before != base_offset)
			sim_fail("producer %u: batch %llu was @%lld and is said to be @%lld",
				 p->client.id, (unsigned long long)r->number, (long long)before,
				 (long long)base_offset);
		return;
	}
	struct batch *b = batch_at(l, r->number);
	if (l->is_broken && sim_fs_failures(sim_world()->fs)) {
		b->early = base_offset;
		return;
	}
	if (r->number != l->first || l->is_broken)
		sim_fail("producer %u: batch %llu was taken behind one that was not",
			 p->client.id, (unsigned long long)r->number);
	if (b->early >= 0 && b->early != base_offset)
		sim_fail("producer %u: batch %llu was @%lld and is said to be @%lld", p->client.id,
			 (unsigned long long)r->number, (long long)b->early,
			 (long long)base_offset);
	for (uint32_t k = 0; k < b->count; k++)
		history_acked(sim_world()->history, p->client.id, b->first_seq + k, ACK_DURABLE,
			      base_offset + k);
	free(b->bytes);
	b->bytes = NULL;
	l->acked[l->first++ % ACKED_KEPT] = base_offset;
	l->count--;
	l->sent--;
}

/* A disk that fails is a reason, and a batch before this one that was refused. */
static void take_outcome(struct idempotent *p, const struct request *r, int16_t error,
			 int64_t base_offset)
{
	struct line *l = &p->lines[r->partition];
	bool is_expected = error == STORAGE_ERROR ? sim_fs_failures(sim_world()->fs) > 0
						  : error == OUT_OF_ORDER && l->is_broken;
	l->due--;
	if (error == 0)
		take_stored(p, r, base_offset);
	else if (!is_expected)
		sim_fail("producer %u: error %d for batch %llu, the next is %llu", p->client.id,
			 error, (unsigned long long)r->number, (unsigned long long)l->first);
	else
		l->is_broken = true;
	if (!l->is_broken || l->due > 0)
		return;
	l->is_broken = false;
	l->sent = 0;
	l->retry_ns = sim_world()->now_ns + RETRY_NS;
}

static void take_response(struct idempotent *p, struct cursor c)
{
	if (p->count == 0)
		sim_fail("producer %u: a response nobody waits for", p->client.id);
	struct request r = p->requests[p->first];
	p->first = (p->first + 1) % REQUESTS_MAX;
	p->count--;
	sim_client_answered(&p->client, r.records);
	int32_t correlation = (int32_t)cursor_u32(&c);
	int64_t topics = sim_get_count(&c, false);
	sim_get_string(&c, false);
	int64_t partitions = sim_get_count(&c, false);
	uint32_t partition = cursor_u32(&c);
	int16_t error = (int16_t)cursor_u16(&c);
	int64_t base_offset = (int64_t)cursor_u64(&c);
	cursor_u64(&c);
	cursor_u64(&c);
	cursor_u32(&c);
	if (c.bad || cursor_left(&c) || correlation != r.correlation || topics != 1 ||
	    partitions != 1 || partition != r.partition)
		sim_fail("producer %u: response %d for partition %u instead of %d for %u",
			 p->client.id, correlation, partition, r.correlation, r.partition);
	take_outcome(p, &r, error, base_offset);
}

/* ---- the client ------------------------------------------------------------------------ */

static void idempotent_turn(struct sim_client *c)
{
	struct idempotent *p = idempotent_of(c);
	struct sim_buffer *in = &c->tcp.in;
	for (size_t n; (n = sim_response_bytes(in->bytes, in->size)) > 0;) {
		take_response(p, cursor_of(in->bytes + 4, n - 4));
		sim_buffer_eat(in, n);
	}
	if (c->is_quitting || sim_world()->now_ns < c->next_ns || c->tcp.wants_fin)
		return;
	send_some(p);
	c->next_ns = sim_client_pause_ns(REQUEST_NS);
	if (sim_client_gives_up(60))
		sim_tcp_abort(&c->tcp);
}

/* All that is unanswered is sent again. */
static void idempotent_lost(struct sim_client *c)
{
	struct idempotent *p = idempotent_of(c);
	p->count = 0;
	for (unsigned i = 0; i < LINES; i++) {
		struct line *l = &p->lines[i];
		l->sent = l->due = 0;
		l->is_broken = false;
	}
}

static bool idempotent_is_idle(const struct sim_client *c)
{
	return container_of(c, const struct idempotent, client)->count == 0;
}

static uint64_t idempotent_asked_ns(const struct sim_client *c)
{
	const struct idempotent *p = container_of(c, const struct idempotent, client);
	return p->count ? p->requests[p->first].asked_ns : UINT64_MAX;
}

static void idempotent_destroy(struct sim_client *c)
{
	struct idempotent *p = idempotent_of(c);
	for (unsigned i = 0; i < LINES; i++)
		for (unsigned k = 0; k < WINDOW; k++)
			free(p->lines[i].batches[k].bytes);
	free(p->scratch);
}

static const struct sim_client_ops idempotent_ops = {
	.turn = idempotent_turn,
	.lost = idempotent_lost,
	.is_idle = idempotent_is_idle,
	.asked_ns = idempotent_asked_ns,
	.destroy = idempotent_destroy,
};

/* Every second line begins shortly before its sequences are used up. */
struct sim_client *sim_idempotent_create(void)
{
	struct idempotent *p = calloc(1, sizeof *p);
	struct rng *rng = &sim_world()->rng;
	require(p);
	p->client.ops = &idempotent_ops;
	p->scratch = malloc(SIM_REQUEST_BYTES_MAX);
	require(p->scratch);
	for (unsigned i = 0; i < LINES; i++)
		if (rng_one_in(rng, 2))
			p->lines[i].sequence = INT32_MAX - (int32_t)rng_below(rng, 40);
	return &p->client;
}
