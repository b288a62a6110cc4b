/* sim_producer.c - a Kafka producer without idempotence: pipelined produce requests of every
 * version and level; see sim_clients.h. */
#include "dataplane/base/require.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_history.h"
#include "tests/sim/sim_kafka.h"

enum { REQUESTS_MAX = 6, SLICES_MAX = 2, RECORDS_MAX = 12, VERSION_MIN = 3, VERSION_MAX = 11,
       VERSION_FLEXIBLE = 9, UNKNOWN_TOPIC = 3, STORAGE_ERROR = 56 };

#define REQUEST_NS (6 * NS_PER_MS)

struct slice {
	uint32_t partition, first_seq, count;
};

struct produce {
	int32_t correlation;
	int16_t version;
	int16_t acks;
	uint64_t asked_ns;
	const char *topic;
	unsigned slice_count;
	struct slice slices[SLICES_MAX];
	uint32_t records; /* with those of requests before it that nobody answers */
};

struct producer {
	struct sim_client client;
	struct produce requests[REQUESTS_MAX];
	unsigned first, count;
	int32_t next_correlation;
	uint32_t unanswered; /* records since the last request that will be */
	uint8_t *scratch;
};

static struct producer *producer_of(struct sim_client *c)
{
	return container_of(c, struct producer, client);
}

static void choose_slices(struct produce *r)
{
	struct rng *rng = &sim_world()->rng;
	/* Seldom one that may not be there yet. */
	uint32_t partitions =
		rng_one_in(rng, 8) ? SIM_PARTITIONS_MAX : SIM_EVENTS_PARTITIONS;
	uint32_t partition = (uint32_t)rng_below(rng, partitions);
	r->slice_count = rng_one_in(rng, 3) ? 1 + (unsigned)rng_below(rng, 2) : 1;
	for (unsigned i = 0; i < r->slice_count; i++) {
		struct slice *s = &r->slices[i];
		s->partition = (partition + i) % partitions;
		s->count = 1 + (uint32_t)rng_below(rng, RECORDS_MAX);
		r->records += s->count;
	}
}

static void note_sent(const struct producer *p, struct produce *r)
{
	for (unsigned i = 0; i < r->slice_count; i++) {
		struct slice *s = &r->slices[i];
		for (uint32_t k = 0; k < s->count; k++) {
			uint32_t seq = history_sent(sim_world()->history, p->client.id,
						    p->client.connection, r->topic,
						    (int32_t)s->partition);
			if (k == 0)
				s->first_seq = seq;
		}
	}
}

/* Whether a partition of it may not be there. */
static bool may_be_missing(const struct produce *r)
{
	bool may = strcmp(r->topic, SIM_TOPIC_EVENTS) != 0;
	for (unsigned i = 0; i < r->slice_count; i++)
		may |= r->slices[i].partition >= SIM_EVENTS_PARTITIONS;
	return may;
}

static void put_slice(struct producer *p, struct emitter *e, const struct slice *s, bool flex)
{
	uint8_t *batch = p->scratch + SIM_REQUEST_BYTES_MAX;
	size_t size = sim_batch(batch, SIM_REQUEST_BYTES_MAX, p->client.id, s->first_seq,
				s->count);
	emit_u32(e, s->partition);
	sim_put_count(e, (uint32_t)size, flex);
	emit_bytes(e, batch, size);
	sim_put_tags(e, flex);
}

static void choose_request(struct produce *r)
{
	static const int16_t acks[] = {-1, -1, 1, 0};
	struct rng *rng = &sim_world()->rng;
	*r = (struct produce){.asked_ns = sim_world()->now_ns};
	r->version = (int16_t)(VERSION_MIN + rng_below(rng, VERSION_MAX - VERSION_MIN + 1));
	r->acks = acks[rng_below(rng, array_len(acks))];
	r->topic = rng_one_in(rng, 5) ? SIM_TOPIC_FLEETING : SIM_TOPIC_EVENTS;
	choose_slices(r);
}

static void send_request(struct producer *p)
{
	struct produce r;
	choose_request(&r);
	uint32_t due = p->count < REQUESTS_MAX - 1 ? p->count : UINT32_MAX;
	if (!sim_client_may_ask(&p->client, due, r.records))
		return;
	r.correlation = p->next_correlation++;
	note_sent(p, &r);
	bool flex = r.version >= VERSION_FLEXIBLE;
	struct emitter e = emitter_of(p->scratch, SIM_REQUEST_BYTES_MAX);
	sim_request_begin(&e, KEY_PRODUCE, r.version, r.correlation, flex);
	if (flex)
		emit_uvarint(&e, 0);
	else
		emit_u16(&e, UINT16_MAX);
	emit_u16(&e, (uint16_t)r.acks);
	emit_u32(&e, 30000);
	sim_put_count(&e, 1, flex);
	sim_put_string(&e, r.topic, flex);
	sim_put_count(&e, r.slice_count, flex);
	for (unsigned i = 0; i < r.slice_count; i++)
		put_slice(p, &e, &r.slices[i], flex);
	sim_put_tags(&e, flex);
	sim_put_tags(&e, flex);
	sim_tcp_write(&p->client.tcp, p->scratch, sim_request_end(&e));
	/* Kafka has no other way to say that it failed. */
	p->client.may_be_closed |= r.acks == 0 && may_be_missing(&r);
	r.records += p->unanswered;
	p->unanswered = r.acks ? 0 : r.records;
	if (r.acks != 0)
		p->requests[(p->first + p->count++) % REQUESTS_MAX] = r;
}

