/* test_coordinator.c - requests as two pollers pass them on to the coordinator, replies as clients
 * will read them; and the thread that turns it. */
#include "control/coordinator/coordinator_thread.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/kafka_header.h"
#include "dataplane/wire/kafka/msg_find_coordinator.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

enum { POLLERS = 2, CHUNKS = 256, CORRELATION = 0x01020304, PATIENCE_MS = 20000 };

static struct handoff handoffs[POLLERS], writer;
static struct outbox outboxes[POLLERS];
static struct wake poller_wake, wake;
static struct stats_page page;
static struct chunk_pool pool;
static struct coordinator *coordinator;
static alignas(16) uint8_t memory[1 << 20];

static void start(void)
{
	struct coordinator_options options = {.poller_count = POLLERS, .writers = {&writer},
					      .writer_count = 1, .sender = POLLERS,
					      .stats_page = &page};
	cr_assert(!wake_init(&poller_wake) && !wake_init(&wake));
	cr_assert(!handoff_init(&writer, &wake, &poller_wake));
	for (unsigned p = 0; p < POLLERS; p++) {
		cr_assert(!handoff_init(&handoffs[p], &poller_wake, &wake));
		cr_assert(!outbox_init(&outboxes[p], 0, &wake, &poller_wake));
		options.pollers[p] = &handoffs[p];
		options.outboxes[p] = &outboxes[p];
	}
	cr_assert(!chunk_pool_init(&pool, CHUNK_BYTES, CHUNKS));
	coordinator = coordinator_create(&options);
	cr_assert(coordinator != NULL);
}

static void stop(void)
{
	coordinator_destroy(coordinator);
	require(pool.in_use == 0);
	chunk_pool_fini(&pool);
	for (unsigned p = 0; p < POLLERS; p++) {
		handoff_fini(&handoffs[p]);
		outbox_fini(&outboxes[p]);
	}
	handoff_fini(&writer);
	wake_fini(&poller_wake);
	wake_fini(&wake);
}

TestSuite(coordinator, .init = start, .fini = stop);

/* ---- a poller's side -------------------------------------------------------------------- */

static void send_bytes(unsigned poller, struct call_msg *call, const void *data, size_t size)
{
	*call = (struct call_msg){.msg = {.kind = HANDOFF_CALL, .sender = (uint8_t)poller},
			      .request_bytes = (uint32_t)size};
	cr_assert(chain_append(&call->request, &pool, data, size));
	handoff_send(&handoffs[poller], &call->msg);
}

static size_t put_header(struct emitter *e, int key, int version)
{
	emit_u16(e, (uint16_t)key);
	emit_u16(e, (uint16_t)version);
	emit_u32(e, CORRELATION);
	emit_u16(e, UINT16_MAX); /* no client id */
	if (version >= 3)
		emit_u8(e, 0);
	return emitter_size(e);
}

static void ask(unsigned poller, struct call_msg *call, int version,
		const struct find_coordinator_request *q)
{
	static uint8_t wire[CHUNKS * CHUNK_BYTES];
	struct emitter e = emitter_of(wire, sizeof wire);
	put_header(&e, KAFKA_API_FIND_COORDINATOR, version);
	kafka_encode(&find_coordinator_request, version, q, &e);
	cr_assert(!e.bad);
	send_bytes(poller, call, wire, emitter_size(&e));
}

static struct call_msg *reap(unsigned poller)
{
	struct handoff_msg *msg;
	if (handoff_reap(&handoffs[poller], &msg, 1) == 0)
		return NULL;
	return container_of(msg, struct call_msg, msg);
}

static void read_reply(struct call_msg *call, int version, struct find_coordinator_response *ret)
{
	cr_assert(call && call->reply && !call->is_parked);
	struct cursor c = cursor_of(call->reply, call->reply_bytes);
	cr_assert(cursor_u32(&c) == call->reply_bytes - 4 && cursor_u32(&c) == CORRELATION);
	if (version >= 3)
		cr_assert(cursor_u8(&c) == 0);
	struct kafka_arena arena = kafka_arena_of(memory, sizeof memory);
	cr_assert(kafka_decode(&find_coordinator_response, version, &c, &arena, ret) ==
		  KAFKA_DECODED_OK);
	cr_assert(cursor_left(&c) == 0);
}

