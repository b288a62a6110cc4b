/* kafka_api_rig.c - a kafka_api between a poller's ring and a fake registry. */
#include "tests/unit/control/kafka/kafka_api_rig.h"

#include "dataplane/base/require.h"
#include "dataplane/store/log_dir.h"
#include "dataplane/wire/kafka/kafka_header.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { CORRELATION = 0x01020304, CHUNKS = 64 };

struct registry registry;
static struct handoff handoff;
static struct outbox outbox;
static struct wake poller_wake, control_wake;
static struct chunk_pool pool;
static struct disk *disk;
static struct log_dir dir;
static struct kafka_api *api;
struct call_msg calls[4];
static alignas(16) uint8_t memory[1 << 20];
char log_dir[] = "/tmp/penstock_api_XXXXXX";

void shell(const char *format, const char *directory)
{
	char command[192];
	snprintf(command, sizeof command, format, directory);
	cr_assert(system(command) == 0);
}

static struct stats_page page;
static char said[256];

static void say(void *owner, const char *line)
{
	snprintf(said, sizeof said, "%s", line);
}

static void create_api(bool auto_create_topics, uint32_t rate)
{
	registry.live.now.auto_create_topics_enable = auto_create_topics;
	struct kafka_api_options options = {
		.dir = &dir, .registry = &registry, .pollers = {&handoff}, .poller_count = 1,
		.outboxes = {&outbox},
		.auto_create_topics_rate = rate,
		.stats_page = &page,
		.say = say};
	options.listeners[LISTENER] =
		(struct kafka_api_listener){.host = "broker.example", .port = 9094};
	api = kafka_api_create(&options);
	cr_assert(api != NULL);
}

void kafka_api_rig_start(void)
{
	cr_assert(wake_init(&poller_wake) == 0 && wake_init(&control_wake) == 0);
	cr_assert(handoff_init(&handoff, &poller_wake, &control_wake) == 0);
	cr_assert(outbox_init(&outbox, 0, &control_wake, &poller_wake) == 0);
	cr_assert(chunk_pool_init(&pool, CHUNK_BYTES, CHUNKS) == 0);
	int error;
	disk = disk_create("test", &error);
	cr_assert(disk != NULL);
	cr_assert(mkdtemp(log_dir) != NULL);
	dir = (struct log_dir){.path = log_dir, .disk = disk};
	fake_registry_init(&registry);
	registry.dirs = &dir;
	registry.dir_count = 1;
	create_api(true, 0);
}

void kafka_api_rig_forbid_creation(void)
{
	kafka_api_destroy(api);
	create_api(false, 0);
}

void kafka_api_rig_limit_creation(uint32_t rate)
{
	kafka_api_destroy(api);
	create_api(true, rate);
}

const char *kafka_api_rig_said(void)
{
	return said;
}

uint64_t kafka_api_rig_stat(enum stat_id id)
{
	struct stats s;
	stats_read(&page, &s);
	return s.value[id];
}

void kafka_api_rig_end(void)
{
	kafka_api_destroy(api);
	api = NULL;
}

void kafka_api_rig_stop(void)
{
	kafka_api_destroy(api);
	disk_destroy(disk);
	require(pool.in_use == 0);
	chunk_pool_fini(&pool);
	handoff_fini(&handoff);
	outbox_fini(&outbox);
	wake_fini(&poller_wake);
	wake_fini(&control_wake);
	shell("rm -rf %s", log_dir);
}

/* ---- the poller's side ---------------------------------------------------------------- */

uint8_t caller = 1;

void send_bytes(struct call_msg *call, const void *data, size_t size)
{
	static uint32_t number;
	*call = (struct call_msg){.msg = {.kind = HANDOFF_CALL}, .listener = LISTENER,
			      .ticket = {.stream = STREAM, .request = ++number},
			      .source = {[10] = 0xff, 0xff, 10, 0, 0, caller},
			      .request_bytes = (uint32_t)size};
	cr_assert(chain_append(&call->request, &pool, data, size));
	handoff_send(&handoff, &call->msg);
}

size_t put_header(uint8_t *out, int key, int version, bool is_flexible)
{
	uint8_t room[64];
	struct emitter e = emitter_of(room, sizeof room);
	emit_u16(&e, (uint16_t)key);
	emit_u16(&e, (uint16_t)version);
	emit_u32(&e, CORRELATION);
	emit_u16(&e, 4);
	emit_bytes(&e, "test", 4);
	if (is_flexible)
		emit_u8(&e, 0);
	memcpy(out, room, emitter_size(&e));
	return emitter_size(&e);
}

void send_request(struct call_msg *call, int key, int version, const struct kafka_message *m,
		 const void *request)
{
	static uint8_t wire[CHUNKS * CHUNK_BYTES];
	size_t head = put_header(wire, key, version, version >= m->flexible_since);
	struct emitter e = emitter_of(wire + head, sizeof wire - head);
	kafka_encode(m, version, request, &e);
	cr_assert(!e.bad);
	send_bytes(call, wire, head + emitter_size(&e));
}

struct call_msg *reap(void)
{
	struct handoff_msg *msg;
	kafka_api_turn(api);
	if (handoff_reap(&handoff, &msg, 1) == 0)
		return NULL;
	return container_of(msg, struct call_msg, msg);
}

void release(struct call_msg *call)
{
	call->is_release = true;
	chain_give(&call->request);
	handoff_send(&handoff, &call->msg);
	cr_assert(reap() == call);
	cr_assert(call->reply == NULL);
}

struct ticket take_parked(void)
{
	struct call_msg *call = reap();
	cr_assert(call && call->is_parked && !call->reply);
	chain_give(&call->request);
	return call->ticket;
}

struct inbox_msg *take_send(void)
{
	struct handoff_msg *msg;
	kafka_api_turn(api);
	if (handoff_pull(&outbox.handoff, &msg, 1) == 0)
		return NULL;
	cr_assert(msg->kind == HANDOFF_SEND);
	return container_of(msg, struct inbox_msg, msg);
}

void give_send(struct inbox_msg *m, enum inbox_outcome outcome)
{
	struct inbox inbox = {.senders = {&outbox.handoff}, .count = 1};
	inbox_give(&inbox, m, outcome);
	kafka_api_turn(api);
}

void read_reply(struct call_msg *call, const struct kafka_message *m, int version,
		bool is_header_flexible, void *ret)
{
	cr_assert(call != NULL);
	read_bytes((struct bytes){call->reply, call->reply_bytes}, m, version,
		   is_header_flexible, ret);
}

void read_bytes(struct bytes reply, const struct kafka_message *m, int version,
		bool is_header_flexible, void *ret)
{
	cr_assert(reply.data != NULL);
	struct cursor c = cursor_of(reply.data, reply.size);
	cr_assert(cursor_u32(&c) == reply.size - 4);
	cr_assert(cursor_u32(&c) == CORRELATION);
	if (is_header_flexible)
		cr_assert(cursor_u8(&c) == 0);
	struct kafka_arena arena = kafka_arena_of(memory, sizeof memory);
	cr_assert(kafka_decode(m, version, &c, &arena, ret) == KAFKA_DECODED_OK);
	cr_assert(cursor_left(&c) == 0);
}

bool is_closed(const void *data, size_t size)
{
	send_bytes(&calls[0], data, size);
	struct call_msg *call = reap();
	cr_assert(call == &calls[0]);
	bool closed = call->reply == NULL;
	release(call);
	return closed;
}