static void take_outcome(const struct producer *p, const struct produce *r,
			 const struct slice *s, int16_t error, int64_t base_offset)
{
	struct history *h = sim_world()->history;
	if (error == STORAGE_ERROR && sim_fs_failures(sim_world()->fs))
		return; /* may be stored or not */
	if (error != 0 && !(error == UNKNOWN_TOPIC && may_be_missing(r)))
		sim_fail("producer %u: error %d", p->client.id, error);
	for (uint32_t k = 0; k < s->count; k++) {
		if (error)
			history_refused(h, p->client.id, s->first_seq + k);
		else
			history_acked(h, p->client.id, s->first_seq + k,
				      r->acks == 1 ? ACK_WRITTEN : ACK_DURABLE,
				      base_offset + k);
	}
}

static void take_partition(const struct producer *p, const struct produce *r,
			   const struct slice *s, struct cursor *c)
{
	bool flex = r->version >= VERSION_FLEXIBLE;
	uint32_t partition = cursor_u32(c);
	int16_t error = (int16_t)cursor_u16(c);
	int64_t base_offset = (int64_t)cursor_u64(c);
	cursor_u64(c);
	if (r->version >= 5)
		cursor_u64(c);
	if (r->version >= 8) {
		if (sim_get_count(c, flex) > 0)
			sim_fail("producer %u: record errors for good records", p->client.id);
		sim_get_string(c, flex);
	}
	sim_skip_tags(c, flex);
	if (c->bad || partition != s->partition)
		sim_fail("producer %u: answer for partition %u instead of %u", p->client.id,
			 partition, s->partition);
	take_outcome(p, r, s, error, base_offset);
}

static void take_response(struct producer *p, struct cursor c)
{
	if (p->count == 0)
		sim_fail("producer %u: a response nobody waits for", p->client.id);
	struct produce r = p->requests[p->first];
	p->first = (p->first + 1) % REQUESTS_MAX;
	p->count--;
	sim_client_answered(&p->client, r.records);
	bool flex = r.version >= VERSION_FLEXIBLE;
	int32_t correlation = (int32_t)cursor_u32(&c);
	sim_skip_tags(&c, flex);
	if (correlation != r.correlation)
		sim_fail("producer %u: response %d instead of %d", p->client.id, correlation,
			 r.correlation);
	int64_t topics = sim_get_count(&c, flex);
	sim_get_string(&c, flex);
	int64_t partitions = sim_get_count(&c, flex);
	if (c.bad || topics != 1 || partitions != r.slice_count)
		sim_fail("producer %u: %lld topics, %lld partitions", p->client.id,
			 (long long)topics, (long long)partitions);
	for (unsigned i = 0; i < r.slice_count; i++)
		take_partition(p, &r, &r.slices[i], &c);
	sim_skip_tags(&c, flex);
	cursor_u32(&c);
	sim_skip_tags(&c, flex);
	if (c.bad || cursor_left(&c))
		sim_fail("producer %u: %zu bytes behind the response of version %d",
			 p->client.id, cursor_left(&c), r.version);
}

static void producer_turn(struct sim_client *c)
{
	struct producer *p = producer_of(c);
	struct sim_buffer *in = &c->tcp.in;
	for (size_t n; (n = sim_response_bytes(in->bytes, in->size)) > 0;) {
		take_response(p, cursor_of(in->bytes + 4, n - 4));
		sim_buffer_eat(in, n);
	}
	if (c->is_quitting || sim_world()->now_ns < c->next_ns || c->tcp.wants_fin)
		return;
	send_request(p);
	c->next_ns = sim_client_pause_ns(REQUEST_NS);
	if (sim_client_gives_up(200))
		sim_tcp_abort(&c->tcp);
}

static void producer_lost(struct sim_client *c)
{
	producer_of(c)->count = producer_of(c)->unanswered = 0;
}

static bool producer_is_idle(const struct sim_client *c)
{
	return container_of(c, const struct producer, client)->count == 0;
}

static uint64_t producer_asked_ns(const struct sim_client *c)
{
	const struct producer *p = container_of(c, const struct producer, client);
	return p->count ? p->requests[p->first].asked_ns : UINT64_MAX;
}

static void producer_destroy(struct sim_client *c)
{
	free(producer_of(c)->scratch);
}

static const struct sim_client_ops producer_ops = {
	.turn = producer_turn,
	.lost = producer_lost,
	.is_idle = producer_is_idle,
	.asked_ns = producer_asked_ns,
	.destroy = producer_destroy,
};

struct sim_client *sim_producer_create(void)
{
	struct producer *p = calloc(1, sizeof *p);
	require(p);
	p->client.ops = &producer_ops;
	p->scratch = malloc(2 * SIM_REQUEST_BYTES_MAX);
	require(p->scratch);
	return &p->client;
}
