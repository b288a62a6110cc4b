/* kafka_messages.c - for tests: requests of any version built, answers taken apart; see
 * kafka_rig.h. */
#include "tests/unit/kafka/kafka_rig.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/require.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { PIECE_BYTES = 40000 };

void buffer_add(struct buffer *b, const void *data, size_t size)
{
	if (b->size + size > b->capacity) {
		b->capacity = 2 * (b->size + size);
		b->data = realloc(b->data, b->capacity);
		require(b->data != NULL);
	}
	if (size)
		memcpy(b->data + b->size, data, size);
	b->size += size;
}

void buffer_free(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){0};
}

static struct bytes text(const char *s)
{
	return s ? (struct bytes){(const uint8_t *)s, strlen(s)} : (struct bytes){0};
}

/* ---- batches --------------------------------------------------------------------------- */

void batch_seal(struct buffer *b)
{
	struct record_batch_header *h = (void *)b->data;
	record_batch_set_crc(h, crc32c(b->data + RECORD_BATCH_CRC_FROM,
				       b->size - RECORD_BATCH_CRC_FROM));
}

struct buffer batch_make(unsigned records, size_t value_bytes, int64_t wall_ms)
{
	struct buffer b = {0};
	struct record_batch_header h;
	record_batch_build(&h, records, wall_ms, wall_ms);
	buffer_add(&b, &h, sizeof h);
	uint8_t *value = malloc(value_bytes + 1);
	uint8_t *room = malloc(value_bytes + RECORD_OVERHEAD_BYTES_MAX);
	for (unsigned i = 0; i < records; i++) {
		memset(value, (int)i, value_bytes);
		struct record_view v = {.offset_delta = (int32_t)i,
					.value = {value, value_bytes}};
		struct emitter e =
			emitter_of(room, value_bytes + RECORD_OVERHEAD_BYTES_MAX);
		record_emit(&e, &v);
		require(!e.bad);
		buffer_add(&b, room, emitter_size(&e));
	}
	free(value);
	free(room);
	record_batch_set_size((void *)b.data, (uint32_t)b.size);
	batch_seal(&b);
	return b;
}

/* ---- requests -------------------------------------------------------------------------- */

/* A request under construction. */
struct maker {
	struct buffer bytes;
	int version;
	bool is_flexible;
};

static void put_length(struct maker *m, int64_t length)
{
	uint8_t room[8];
	struct emitter e = emitter_of(room, sizeof room);
	kafka_length_emit(&e, m->is_flexible, length);
	buffer_add(&m->bytes, room, emitter_size(&e));
}

static void put(struct maker *m, const struct kafka_message *message, const void *piece)
{
	static uint8_t room[PIECE_BYTES];
	struct emitter e = emitter_of(room, sizeof room);
	kafka_encode(message, m->version, piece, &e);
	require(!e.bad);
	buffer_add(&m->bytes, room, emitter_size(&e));
}

static struct maker make_begin(int16_t key, int version, const char *client_id)
{
	const struct kafka_api_row *row = kafka_api_row_find(key);
	struct maker m = {.version = version,
			  .is_flexible = row && kafka_api_is_flexible(row, version)};
	uint8_t room[40000];
	struct emitter e = emitter_of(room, sizeof room);
	emit_u32(&e, 0);
	emit_u16(&e, (uint16_t)key);
	emit_u16(&e, (uint16_t)version);
	emit_u32(&e, RIG_CORRELATION_ID);
	emit_u16(&e, client_id ? (uint16_t)strlen(client_id) : UINT16_MAX);
	emit_bytes(&e, client_id, client_id ? strlen(client_id) : 0);
	if (m.is_flexible)
		emit_u8(&e, 0);
	require(!e.bad);
	buffer_add(&m.bytes, room, emitter_size(&e));
	return m;
}

static struct buffer make_end(struct maker *m)
{
	kafka_size_store(m->bytes.data, m->bytes.size);
	return m->bytes;
}

