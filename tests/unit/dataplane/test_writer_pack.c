/* test_writer_pack.c - batches of any codec stored in any other: the same records, a true header,
 * and what came goes back. */
#include "dataplane/writer_pack.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/writer_inspect.h"
#include "dataplane/writer_open.h"
#include "tests/unit/dataplane/inspect_rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { CHUNKS = 16384, TURNS_MAX = 200000, RECORDS_BYTES_MAX = 4 << 20 };

static struct inspector *inspector;
static struct opener *opener;
static struct chunk_pool pool;
static struct stats stats;

static void begin(void)
{
	inspector = inspector_create(&stats);
	opener = opener_create();
	cr_assert(inspector && opener && chunk_pool_init(&pool, CHUNK_BYTES, CHUNKS) == 0);
}

static void end(void)
{
	cr_assert(inspector_is_idle(inspector) && pool.in_use == 0);
	inspector_destroy(inspector);
	opener_destroy(opener);
	chunk_pool_fini(&pool);
}

TestSuite(writer_pack, .init = begin, .fini = end);

static struct append_msg *send(const struct batch_spec *s, enum record_codec wants)
{
	struct append_msg *a = append_make(&pool, s, 0);
	a->is_repacked = true;
	a->wants = wants;
	cr_assert(inspector_take(inspector, a));
	return a;
}

/* Null: it waits. */
static struct append_msg *next_done(unsigned turns)
{
	struct append_msg *done = NULL;
	while (turns-- > 0 && !(done = inspector_next(inspector)))
		inspector_turn(inspector, false);
	return done;
}

/* The records of a batch, as they are before compression; to be freed. */
static uint8_t *opened(const struct chain *batch, size_t *ret_size)
{
	struct record_batch_header h;
	struct bytes piece = {0};
	size_t taken, size = 0;
	uint8_t *all = malloc(RECORDS_BYTES_MAX);
	chain_copy_out(batch, 0, &h, sizeof h);
	opener_begin(opener, (enum record_codec)record_batch_codec(&h), batch);
	enum open_state s;
	while ((s = opener_next(opener, CHUNK_BYTES, &piece, &taken)) == OPEN_MORE) {
		cr_assert(size + piece.size <= RECORDS_BYTES_MAX);
		memcpy(all + size, piece.data, piece.size);
		size += piece.size;
	}
	cr_assert(s == OPEN_END);
	*ret_size = size;
	return all;
}

/* The header as it was, but for what the new bytes ask for. */
static void expect_same_header(const struct append_msg *a, enum record_codec wants)
{
	struct record_batch_header before, after;
	chain_copy_out(&a->lent, 0, &before, sizeof before);
	chain_copy_out(&a->bytes, 0, &after, sizeof after);
	cr_assert(record_batch_codec(&after) == wants && append_is_whole(a));
	cr_assert(record_batch_bytes(&after) == (int64_t)a->bytes.size);
	after.length = before.length;
	after.crc = before.crc;
	after.attributes = before.attributes;
	cr_assert(memcmp(&before, &after, sizeof before) == 0);
}

static void check(const struct batch_spec *s, enum record_codec wants)
{
	struct append_msg *a = send(s, wants);
	size_t came = a->bytes.size, size, expected;
	uint8_t *records = batch_records(s, &expected);
	cr_assert(next_done(TURNS_MAX) == a && a->error == KAFKA_ERROR_NONE);
	cr_assert(a->found == s->records);
	expect_same_header(a, wants);
	uint8_t *all = opened(&a->bytes, &size);
	cr_assert(size == expected - RECORD_BATCH_HEADER_BYTES);
	cr_assert(memcmp(all, records + RECORD_BATCH_HEADER_BYTES, size) == 0);
	inspector_restore(a);
	cr_assert(a->bytes.size == came && append_is_whole(a));
	append_free(a);
	free(all);
	free(records);
}