static void release(unsigned poller, struct call_msg *call)
{
	call->is_release = true;
	chain_give(&call->request);
	handoff_send(&handoffs[poller], &call->msg);
	cr_assert(coordinator_turn(coordinator));
	cr_assert(reap(poller) == call && !call->reply);
}

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* ---- FindCoordinator -------------------------------------------------------------------- */

Test(coordinator, nobody_coordinates_a_group)
{
	for (int version = 0; version <= 3; version++) {
		struct find_coordinator_request q = {.key = text("g")};
		struct find_coordinator_response r;
		struct call_msg call;
		ask(0, &call, version, &q);
		cr_assert(!coordinator_may_sleep(coordinator));
		cr_assert(coordinator_turn(coordinator) && coordinator_may_sleep(coordinator));
		cr_assert(reap(0) == &call);
		read_reply(&call, version, &r);
		cr_assert(r.error_code == KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE);
		cr_assert(r.node_id == -1);
		release(0, &call);
	}
}

Test(coordinator, each_of_several_groups_gets_an_answer_of_its_own)
{
	struct bytes keys[] = {text("g1"), text("g2")};
	struct find_coordinator_request q = {.coordinator_keys = {keys, 2}};
	struct find_coordinator_response r;
	struct call_msg call;
	ask(0, &call, 4, &q);
	coordinator_turn(coordinator);
	cr_assert(reap(0) == &call);
	read_reply(&call, 4, &r);
	cr_assert(r.coordinators.count == 2);
	cr_assert(r.coordinators.items[1].key.size == 2 &&
		  memcmp(r.coordinators.items[1].key.data, "g2", 2) == 0);
	cr_assert(r.coordinators.items[1].error_code ==
		  KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE);
	release(0, &call);
}

Test(coordinator, a_key_that_is_neither_a_groups_nor_a_transactions_is_refused)
{
	struct bytes keys[] = {text("g")};
	for (int8_t type = 0; type <= 3; type++) {
		struct find_coordinator_request q = {
			.key = text("g"), .key_type = type, .coordinator_keys = {keys, 1}};
		struct find_coordinator_response r;
		struct call_msg call;
		int16_t want = type == 0   ? KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE
			       : type == 1 ? KAFKA_ERROR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED
					   : KAFKA_ERROR_INVALID_REQUEST;
		for (int version = 1; version <= 6; version++) {
			ask(0, &call, version, &q);
			coordinator_turn(coordinator);
			cr_assert(reap(0) == &call);
			read_reply(&call, version, &r);
			cr_assert((version < 4 ? r.error_code
					       : r.coordinators.items[0].error_code) == want);
			release(0, &call);
		}
	}
}

Test(coordinator, each_poller_gets_the_answers_to_its_own_calls)
{
	struct find_coordinator_request q = {.key = text("g")};
	struct call_msg call[POLLERS];
	for (unsigned p = 0; p < POLLERS; p++)
		ask(p, &call[p], 1, &q);
	coordinator_turn(coordinator);
	for (unsigned p = 0; p < POLLERS; p++)
		cr_assert(reap(p) == &call[p] && !reap(p));
	for (unsigned p = 0; p < POLLERS; p++)
		release(p, &call[p]);
}

/* ---- what is not the coordinator's ------------------------------------------------------ */

static bool is_closed(const void *data, size_t size)
{
	struct call_msg call;
	send_bytes(1, &call, data, size);
	coordinator_turn(coordinator);
	cr_assert(reap(1) == &call);
	bool closed = !call.reply;
	release(1, &call);
	return closed;
}