static bool is_same_topic(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

void rig_topic_id(const char *name, uint8_t ret[KAFKA_UUID_BYTES])
{
	memset(ret, 0, KAFKA_UUID_BYTES);
	ret[0] = 0xa0;
	ret[KAFKA_UUID_BYTES - 1] = (uint8_t)name[0];
}

static unsigned produce_topics(const struct produce_item *items, unsigned count)
{
	unsigned topics = 0;
	for (unsigned i = 0; i < count; i++)
		topics += i == 0 || !is_same_topic(items[i].topic, items[i - 1].topic);
	return topics;
}

static void put_produce_item(struct maker *m, const struct produce_item *item)
{
	struct produce_partition partition = {.index = item->partition};
	struct produce_tags tags = {0};
	put(m, &produce_partition, &partition);
	put_length(m, item->is_null ? -1 : (int64_t)item->records.size);
	buffer_add(&m->bytes, item->records.data, item->records.size);
	put(m, &produce_tags, &tags);
}

struct buffer produce_make(const struct produce_spec *spec, const struct produce_item *items,
			   unsigned count)
{
	struct maker m = make_begin(KAFKA_API_PRODUCE, spec->version, spec->client_id);
	struct produce_head head = {.transactional_id = text(spec->transactional_id),
				    .acks = spec->acks,
				    .timeout_ms = 30000};
	struct produce_tags tags = {0};
	put(&m, &produce_request_head, &head);
	put_length(&m, produce_topics(items, count));
	for (unsigned i = 0, n; i < count; i += n) {
		struct produce_topic topic = {.name = text(items[i].topic)};
		rig_topic_id(items[i].topic, topic.topic_id);
		for (n = 1; i + n < count; n++)
			if (!is_same_topic(items[i].topic, items[i + n].topic))
				break;
		put(&m, &produce_topic, &topic);
		put_length(&m, n);
		for (unsigned k = 0; k < n; k++)
			put_produce_item(&m, &items[i + k]);
		put(&m, &produce_tags, &tags);
	}
	put(&m, &produce_tags, &tags);
	return make_end(&m);
}

static void put_fetch_item(struct maker *m, const struct fetch_item *item)
{
	struct fetch_partition partition = {
		.partition = item->partition,
		.current_leader_epoch = item->epoch,
		.fetch_offset = item->offset,
		.last_fetched_epoch = item->read_epoch - 1,
		.log_start_offset = -1,
		.partition_max_bytes = item->bytes_max ? item->bytes_max : 1 << 20,
	};
	put(m, &fetch_partition, &partition);
}

/* A topic for each. */
static void put_forgotten(struct maker *m, const struct fetch_spec *spec)
{
	struct fetch_tags tags = {0};
	if (spec->version < FETCH_SESSIONS_SINCE)
		return;
	put_length(m, spec->forgotten_count);
	for (unsigned i = 0; i < spec->forgotten_count; i++) {
		const struct fetch_item *item = &spec->forgotten[i];
		struct fetch_topic topic = {.name = text(item->topic)};
		rig_topic_id(item->topic, topic.topic_id);
		put(m, &fetch_topic, &topic);
		put_length(m, 1);
		uint8_t number[4] = {(uint8_t)(item->partition >> 24),
				     (uint8_t)(item->partition >> 16),
				     (uint8_t)(item->partition >> 8), (uint8_t)item->partition};
		buffer_add(&m->bytes, number, sizeof number);
		put(m, &fetch_tags, &tags);
	}
}

struct buffer request_of(int version, int16_t acks, int32_t partition, struct buffer *give)
{
	struct produce_spec spec = {.version = version, .acks = acks, .client_id = "rig"};
	struct produce_item item = {.topic = "alpha", .partition = partition, .records = *give};
	struct buffer request = produce_make(&spec, &item, 1);
	buffer_free(give);
	return request;
}

struct buffer fetch_make(const struct fetch_spec *spec, const struct fetch_item *items,
			 unsigned count)
{
	struct maker m = make_begin(KAFKA_API_FETCH, spec->version, "rig");
	struct fetch_head head = {
		.replica_id = spec->is_follower ? 7 : -1,
		.max_wait_ms = spec->max_wait_ms,
		.min_bytes = spec->min_bytes,
		.max_bytes = spec->max_bytes ? spec->max_bytes : 50 << 20,
		.isolation_level = spec->isolation,
		.session_id = spec->session_id,
		.session_epoch = spec->session_epoch,
	};
	struct fetch_tail tail = {.rack_id = text(""), .replica_id = head.replica_id};
	struct fetch_tags tags = {0};
	unsigned topics = 0;
	for (unsigned i = 0; i < count; i++)
		topics += i == 0 || !is_same_topic(items[i].topic, items[i - 1].topic);
	put(&m, &fetch_request_head, &head);
	put_length(&m, topics);
	for (unsigned i = 0, n; i < count; i += n) {
		struct fetch_topic topic = {.name = text(items[i].topic)};
		rig_topic_id(items[i].topic, topic.topic_id);
		for (n = 1; i + n < count; n++)
			if (!is_same_topic(items[i].topic, items[i + n].topic))
				break;
		put(&m, &fetch_topic, &topic);
		put_length(&m, n);
		for (unsigned k = 0; k < n; k++)
			put_fetch_item(&m, &items[i + k]);
		put(&m, &fetch_tags, &tags);
	}
	put_forgotten(&m, spec);
	put(&m, &fetch_request_tail, &tail);
	return make_end(&m);
}

struct buffer call_make(int16_t key, int16_t version, unsigned body_bytes)
{
	struct maker m = make_begin(key, version, "rig");
	uint8_t zero[256] = {0};
	for (unsigned left = body_bytes, n; left > 0; left -= n) {
		n = left < sizeof zero ? left : sizeof zero;
		buffer_add(&m.bytes, zero, n);
	}
	return make_end(&m);
}

/* ---- answers --------------------------------------------------------------------------- */

static void take_piece(struct cursor *c, const struct kafka_message *m, int version, void *ret)
{
	alignas(max_align_t) static uint8_t memory[4096];
	struct kafka_arena arena = kafka_arena_of(memory, sizeof memory);
	cr_assert(kafka_decode(m, version, c, &arena, ret) == KAFKA_DECODED_OK, "%s", m->name);
}

static struct cursor take_header(struct bytes answer, bool is_flexible)
{
	struct cursor c = cursor_of(answer.data, answer.size);
	cr_assert(cursor_u32(&c) == RIG_CORRELATION_ID);
	if (is_flexible)
		cr_assert(cursor_u8(&c) == 0);
	return c;
}

unsigned produce_read(int version, struct bytes answer, struct produce_outcome *ret,
		      unsigned max)
{
	bool is_flexible = version >= KAFKA_FLEXIBLE_SINCE_PRODUCE;
	struct cursor c = take_header(answer, is_flexible);
	struct produce_tags tags;
	struct produce_tail tail;
	unsigned count = 0;
	int64_t topics = kafka_length_read(&c, is_flexible);
	for (int64_t t = 0; t < topics; t++) {
		struct produce_topic topic;
		take_piece(&c, &produce_topic, version, &topic);
		int64_t partitions = kafka_length_read(&c, is_flexible);
		for (int64_t p = 0; p < partitions; p++) {
			cr_assert(count < max);
			take_piece(&c, &produce_outcome, version, &ret[count++]);
		}
		take_piece(&c, &produce_tags, version, &tags);
	}
	take_piece(&c, &produce_tail, version, &tail);
	cr_assert(!c.bad && cursor_left(&c) == 0);
	return count;
}

void fetch_read(int version, struct bytes answer, struct fetch_read *ret)
{
	bool is_flexible = version >= KAFKA_FLEXIBLE_SINCE_FETCH;
	struct cursor c = take_header(answer, is_flexible);
	struct fetch_tags tags;
	memset(ret, 0, sizeof *ret);
	take_piece(&c, &fetch_answer_head, version, &ret->head);
	int64_t topics = kafka_length_read(&c, is_flexible);
	for (int64_t t = 0; t < topics; t++) {
		struct fetch_topic topic;
		take_piece(&c, &fetch_topic, version, &topic);
		int64_t partitions = kafka_length_read(&c, is_flexible);
		for (int64_t p = 0; p < partitions; p++) {
			struct fetch_part_read more, *part = &more;
			if (ret->count < array_len(ret->parts))
				part = &ret->parts[ret->count];
			ret->count++;
			part->topic = topic.name.data ? (char)topic.name.data[0]
						      : (char)topic.topic_id[15];
			take_piece(&c, &fetch_result, version, &part->result);
			int64_t size = kafka_length_read(&c, is_flexible);
			cr_assert(size >= 0, "records are never null");
			part->records.size = (size_t)size;
			part->records.data = cursor_take(&c, (size_t)size);
			take_piece(&c, &fetch_tags, version, &tags);
			ret->with_records += size > 0;
			ret->errors += part->result.error_code != 0;
			ret->unknown += part->result.high_watermark < 0;
		}
		take_piece(&c, &fetch_tags, version, &tags);
	}
	take_piece(&c, &fetch_tags, version, &tags);
	cr_assert(!c.bad && cursor_left(&c) == 0);
}

/* ---- a test's fetches ------------------------------------------------------------------ */

void fetch_send(struct peer *p, const struct fetch_spec *spec, const struct fetch_item *items,
		unsigned count)
{
	struct buffer request = fetch_make(spec, items, count);
	send_all(p, &request);
}

bool fetch_answered(struct peer *p, int version, struct fetch_read *ret)
{
	static uint8_t kept[RIG_BUFFER_BYTES];
	struct bytes answer = peer_answer(p);
	if (!answer.data)
		return false;
	cr_assert(answer.size <= sizeof kept);
	memcpy(kept, answer.data, answer.size);
	peer_answer_done(p, answer);
	fetch_read(version, (struct bytes){kept, answer.size}, ret);
	return true;
}

bool fetch_is_of_log(struct bytes records, uint32_t slot, size_t at)
{
	const struct fake_log *log = &rig->logs[slot];
	return at + records.size <= log->bytes.size &&
	       memcmp(records.data, log->bytes.data + at, records.size) == 0;
}
