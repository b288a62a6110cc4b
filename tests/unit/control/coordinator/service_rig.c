/* service_rig.c - a poller, a writer and a clock around a coordinator; see service_rig.h. */
#include "tests/unit/control/coordinator/service_rig.h"

#include "config/topic_name.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/batch/topics.h"
#include "dataplane/wire/kafka/kafka_header.h"
#include "dataplane/wire/record/record_batch.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { CHUNKS = 1024, LISTENER = 2, LOG_BYTES = 4 << 20, CALLS = 1024,
       TURNS = 8, TURNS_TO_LOAD = 400 };

/* What is stored of a partition. */
struct stored {
	uint8_t bytes[LOG_BYTES];
	size_t size;
	int64_t next_offset;
};

static uint64_t now_ns;
static struct handoff poller, writer;
static struct outbox outbox;
static struct wake poller_wake, writer_wake, wake, control_wake;
static struct stats_page page;
static struct chunk_pool pool;
static struct topics *_Atomic topics;
static struct coordinator *coordinator;
static struct stored stored[RIG_PARTITIONS];
static struct list held;      /* struct append_msg.node */
static struct read_list *held_read;
static int last_key, last_version;
static alignas(16) uint8_t memory[4 << 20];
static uint8_t answer_bytes[4 << 20];

struct topic_wish rig_wish;
struct id_blocks rig_ids;
uint32_t rig_message_bytes_max = 1 << 20;
bool rig_is_held;
bool rig_holds_reads;
int16_t rig_append_error;
unsigned rig_appends, rig_reads;
char rig_said[256];

uint64_t clock_now_ns(void)
{
	return now_ns;
}

int64_t clock_wall_ms(void)
{
	return (int64_t)(now_ns / NS_PER_MS) + 1700000000000;
}

uint64_t clock_cycles(void)
{
	return now_ns;
}

/* ---- the writer ------------------------------------------------------------------------- */

static void store(struct append_msg *a)
{
	struct stored *s = &stored[a->partition.slot];
	struct record_batch_header h;
	require(a->origin == APPEND_BUILT && a->level == ACK_DURABLE);
	chain_copy_out(&a->bytes, 0, &h, sizeof h);
	require(record_batch_bytes(&h) == (int64_t)a->bytes.size);
	require(record_batch_count(&h) == a->records);
	record_batch_set_crc(&h, chain_crc32c(&a->bytes, RECORD_BATCH_CRC_FROM));
	record_batch_place(&h, s->next_offset, 0);
	chain_patch(&a->bytes, 0, &h, sizeof h);
	require(s->size + a->bytes.size <= sizeof s->bytes);
	chain_copy_out(&a->bytes, 0, s->bytes + s->size, a->bytes.size);
	s->size += a->bytes.size;
	s->next_offset += a->records;
}

static void answer_append(struct append_msg *a)
{
	a->error = rig_append_error;
	if (!a->error)
		store(a);
	rig_appends++;
	handoff_complete(&writer, &a->msg);
}

/* Whole batches from the offset on, as many as there is room for. */
static void answer_read(struct read_list *list)
{
	struct read_msg *r = list_entry(list->reads.next, struct read_msg, of_list);
	struct stored *s = &stored[r->partition.slot];
	size_t at = 0, room = 0, taken = 0;
	for (struct chunk *c = r->bytes.head; c; c = c->next)
		room += CHUNK_BYTES;
	while (at < s->size && record_batch_last_offset(record_batch_header_of(s->bytes + at)) <
				       r->offset)
		at += (size_t)record_batch_bytes(record_batch_header_of(s->bytes + at));
	while (at + taken < s->size) {
		size_t one = (size_t)record_batch_bytes(
			record_batch_header_of(s->bytes + at + taken));
		if (taken == 0 && one > room)
			r->bytes_needed = (uint32_t)one;
		if (taken + one > min_size(room, r->bytes_max))
			break;
		taken += one;
	}
	const uint8_t *from = s->bytes + at;
	for (struct chunk *c = r->bytes.head; c && taken > 0; c = c->next) {
		size_t n = min_size(taken, CHUNK_BYTES);
		memcpy(c->data, from, n);
		c->len = (uint32_t)n;
		r->bytes.size += n;
		from += n;
		taken -= n;
	}
	r->high_watermark = s->next_offset;
	rig_reads++;
	handoff_complete(&writer, &list->msg);
}

