/* sim_asker.c - questions in random order and versions out, their answers checked in order;
 * see sim_asker.h. */
#include "tests/sim/sim_asker.h"
#include "dataplane/base/require.h"

#define QUESTION_NS (12 * NS_PER_MS)

static struct asker *asker_of(struct sim_client *c)
{
	return container_of(c, struct asker, client);
}

static void send_question(struct asker *a)
{
	static const struct question_kind *const kinds[] = {
		&ask_metadata,	   &ask_metadata,     &ask_list_offsets,     &ask_list_offsets,
		&ask_list_offsets, &ask_api_versions, &ask_find_coordinator, &ask_commit,
		&ask_commit,	   &ask_commit,	      &ask_committed,
		&ask_producer_id,  &ask_producer_id,
	};
	struct rng *rng = &sim_world()->rng;
	const struct question_kind *k = kinds[rng_below(rng, array_len(kinds))];
	struct question q = {.kind = k, .correlation = a->next_correlation++};
	uint32_t versions = (uint32_t)(k->version_max - k->version_min) + 1;
	q.version = (int16_t)(k->version_min + rng_below(rng, versions));
	q.is_flexible = q.version >= k->version_flexible;
	q.asked_ns = sim_world()->now_ns;
	struct emitter e = emitter_of(a->scratch, SIM_REQUEST_BYTES_MAX);
	sim_request_begin(&e, k->api_key, q.version, q.correlation, q.is_flexible);
	k->ask(a, &q, &e);
	sim_tcp_write(&a->client.tcp, a->scratch, sim_request_end(&e));
	a->questions[(a->first + a->count++) % ASKER_QUESTIONS_MAX] = q;
}

static void take_answer(struct asker *a, struct cursor c)
{
	if (a->count == 0)
		sim_fail("asker %u: an answer nobody waits for", a->client.id);
	struct question q = a->questions[a->first];
	a->first = (a->first + 1) % ASKER_QUESTIONS_MAX;
	a->count--;
	int32_t correlation = (int32_t)cursor_u32(&c);
	if (correlation != q.correlation)
		sim_fail("asker %u: answer %d instead of %d", a->client.id, correlation,
			 q.correlation);
	sim_skip_tags(&c, q.is_flexible && !q.kind->has_plain_answer_header);
	q.kind->check(a, &q, &c);
	if (c.bad || cursor_left(&c))
		sim_fail("asker %u: %zu bytes behind the answer to API %d version %d",
			 a->client.id, cursor_left(&c), q.kind->api_key, q.version);
}

static void asker_turn(struct sim_client *c)
{
	struct asker *a = asker_of(c);
	struct sim_buffer *in = &c->tcp.in;
	for (size_t n; (n = sim_response_bytes(in->bytes, in->size)) > 0;) {
		take_answer(a, cursor_of(in->bytes + 4, n - 4));
		sim_buffer_eat(in, n);
	}
	if (c->is_quitting || sim_world()->now_ns < c->next_ns || c->tcp.wants_fin)
		return;
	if (a->count < ASKER_QUESTIONS_MAX)
		send_question(a);
	c->next_ns = sim_world()->now_ns + rng_below(&sim_world()->rng, 2 * QUESTION_NS);
	if (rng_one_in(&sim_world()->rng, 200))
		sim_tcp_abort(&c->tcp);
}

static void asker_lost(struct sim_client *c)
{
	asker_of(c)->count = 0;
	asker_next_group(asker_of(c));
}

static bool asker_is_idle(const struct sim_client *c)
{
	return container_of(c, const struct asker, client)->count == 0;
}

static uint64_t asker_asked_ns(const struct sim_client *c)
{
	const struct asker *a = container_of(c, const struct asker, client);
	return a->count ? a->questions[a->first].asked_ns : UINT64_MAX;
}

static void asker_destroy(struct sim_client *c)
{
	free(asker_of(c)->scratch);
}

static const struct sim_client_ops asker_ops = {
	.turn = asker_turn,
	.lost = asker_lost,
	.is_idle = asker_is_idle,
	.asked_ns = asker_asked_ns,
	.destroy = asker_destroy,
};

struct sim_client *sim_asker_create(uint32_t id)
{
	static const struct asker_topic made[] = {
		{.name = SIM_TOPIC_EVENTS, .is_there = true, .partitions = SIM_EVENTS_PARTITIONS},
		{.name = SIM_TOPIC_VEHICLES, .is_there = true, .partitions = SIM_NUM_PARTITIONS},
		{.name = SIM_TOPIC_PLATFORM, .is_there = true, .partitions = SIM_NUM_PARTITIONS},
	};
	struct asker *a = calloc(1, sizeof *a);
	require(a);
	a->client.ops = &asker_ops;
	a->scratch = malloc(SIM_REQUEST_BYTES_MAX);
	require(a->scratch);
	a->node_id = -1;
	asker_next_group(a);
	memcpy(a->topics, made, sizeof made);
	for (unsigned i = 0; i < ASKER_CREATED_TOPICS; i++) {
		struct asker_topic *t = &a->topics[array_len(made) + i];
		t->partitions = SIM_NUM_PARTITIONS;
		snprintf(t->name, sizeof t->name, "asked_%u_%u", id, i);
	}
	return &a->client;
}