Test(writer_pack, every_codec_becomes_every_other)
{
	static const struct batch_spec shapes[] = {
		{.records = 1, .value_bytes = 0},
		{.records = 163, .value_bytes = 100, .noise = 64},
		{.records = 20000, .value_bytes = 9, .noise = 200},
		{.records = 40, .value_bytes = 70000, .noise = 30},
	};
	for (unsigned from = 0; from < RECORD_CODECS; from++)
		for (unsigned to = 0; to < RECORD_CODECS; to++)
			for (unsigned i = 0; i < array_len(shapes) && from != to; i++) {
				struct batch_spec s = shapes[i];
				s.codec = (enum record_codec)from;
				s.base_time = 5000;
				check(&s, (enum record_codec)to);
			}
}

/* More of it, one after the other, than there is memory for. */
Test(writer_pack, what_was_stored_is_given_back)
{
	struct batch_spec s = {.codec = RECORD_CODEC_ZSTD, .records = 40, .value_bytes = 50000,
			       .noise = 30, .base_time = 1};
	for (unsigned i = 0; i < 2 * PACK_BYTES / (40 * 50000) + 1; i++)
		check(&s, RECORD_CODEC_NONE);
}

Test(writer_pack, who_finds_no_room_waits_until_a_log_gives_some_back)
{
	enum { BATCHES = 10 };
	struct batch_spec s = {.codec = RECORD_CODEC_ZSTD, .records = 80, .value_bytes = 50000,
			       .noise = 30, .base_time = 1};
	struct append_msg *sent[BATCHES], *done[BATCHES];
	unsigned through = 0, back = 0;
	for (unsigned i = 0; i < BATCHES; i++)
		sent[i] = send(&s, RECORD_CODEC_NONE);
	while ((done[through] = next_done(2000)))
		through++;
	cr_assert(through > 2 && through < BATCHES, "%u", through);
	for (; back < BATCHES; back++) {
		cr_assert(done[back] == sent[back] && done[back]->error == KAFKA_ERROR_NONE);
		inspector_restore(done[back]);
		append_free(done[back]);
		if (through < BATCHES) {
			done[through] = next_done(TURNS_MAX);
			cr_assert(done[through++] != NULL);
		}
	}
}

/* What it would be stored as lies beyond what one batch may have. */
Test(writer_pack, a_batch_that_becomes_too_long_is_refused)
{
	struct batch_spec s = {.codec = RECORD_CODEC_LZ4, .records = 350, .value_bytes = 50000,
			       .noise = 128, .base_time = 1};
	struct append_msg *a = send(&s, RECORD_CODEC_NONE);
	cr_assert(next_done(TURNS_MAX) == a);
	cr_assert(a->error == KAFKA_ERROR_MESSAGE_TOO_LARGE && chain_is_empty(&a->lent));
	append_free(a);
}

Test(writer_pack, what_is_no_stream_is_refused_and_leaves_nothing)
{
	for (unsigned codec = 1; codec < RECORD_CODECS; codec++) {
		struct batch_spec s = {.codec = (enum record_codec)codec, .records = 20,
				       .value_bytes = 5000, .noise = 128, .base_time = 1,
				       .claimed_count = 21};
		struct append_msg *a = send(&s, RECORD_CODEC_NONE);
		cr_assert(next_done(TURNS_MAX) == a && a->error == KAFKA_ERROR_INVALID_RECORD);
		cr_assert(chain_is_empty(&a->lent));
		append_free(a);
	}
}

/* Where Kafka reads no offsets of the records it reads, neither are they asked for here. */
Test(writer_pack, an_uncompressed_batch_is_not_asked_for_its_offsets)
{
	struct batch_spec s = {.records = 20, .value_bytes = 50, .offset_step = 2,
			       .base_time = 1};
	struct append_msg *a = send(&s, RECORD_CODEC_GZIP);
	cr_assert(next_done(TURNS_MAX) == a && a->error == KAFKA_ERROR_NONE);
	inspector_restore(a);
	append_free(a);
}