static void writer_turn(void)
{
	struct handoff_msg *m;
	while (handoff_pull(&writer, &m, 1) == 1) {
		if (m->kind == HANDOFF_READ)
			held_read = container_of(m, struct read_list, msg);
		else
			list_append(&held, &container_of(m, struct append_msg, msg)->node);
	}
	if (held_read && !rig_holds_reads) {
		struct read_list *read = held_read;
		held_read = NULL;
		answer_read(read);
	}
	for (struct list *n; !rig_is_held && (n = list_take_first(&held));)
		answer_append(list_entry(n, struct append_msg, node));
}

size_t rig_stored_bytes(void)
{
	size_t size = 0;
	for (unsigned p = 0; p < RIG_PARTITIONS; p++)
		size += stored[p].size;
	return size;
}

void rig_spoil(uint32_t partition, size_t at)
{
	require(at < stored[partition].size);
	stored[partition].bytes[at] ^= 1;
}

/* ---- start and stop --------------------------------------------------------------------- */

static void turns(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		coordinator_turn(coordinator);
		writer_turn();
	}
}

static void say(void *owner, const char *line)
{
	snprintf(rig_said, sizeof rig_said, "%s", line);
}


static void topics_publish(bool with_offsets)
{
	struct partition_ref refs[RIG_TOPIC_PARTITIONS + RIG_PARTITIONS];
	for (uint32_t i = 0; i < array_len(refs); i++)
		refs[i] = (struct partition_ref){i, 1};
	struct topic all[2] = {
		{.partitions = RIG_PARTITIONS, .refs = refs, .is_internal = true,
		 .log = {.message_bytes_max = rig_message_bytes_max}},
		{.partitions = RIG_TOPIC_PARTITIONS, .refs = refs + RIG_PARTITIONS},
	};
	static const char *const names[] = {TOPIC_NAME_OFFSETS, "t"};
	for (unsigned i = 0; i < array_len(all); i++) {
		snprintf(all[i].name, sizeof all[i].name, "%s", names[i]);
		all[i].name_bytes = (uint16_t)strlen(names[i]);
	}
	struct topics *old = atomic_load(&topics);
	uint64_t version = old ? old->version + 1 : 1;
	atomic_store(&topics, topics_build(all + !with_offsets, 1 + with_offsets, version));
	topics_free(old);
}

static void create(void)
{
	struct coordinator_options o = {
		.pollers = {&poller},
		.outboxes = {&outbox},
		.poller_count = 1,
		.writers = {&writer},
		.writer_count = 1,
		.sender = 1,
		.stats_page = &page,
		.topics = &topics,
		.wish = &rig_wish,
		.ids = &rig_ids,
		.groups = {.initial_rebalance_delay_ms = RIG_DELAY_MS,
			   .session_timeout_min_ms = 6000,
			   .session_timeout_max_ms = 60000,
			   .members_max = 1000,
			   .retention_minutes = RIG_RETENTION_MS / 60000,
			   .expiry_interval_ms = 1000,
			   .offset_metadata_bytes_max = RIG_METADATA_MAX},
		.node_id = RIG_NODE,
		.say = say,
	};
	snprintf(o.listeners[LISTENER].host, sizeof o.listeners[LISTENER].host, "gw.example");
	o.listeners[LISTENER].port = RIG_PORT;
	id_blocks_init(&rig_ids, RIG_ID_BLOCK, &control_wake, &wake);
	coordinator = coordinator_create(&o);
	cr_assert(coordinator != NULL);
}

