/* test_kafka_pollers.c - two pollers ask control at the same time: each gets the answers to its
 * own calls, also to those that wait for a topic. */
#include "control/kafka/kafka_api.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/msg_metadata.h"
#include "tests/unit/control/catalog/fake_registry.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { POLLERS = 2, METADATA_VERSION = 1 };

static struct registry registry;
static struct handoff handoffs[POLLERS];
static struct outbox outboxes[POLLERS];
static struct wake poller_wake, control_wake;
static struct chunk_pool pool;
static struct kafka_api *api;
static struct stats_page page;

static void start(void)
{
	struct kafka_api_options options = {.registry = &registry,
					    .stats_page = &page,
					    .poller_count = POLLERS};
	fake_registry_init(&registry);
	cr_assert(wake_init(&poller_wake) == 0 && wake_init(&control_wake) == 0);
	for (unsigned p = 0; p < POLLERS; p++) {
		cr_assert(handoff_init(&handoffs[p], &poller_wake, &control_wake) == 0);
		cr_assert(outbox_init(&outboxes[p], 0, &control_wake, &poller_wake) == 0);
		options.pollers[p] = &handoffs[p];
		options.outboxes[p] = &outboxes[p];
	}
	cr_assert(chunk_pool_init(&pool, CHUNK_BYTES, 16) == 0);
	api = kafka_api_create(&options);
	cr_assert(api != NULL);
}

static void stop(void)
{
	kafka_api_destroy(api);
	require(pool.in_use == 0);
	chunk_pool_fini(&pool);
	for (unsigned p = 0; p < POLLERS; p++) {
		handoff_fini(&handoffs[p]);
		outbox_fini(&outboxes[p]);
	}
	wake_fini(&poller_wake);
	wake_fini(&control_wake);
}

TestSuite(kafka_pollers, .init = start, .fini = stop);

/* Metadata of a topic that is not there yet, or of all there are. */
static void ask(unsigned poller, struct call_msg *call, const char *topic)
{
	uint8_t wire[256];
	struct metadata_request_topic t = {0};
	struct metadata_request request = {.topics = {.items = &t, .count = topic ? 1 : 0}};
	if (topic)
		t.name = (struct bytes){(const uint8_t *)topic, strlen(topic)};
	struct emitter e = emitter_of(wire, sizeof wire);
	emit_u16(&e, KAFKA_API_METADATA);
	emit_u16(&e, METADATA_VERSION);
	emit_u32(&e, poller);
	emit_u16(&e, UINT16_MAX); /* no client id */
	kafka_encode(&metadata_request, METADATA_VERSION, &request, &e);
	cr_assert(!e.bad);
	*call = (struct call_msg){.msg = {.kind = HANDOFF_CALL, .sender = (uint8_t)poller},
			      .request_bytes = (uint32_t)emitter_size(&e)};
	cr_assert(chain_append(&call->request, &pool, wire, emitter_size(&e)));
	handoff_send(&handoffs[poller], &call->msg);
}

/* The call that came back to a poller, or null; what was lent for it is given back. */
static struct call_msg *answered(unsigned poller)
{
	struct handoff_msg *msg;
	if (handoff_reap(&handoffs[poller], &msg, 1) == 0)
		return NULL;
	struct call_msg *call = container_of(msg, struct call_msg, msg);
	cr_assert(call->reply && be32_load(call->reply + 4) == poller);
	chain_give(&call->request);
	free(call->reply);
	return call;
}

/* The call that came back parked. */
static void parked(unsigned poller, const struct call_msg *call)
{
	struct handoff_msg *msg;
	cr_assert(handoff_reap(&handoffs[poller], &msg, 1) == 1);
	struct call_msg *back = container_of(msg, struct call_msg, msg);
	cr_assert(back == call && back->is_parked);
	chain_give(&back->request);
}

/* What its inbox holds: the answer to the one that was. */
static bool told(unsigned poller)
{
	struct inbox inbox = {.senders = {&outboxes[poller].handoff}, .count = 1};
	struct handoff_msg *msg;
	if (handoff_pull(&outboxes[poller].handoff, &msg, 1) == 0)
		return false;
	struct inbox_msg *m = container_of(msg, struct inbox_msg, msg);
	cr_assert(be32_load(m->bytes.data + 4) == poller);
	inbox_give(&inbox, m, INBOX_DONE);
	return true;
}

Test(kafka_pollers, each_gets_the_answers_to_its_own_calls)
{
	struct call_msg waiting[POLLERS], quick[POLLERS];
	for (unsigned p = 0; p < POLLERS; p++) {
		ask(p, &waiting[p], "fresh");
		ask(p, &quick[p], NULL);
	}
	kafka_api_turn(api);
	for (unsigned p = 0; p < POLLERS; p++) {
		parked(p, &waiting[p]);
		cr_assert(answered(p) == &quick[p] && !answered(p) && !told(p));
	}
	fake_registry_end_job(&registry, KAFKA_ERROR_NONE);
	kafka_api_turn(api);
	for (unsigned p = 0; p < POLLERS; p++)
		cr_assert(told(p) && !told(p) && !answered(p));
}

Test(kafka_pollers, the_second_is_served_while_the_first_is_silent)
{
	struct call_msg call;
	ask(1, &call, NULL);
	kafka_api_turn(api);
	cr_assert(answered(1) == &call && !answered(0));
}
