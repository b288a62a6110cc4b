/* fuzz_kafka.c - a Kafka client of any bytes at a poller, with logs and control behind it.
 *
 *     input: cut 1 | request ...       a request: kind 1 | size 2 | that many bytes
 *
 * A kind is raw bytes; a request of any API in any version that is served, its header right and its
 * body raw; or a Produce whose batch is raw but for its CRC and size, which no fuzzer guesses. They
 * come in pieces of `cut` bytes, and the writers' fakes check what they are given. At the end
 * (kafka_rig.c) every pool is whole again and both ledgers balance.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/kafka/kafka_rig.h"

enum { RAW, FRAMED, PRODUCE, FETCH, KINDS };
enum { SESSIONS = 3 };
enum { REQUESTS_MAX = 16, REQUEST_BYTES_MAX = 4096, LATE_MS = 2 * RIG_TIMEOUT_MS };

static struct buffer raw_of(struct cursor *c, size_t size)
{
	struct buffer b = {0};
	struct bytes given = fuzz_take(c, size);
	buffer_add(&b, given.data, given.size);
	return b;
}

/* Every row and version of kafka_apis.def, one after the other. */
static const struct kafka_api_row *row_of(unsigned number, int16_t *ret_version)
{
	for (;;)
		for (unsigned i = 0; i < KAFKA_API_ROWS; i++) {
			const struct kafka_api_row *row = &kafka_api_rows[i];
			unsigned versions = (unsigned)(row->version_max - row->version_min) + 1;
			*ret_version = (int16_t)(row->version_min + (int)number);
			if (number < versions)
				return row;
			number -= versions;
		}
}

static struct buffer framed_of(struct cursor *c, size_t size)
{
	int16_t version;
	const struct kafka_api_row *row = row_of(fuzz_u8(c), &version);
	struct buffer b = call_make(row->key, version, 0);
	struct bytes body = fuzz_take(c, size);
	buffer_add(&b, body.data, body.size);
	kafka_size_store(b.data, b.size);
	return b;
}

static struct buffer batch_of(struct cursor *c, size_t size)
{
	uint8_t right = fuzz_u8(c);
	struct buffer b = raw_of(c, size);
	if (b.size < RECORD_BATCH_HEADER_BYTES)
		return b;
	if (right & 1)
		record_batch_set_size((void *)b.data, (uint32_t)b.size);
	if (right & 2)
		batch_seal(&b);
	return b;
}

static struct buffer produce_of(struct cursor *c, size_t size)
{
	static const int16_t acks[] = {-1, 0, 1, 2};
	uint8_t how = fuzz_u8(c), where = fuzz_u8(c);
	struct produce_spec spec = {.version = 3 + how % 11, .acks = acks[how / 11 % 4]};
	struct produce_item items[2] = {
		{where & 8 ? "nobody" : "alpha", where % 5, batch_of(c, size / 2), where & 16},
		{"beta", where / 32, batch_of(c, size / 2), false},
	};
	struct buffer b = produce_make(&spec, items, 1 + (how >> 7));
	buffer_free(&items[0].records);
	buffer_free(&items[1].records);
	return b;
}

static struct buffer fetch_of(struct cursor *c)
{
	struct fetch_spec spec = {.version = 4 + fuzz_u8(c) % 15,
				  .max_wait_ms = (int32_t)fuzz_u16(c),
				  .min_bytes = (int32_t)fuzz_u8(c),
				  .max_bytes = (int32_t)fuzz_u16(c),
				  .session_epoch = (int32_t)fuzz_u8(c) - 1};
	struct fetch_item items[3];
	for (unsigned i = 0; i < array_len(items); i++) {
		uint8_t where = fuzz_u8(c);
		items[i] = (struct fetch_item){where & 8 ? "beta" : "alpha", where % 5,
					       (int64_t)fuzz_u8(c) - 2, (int32_t)fuzz_u8(c),
					       where / 16 % 4 - 1, where / 64};
	}
	/* Of a session that there is, or was; in a request of none the epoch is as it came. */
	uint8_t how = fuzz_u8(c);
	spec.session_id = rig->sessions.places[how / 4 % SESSIONS].id;
	if (spec.session_id && how & 64)
		spec.session_epoch = rig->sessions.places[how / 4 % SESSIONS].epoch;
	spec.forgotten = items;
	spec.forgotten_count = how / 16 % 4;
	unsigned count = how % 4 == 3 ? 0 : 1 + how % 4;
	return fetch_make(&spec, items, count);
}

static struct buffer request_next(struct cursor *c)
{
	uint8_t kind = fuzz_u8(c) % KINDS;
	size_t size = fuzz_u16(c) % REQUEST_BYTES_MAX;
	switch (kind) {
	case FRAMED: return framed_of(c, size);
	case PRODUCE: return produce_of(c, size);
	case FETCH: return fetch_of(c);
	default: return raw_of(c, size);
	}
}

static void send_pieces(struct buffer *give, size_t cut)
{
	for (size_t at = 0; at < give->size && !peer->is_closed;) {
		size_t piece = min_size(cut, give->size - at);
		peer_send(peer, give->data + at, piece);
		at += piece;
		rig_turn(rig, 1);
	}
	buffer_free(give);
}

/* Whatever was asked, what comes is whole answers. */
static void take_answers(void)
{
	for (struct bytes answer; (answer = peer_answer(peer)).data;)
		peer_answer_done(peer, answer);
	require(peer->sent.size == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size);
	size_t cut = 1 + fuzz_u8(&c) * 8u;
	rig_begin();
	rig_have_sessions(rig, SESSIONS);
	rig_store(rig, 0, 3, 100);
	for (unsigned i = 0; i < REQUESTS_MAX && !fuzz_is_over(&c) && !peer->is_closed; i++) {
		struct buffer b = request_next(&c);
		send_pieces(&b, cut);
		take_answers();
	}
	rig_turns(rig, 4);
	if (!peer->is_closed && size % 2)
		peer_end(peer);
	rig_turn(rig, LATE_MS);
	rig_turns(rig, 4);
	take_answers();
	rig_end();
	return 0;
}