static void rings_make(void)
{
	cr_assert(!handoff_init(&poller, &poller_wake, &wake));
	cr_assert(!handoff_init(&writer, &wake, &writer_wake));
	cr_assert(!outbox_init(&outbox, 0, &wake, &poller_wake));
	list_init(&held);
	held_read = NULL;
}

static void rings_end(void)
{
	handoff_fini(&poller);
	handoff_fini(&writer);
	outbox_fini(&outbox);
}

static void start(bool with_topic)
{
	now_ns = NS_PER_S;
	for (unsigned p = 0; p < RIG_PARTITIONS; p++) {
		stored[p].size = 0;
		stored[p].next_offset = 0;
	}
	cr_assert(!wake_init(&poller_wake) && !wake_init(&writer_wake));
	cr_assert(!wake_init(&wake) && !wake_init(&control_wake));
	cr_assert(!chunk_pool_init(&pool, CHUNK_BYTES, CHUNKS));
	rig_wish.control = &control_wake;
	rings_make();
	topics_publish(with_topic);
	create();
	turns(TURNS_TO_LOAD);
}

void service_rig_start(void)
{
	start(true);
}

void service_rig_start_without_topic(void)
{
	start(false);
}

void rig_make_topic(void)
{
	topics_publish(true);
	turns(TURNS_TO_LOAD);
}

void rig_grant_ids(int64_t first)
{
	cr_assert(id_blocks_is_wished(&rig_ids));
	id_blocks_grant(&rig_ids, first);
	turns(TURNS);
}

void rig_limit_batches(uint32_t bytes)
{
	rig_message_bytes_max = bytes;
	topics_publish(true);
	turns(1);
}

/* What was under way is lost, as it is when a process ends. */
void rig_start_again(void)
{
	coordinator_destroy(coordinator);
	rings_end();
	rings_make();
	create();
	turns(TURNS_TO_LOAD);
}

void service_rig_stop(void)
{
	coordinator_destroy(coordinator);
	rings_end();
	require(pool.in_use == 0);
	chunk_pool_fini(&pool);
	topics_free(atomic_exchange(&topics, NULL));
	atomic_store(&rig_wish.is_made, false);
	wake_fini(&poller_wake);
	wake_fini(&writer_wake);
	wake_fini(&wake);
	wake_fini(&control_wake);
}

void rig_pass_ms(uint64_t ms)
{
	for (uint64_t at = 0; at < ms; at += 100) {
		now_ns += min_u64(100, ms - at) * NS_PER_MS;
		coordinator_turn(coordinator);
		writer_turn();
	}
	turns(TURNS);
}

/* ---- the poller ------------------------------------------------------------------------- */

static uint8_t wire[CHUNKS * CHUNK_BYTES];
static struct call_msg calls[CALLS];
static uint32_t next_call;

static void send_bytes(const uint8_t *bytes, size_t size)
{
	struct call_msg *call = &calls[next_call++ % CALLS];
	*call = (struct call_msg){.msg = {.kind = HANDOFF_CALL},
				  .listener = LISTENER,
				  .source = {[10] = 0xff, 0xff, 192, 0, 2, 1},
				  .ticket = {.stream = 1, .request = next_call},
				  .request_bytes = (uint32_t)size};
	cr_assert(chain_append(&call->request, &pool, bytes, size));
	handoff_send(&poller, &call->msg);
	turns(TURNS);
}

static void put_header(struct emitter *e, int key, int version, bool is_flexible)
{
	emit_u16(e, (uint16_t)key);
	emit_u16(e, (uint16_t)version);
	emit_u32(e, next_call);
	emit_u16(e, 3);
	emit_bytes(e, "rig", 3);
	if (is_flexible)
		emit_u8(e, 0);
	last_key = key;
	last_version = version;
}