Test(coordinator, what_others_answer_and_what_is_malformed_closes_the_connection)
{
	static const int others[][2] = {{KAFKA_API_METADATA, 1}, {KAFKA_API_API_VERSIONS, 0},
					{10, 7}, {10, -1}, {11, 0}, {-1, 0}};
	uint8_t wire[64];
	for (unsigned i = 0; i < array_len(others); i++) {
		struct emitter e = emitter_of(wire, sizeof wire);
		size_t size = put_header(&e, others[i][0], others[i][1]);
		cr_assert(is_closed(wire, size), "key %d", others[i][0]);
	}
	struct emitter e = emitter_of(wire, sizeof wire);
	size_t head = put_header(&e, KAFKA_API_FIND_COORDINATOR, 0);
	emit_u16(&e, 1);
	emit_u8(&e, 'g');
	for (size_t cut = 0; cut < head + 3; cut++)
		cr_assert(is_closed(wire, cut), "%zu", cut);
	cr_assert(!is_closed(wire, head + 3));
}

/* Half a million keys would take an arena of 40 MB. */
Test(coordinator, a_request_beyond_the_arena_closes_its_connection_and_harms_nobody)
{
	enum { KEYS = 500000 };
	struct bytes *keys = calloc(KEYS, sizeof *keys);
	struct find_coordinator_request q = {.coordinator_keys = {keys, KEYS}};
	struct find_coordinator_request small = {.key = text("g")};
	struct call_msg large, call;
	for (unsigned i = 0; i < KEYS; i++)
		keys[i] = text("k");
	ask(0, &large, 4, &q);
	ask(0, &call, 1, &small);
	coordinator_turn(coordinator);
	cr_assert(reap(0) == &large && !large.reply);
	cr_assert(reap(0) == &call && call.reply);
	release(0, &large);
	release(0, &call);
	free(keys);
}

/* ---- its thread ------------------------------------------------------------------------- */

/* What the thread has used of a CPU. */
static uint64_t cpu_ms(pthread_t thread)
{
	clockid_t clock;
	struct timespec t;
	cr_assert(pthread_getcpuclockid(thread, &clock) == 0 && clock_gettime(clock, &t) == 0);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* As a poller that sleeps until it is woken. */
static struct call_msg *reap_soon(unsigned poller)
{
	struct call_msg *call = NULL;
	for (unsigned i = 0; i < PATIENCE_MS && !(call = reap(poller)); i++)
		poll(NULL, 0, 1);
	return call;
}

Test(coordinator, its_thread_answers_without_being_asked_to_turn_and_sleeps_in_between)
{
	struct coordinator_thread thread;
	struct find_coordinator_request q = {.key = text("g")};
	struct call_msg call;
	cr_assert(coordinator_thread_start(&thread, coordinator, &wake, -1) == 0);
	for (unsigned i = 0; i < 20; i++) {
		ask(0, &call, 1, &q);
		cr_assert(reap_soon(0) == &call && call.reply);
		call.is_release = true;
		chain_give(&call.request);
		handoff_send(&handoffs[0], &call.msg);
		cr_assert(reap_soon(0) == &call);
	}
	uint64_t before = cpu_ms(thread.thread);
	poll(NULL, 0, 300);
	uint64_t used = cpu_ms(thread.thread) - before;
	cr_assert(used < 30, "it polls: %lu ms of 300", used);
	coordinator_thread_stop(&thread);
}

Test(coordinator, its_thread_runs_on_the_cpu_it_is_given_and_on_none_there_is_not)
{
	struct coordinator_thread thread;
	cpu_set_t set;
	int cpu = sched_getcpu();
	cr_assert(coordinator_thread_start(&thread, coordinator, &wake, cpu) == 0);
	cr_assert(pthread_getaffinity_np(thread.thread, sizeof set, &set) == 0);
	cr_assert(CPU_COUNT(&set) == 1 && CPU_ISSET((unsigned)cpu, &set));
	coordinator_thread_stop(&thread);
	cr_assert(coordinator_thread_start(&thread, coordinator, &wake, CPU_SETSIZE - 1) < 0);
}