void rig_ask(int key, int version, const struct kafka_message *m, const void *request)
{
	struct emitter e = emitter_of(wire, sizeof wire);
	put_header(&e, key, version, version >= m->flexible_since);
	kafka_encode(m, version, request, &e);
	cr_assert(!e.bad);
	send_bytes(wire, emitter_size(&e));
}

void rig_ask_bytes(int key, int version, struct bytes body)
{
	const struct kafka_api_row *row = kafka_api_row_find(key);
	struct emitter e = emitter_of(wire, sizeof wire);
	put_header(&e, key, version, kafka_api_is_flexible(row, version));
	emit_bytes(&e, body.data, body.size);
	cr_assert(!e.bad);
	send_bytes(wire, emitter_size(&e));
}

static void release(struct call_msg *call)
{
	call->is_release = true;
	handoff_send(&poller, &call->msg);
	turns(TURNS);
}

/* A call whose request is done with, or null; parked ones are passed over. */
static struct call_msg *take_call(void)
{
	struct handoff_msg *m;
	while (handoff_reap(&poller, &m, 1) == 1) {
		struct call_msg *call = container_of(m, struct call_msg, msg);
		if (call->is_release)
			continue;
		chain_give(&call->request);
		if (!call->is_parked)
			return call;
	}
	return NULL;
}

/* Copied, for what it lies in goes back at once. */
static size_t take_reply(void)
{
	struct call_msg *call = take_call();
	if (!call)
		return 0;
	cr_assert(call->reply, "API %d closes its connection", last_key);
	size_t size = call->reply_bytes;
	memcpy(answer_bytes, call->reply, size);
	release(call);
	return size;
}

static size_t take_sent(void)
{
	struct handoff_msg *m;
	struct inbox inbox = {.senders = {&outbox.handoff}, .count = 1};
	if (handoff_pull(&outbox.handoff, &m, 1) == 0)
		return 0;
	struct inbox_msg *send = container_of(m, struct inbox_msg, msg);
	cr_assert(send->bytes.data != NULL);
	size_t size = send->bytes.size;
	memcpy(answer_bytes, send->bytes.data, size);
	inbox_give(&inbox, send, INBOX_DONE);
	turns(TURNS);
	return size;
}

void rig_drop_answers(void)
{
	for (struct call_msg *call; (call = take_call());) {
		cr_assert(!call->reply || be32_load(call->reply) == call->reply_bytes - 4);
		if (call->reply)
			release(call);
	}
	for (size_t size; (size = take_sent()) > 0;)
		cr_assert(be32_load(answer_bytes) == size - 4);
}

bool rig_answer(const struct kafka_message *m, void *ret)
{
	size_t size = take_reply();
	if (size == 0)
		size = take_sent();
	if (size == 0)
		return false;
	struct cursor c = cursor_of(answer_bytes, size);
	cr_assert(cursor_u32(&c) == size - 4);
	cursor_u32(&c);
	if (last_version >= m->flexible_since)
		cr_assert(cursor_u8(&c) == 0);
	struct kafka_arena arena = kafka_arena_of(memory, sizeof memory);
	cr_assert(kafka_decode(m, last_version, &c, &arena, ret) == KAFKA_DECODED_OK);
	cr_assert(cursor_left(&c) == 0);
	return true;
}

void rig_call(int key, int version, const struct kafka_message *request, const void *q,
	      const struct kafka_message *response, void *ret)
{
	rig_ask(key, version, request, q);
	cr_assert(rig_answer(response, ret), "API %d is not answered", key);
}

struct find_coordinator_one rig_find(int8_t type)
{
	struct bytes key = rig_text("g");
	struct find_coordinator_request q = {.key_type = type, .coordinator_keys = {&key, 1}};
	struct find_coordinator_response r;
	rig_call(KAFKA_API_FIND_COORDINATOR, 4, &find_coordinator_request, &q,
		 &find_coordinator_response, &r);
	cr_assert(r.coordinators.count == 1);
	return r.coordinators.items[0];
}
