/* test_writer_inspect.c - what is true passes as it came, every lie is refused, and nobody waits
 * longer than a turn for more than a turn's work. */
#include "dataplane/writer_inspect.h"
#include "dataplane/base/clock.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/writer_open.h"
#include "perf/record_deflate.h"
#include "tests/unit/dataplane/inspect_rig.h"
#include "tests/unit/dataplane/slow_gzip.h"

#include <criterion/criterion.h>
#include <lz4frame.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNKS = 8192, TURNS_MAX = 100000 };

static struct inspector *inspector;
static struct chunk_pool pool;
static struct stats stats;

static void begin(void)
{
	inspector = inspector_create(&stats);
	cr_assert(inspector && chunk_pool_init(&pool, CHUNK_BYTES, CHUNKS) == 0);
}

static void end(void)
{
	inspector_destroy(inspector);
	chunk_pool_fini(&pool);
}

/* Nobody waits, and all was freed. */
static void expect_nothing_left(void)
{
	cr_assert(inspector_is_idle(inspector) && pool.in_use == 0);
}

TestSuite(writer_inspect, .init = begin, .fini = end);

/* How many turns it takes until the next is through. */
static unsigned turns_until(struct append_msg **ret)
{
	unsigned turns = 0;
	while (!(*ret = inspector_next(inspector))) {
		cr_assert(inspector_turn(inspector, false) && turns < TURNS_MAX);
		turns++;
	}
	return turns;
}

static int16_t inspect(struct append_msg *a)
{
	struct append_msg *done;
	cr_assert(inspector_take(inspector, a));
	turns_until(&done);
	cr_assert(done == a);
	return a->error;
}

/* Makes, inspects, frees. */
static int16_t verdict_of(const struct batch_spec *s)
{
	struct append_msg *a = append_make(&pool, s, 0);
	int16_t error = inspect(a);
	append_free(a);
	return error;
}

/* The stream of a batch's records, to be freed. */
static uint8_t *stream_of(const struct batch_spec *s, size_t *ret_size)
{
	size_t size;
	uint8_t *batch = batch_records(s, &size);
	struct bytes records = {batch + RECORD_BATCH_HEADER_BYTES,
				size - RECORD_BATCH_HEADER_BYTES};
	uint8_t *stream = batch_stream(s->codec, records, ret_size);
	free(batch);
	return stream;
}

static struct bytes bytes_of(const struct append_msg *a)
{
	uint8_t *copy = malloc(a->bytes.size);
	chain_copy_out(&a->bytes, 0, copy, a->bytes.size);
	return (struct bytes){copy, a->bytes.size};
}

Test(writer_inspect, what_is_true_passes_byte_for_byte)
{
	static const struct batch_spec shapes[] = {
		{.records = 1, .value_bytes = 0},
		{.records = 1, .value_bytes = 300000, .noise = 255},
		{.records = 163, .value_bytes = 100, .noise = 64},
		{.records = 20000, .value_bytes = 9, .noise = 200},
		{.records = 50, .value_bytes = 70000, .noise = 30},
	};
	for (unsigned codec = 1; codec < RECORD_CODECS; codec++)
		for (unsigned i = 0; i < array_len(shapes); i++) {
			struct batch_spec s = shapes[i];
			s.codec = (enum record_codec)codec;
			s.base_time = 5000;
			struct append_msg *a = append_make(&pool, &s, i);
			struct bytes before = bytes_of(a);
			cr_assert(inspect(a) == 0, "codec %u, shape %u", codec, i);
			struct bytes after = bytes_of(a);
			cr_assert(a->found == s.records && before.size == after.size);
			cr_assert(memcmp(before.data, after.data, before.size) == 0);
			free((void *)before.data);
			free((void *)after.data);
			append_free(a);
		}
}

Test(writer_inspect, where_keys_are_asked_for_each_record_has_to_have_one)
{
	for (unsigned codec = 1; codec < RECORD_CODECS; codec++)
		for (unsigned asks = 0; asks < 2; asks++)
			for (unsigned keyed = 99; keyed <= 100; keyed++) {
				struct batch_spec s = {.codec = (enum record_codec)codec,
						       .records = 100, .value_bytes = 2000,
						       .noise = 90, .base_time = 5000,
						       .keyed = keyed};
				struct append_msg *a = append_make(&pool, &s, 0);
				a->asks_keys = asks;
				int16_t expected =
					asks && keyed < 100 ? KAFKA_ERROR_INVALID_RECORD : 0;
				cr_assert(inspect(a) == expected, "codec %u, %u", codec, keyed);
				append_free(a);
			}
}

Test(writer_inspect, the_latest_time_is_what_the_records_say)
{
	for (unsigned codec = 1; codec < RECORD_CODECS; codec++) {
		struct batch_spec s = {.codec = (enum record_codec)codec, .records = 10,
				       .value_bytes = 50, .base_time = 5000,
				       .claimed_time = codec % 2 ? -1 : (int64_t)1 << 62};
		struct append_msg *a = append_make(&pool, &s, 0);
		struct record_batch_header h;
		cr_assert(inspect(a) == 0);
		chain_copy_out(&a->bytes, 0, &h, sizeof h);
		cr_assert(record_batch_max_timestamp(&h) == 5009 && append_is_whole(a));
		append_free(a);
	}
}

Test(writer_inspect, every_records_time_is_held_against_the_bounds)
{
	struct batch_spec s = {.codec = RECORD_CODEC_ZSTD, .records = 10, .value_bytes = 50,
			       .base_time = 5000};
	static const struct {
		int64_t min, max;
		int16_t error;
	} cases[] = {{5000, 5009, 0},
		     {5001, 5009, KAFKA_ERROR_INVALID_TIMESTAMP},
		     {5000, 5008, KAFKA_ERROR_INVALID_TIMESTAMP}};
	for (unsigned i = 0; i < array_len(cases); i++) {
		struct append_msg *a = append_make(&pool, &s, 0);
		a->time_min = cases[i].min;
		a->time_max = cases[i].max;
		cr_assert(inspect(a) == cases[i].error);
		append_free(a);
	}
}

Test(writer_inspect, a_header_that_counts_wrong_is_refused)
{
	for (unsigned codec = 1; codec < RECORD_CODECS; codec++) {
		struct batch_spec s = {.codec = (enum record_codec)codec, .records = 10,
				       .value_bytes = 50, .base_time = 1};
		static const uint32_t claims[] = {1, 9, 11, 1000000, INT32_MAX};
		for (unsigned i = 0; i < array_len(claims); i++) {
			s.claimed_count = claims[i];
			struct append_msg *a = append_make(&pool, &s, 0);
			cr_assert(inspect(a) == KAFKA_ERROR_INVALID_RECORD, "claims %u", claims[i]);
			cr_assert(a->found == 0 && a->records == 1, "one in the ledger");
			append_free(a);
		}
		s.claimed_count = 0;
		s.offset_step = 2;
		cr_assert(verdict_of(&s) == KAFKA_ERROR_INVALID_RECORD, "offsets with holes");
	}
}

/* Garbage; a stream that is cut anywhere; one with a byte behind it. */
Test(writer_inspect, what_is_no_stream_of_its_codec_is_refused)
{
	for (unsigned codec = 1; codec < RECORD_CODECS; codec++) {
		struct batch_spec s = {.codec = (enum record_codec)codec, .records = 20,
				       .value_bytes = 50, .noise = 128, .base_time = 1};
		size_t whole;
		uint8_t *stream = stream_of(&s, &whole);
		uint8_t *longer = calloc(1, whole + 1);
		memcpy(longer, stream, whole);
		for (size_t cut = 0; cut <= whole + 1; cut++) {
			struct append_msg *a =
				append_of_stream(&pool, &s, (struct bytes){longer, cut}, 0);
			cr_assert((inspect(a) == 0) == (cut == whole), "codec %u: %zu of %zu",
				  codec, cut, whole);
			append_free(a);
		}
		for (size_t i = 0; i < whole; i++)
			longer[i] = (uint8_t)(i * 37 + 11);
		struct append_msg *a =
			append_of_stream(&pool, &s, (struct bytes){longer, whole}, 0);
		cr_assert(inspect(a) == KAFKA_ERROR_INVALID_RECORD);
		append_free(a);
		free(longer);
		free(stream);
	}
}

/* Whatever bit is wrong: no harm, and never more records than there are. */
Test(writer_inspect, any_flipped_bit_is_opened_without_harm)
{
	for (unsigned codec = 1; codec < RECORD_CODECS; codec++) {
		struct batch_spec s = {.codec = (enum record_codec)codec, .records = 30,
				       .value_bytes = 40, .noise = 60, .base_time = 1};
		size_t whole;
		uint8_t *stream = stream_of(&s, &whole);
		for (size_t bit = 0; bit < 8 * whole; bit++) {
			stream[bit / 8] ^= (uint8_t)(1u << bit % 8);
			struct append_msg *a =
				append_of_stream(&pool, &s, (struct bytes){stream, whole}, 0);
			int16_t error = inspect(a);
			cr_assert(a->found == (error ? 0 : s.records));
			append_free(a);
			stream[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		free(stream);
	}
}

/* snappy-java's framing, as Java's producer writes it. */
Test(writer_inspect, snappy_has_two_framings)
{
	struct batch_spec s = {.codec = RECORD_CODEC_SNAPPY, .records = 3000, .value_bytes = 90,
			       .noise = 40, .base_time = 1};
	size_t size;
	uint8_t *batch = batch_records(&s, &size);
	struct bytes records = {batch + RECORD_BATCH_HEADER_BYTES,
				size - RECORD_BATCH_HEADER_BYTES};
	uint8_t *stream = malloc(record_deflate_room(records.size));
	size_t whole = record_deflate(RECORD_CODEC_SNAPPY, records, stream);
	for (size_t less = 0; less < 4; less++) {
		struct append_msg *a =
			append_of_stream(&pool, &s, (struct bytes){stream, whole - less}, 0);
		cr_assert((inspect(a) == 0) == (less == 0));
		append_free(a);
	}
	free(stream);
	free(batch);
}

/* Java's consumers would not read it. */
Test(writer_inspect, lz4_blocks_that_lean_on_others_are_refused)
{
	struct batch_spec s = {.codec = RECORD_CODEC_LZ4, .records = 100, .value_bytes = 900,
			       .base_time = 1};
	LZ4F_preferences_t linked = {.frameInfo = {.blockMode = LZ4F_blockLinked}};
	size_t size;
	uint8_t *batch = batch_records(&s, &size), *stream = malloc(size + 4096);
	size_t whole = LZ4F_compressFrame(stream, size + 4096, batch + RECORD_BATCH_HEADER_BYTES,
					  size - RECORD_BATCH_HEADER_BYTES, &linked);
	struct append_msg *a = append_of_stream(&pool, &s, (struct bytes){stream, whole}, 0);
	cr_assert(inspect(a) == KAFKA_ERROR_INVALID_RECORD);
	append_free(a);
	free(stream);
	free(batch);
}

/* ---- bombs and turns -------------------------------------------------------------------- */

/* One record of zeroes, beyond what a batch of its size may open to; each as dense as its codec. */
Test(writer_inspect, a_bomb_is_refused_before_it_has_gone_off)
{
	enum { BOMB_BYTES = 48 << 20 };
	for (unsigned codec = 1; codec < RECORD_CODECS; codec++) {
		struct batch_spec s = {.codec = (enum record_codec)codec, .records = 1,
				       .value_bytes = BOMB_BYTES, .base_time = 1};
		uint64_t opened = stats.value[STAT_batches_opened_bytes];
		uint64_t refused = stats.value[STAT_batches_too_dense];
		struct append_msg *a = append_make(&pool, &s, 0), *done;
		uint64_t most = record_batch_open_bytes_max(a->bytes.size);
		cr_assert(inspector_take(inspector, a));
		unsigned turns = turns_until(&done);
		opened = stats.value[STAT_batches_opened_bytes] - opened;
		cr_assert(a->error == KAFKA_ERROR_MESSAGE_TOO_LARGE, "codec %u: %d", codec,
			  a->error);
		cr_assert(stats.value[STAT_batches_too_dense] == refused + 1);
		cr_assert(opened <= most + OPEN_PIECE_BYTES);
		cr_assert(turns + 1 >= opened / (INSPECT_COST_PER_TURN + OPEN_PIECE_BYTES));
		append_free(a);
	}
}

Test(writer_inspect, repetitive_telemetry_is_no_bomb)
{
	for (unsigned codec = 1; codec < RECORD_CODECS; codec++) {
		struct batch_spec s = {.codec = (enum record_codec)codec, .records = 9000,
				       .value_bytes = 400, .noise = 0, .base_time = 1};
		cr_assert(verdict_of(&s) == 0, "3.6 MB of it, with codec %u", codec);
	}
}

Test(writer_inspect, a_turn_does_no_more_than_its_share)
{
	for (unsigned codec = 1; codec < RECORD_CODECS; codec++) {
		struct batch_spec s = {.codec = (enum record_codec)codec, .records = 10000,
				       .value_bytes = 300, .noise = 60, .base_time = 1};
		struct append_msg *a = append_make(&pool, &s, 0), *done = NULL;
		uint64_t before = stats.value[STAT_batches_opened_bytes];
		cr_assert(inspector_take(inspector, a));
		while (!(done = inspector_next(inspector))) {
			inspector_turn(inspector, false);
			uint64_t now = stats.value[STAT_batches_opened_bytes];
			cr_assert(now - before <= INSPECT_COST_PER_TURN + OPEN_PIECE_BYTES);
			before = now;
		}
		cr_assert(a->error == 0);
		append_free(a);
	}
}

/* Long, and opens to nothing: blocks of gzip that hold no byte. */
Test(writer_inspect, a_stream_of_nothing_is_paid_by_what_goes_in)
{
	enum { STREAM_BYTES = 1 << 20 };
	static const uint8_t gzip_header[10] = {0x1f, 0x8b, 8};
	struct batch_spec s = {.codec = RECORD_CODEC_GZIP, .records = 1, .base_time = 1};
	uint8_t *stream = calloc(1, STREAM_BYTES);
	memcpy(stream, gzip_header, sizeof gzip_header);
	for (size_t at = sizeof gzip_header; at + 5 <= STREAM_BYTES; at += 5)
		memcpy(stream + at, "\0\0\0\xff\xff", 5); /* stored, not the last, no bytes */
	struct append_msg *a =
		append_of_stream(&pool, &s, (struct bytes){stream, STREAM_BYTES}, 0), *done;
	cr_assert(inspector_take(inspector, a));
	cr_assert(turns_until(&done) + 1 >=
		  (uint64_t)STREAM_BYTES * INSPECT_COST_OF_IN /
			  (INSPECT_COST_PER_TURN + INSPECT_COST_OF_IN * CHUNK_BYTES));
	cr_assert(a->error == KAFKA_ERROR_INVALID_RECORD);
	append_free(a);
	free(stream);
}

/* ---- time and memory -------------------------------------------------------------------- */

static int by_size(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return (a > b) - (a < b);
}

/* Cheap by its bytes, dear by its time: turns are short all the same. Most of them: one may be
 * interrupted, and the first pieces are as large as a quick stream's. How many turns its time takes
 * is the machine's, the turns that its bytes would take are a constant, and far fewer. */
Test(writer_inspect, a_slow_stream_is_paid_by_its_time)
{
	enum {
		STREAM_BYTES = 256 << 10,
		TURNS_OF_BYTES = STREAM_BYTES * INSPECT_COST_OF_IN / INSPECT_COST_PER_TURN,
	};
	struct batch_spec s = {.codec = RECORD_CODEC_GZIP, .records = 1, .base_time = 1};
	static uint64_t took[TURNS_MAX];
	uint8_t *stream = malloc(STREAM_BYTES);
	size_t size = slow_gzip(stream, STREAM_BYTES);
	struct append_msg *a = append_of_stream(&pool, &s, (struct bytes){stream, size}, 0);
	unsigned turns = 0;
	cr_assert(inspector_take(inspector, a));
	for (; !inspector_next(inspector); turns++) {
		took[turns] = clock_cycles();
		inspector_turn(inspector, true);
		took[turns] = clock_cycles() - took[turns];
	}
	cr_assert(a->error == KAFKA_ERROR_INVALID_RECORD && stats.value[STAT_batches_opened] == 1);
	qsort(took, turns, sizeof took[0], by_size);
	uint64_t most = took[turns * 3 / 4];
	cr_assert(most <= INSPECT_CYCLES_PER_BUSY_TURN + 2 * INSPECT_CYCLES_PER_PIECE,
		  "%u turns of %lu cycles", turns, (unsigned long)most);
	cr_assert(turns > 4 * TURNS_OF_BYTES, "%u turns", turns);
	append_free(a);
	free(stream);
	expect_nothing_left();
}

/* What of the process is in memory. */
static size_t resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	cr_assert(f && fscanf(f, "%*u %lu", &pages) == 1);
	fclose(f);
	return pages * 4096;
}

/* Of noise, so that it may open to as much as it does. */
static void inspect_large(enum record_codec codec)
{
	struct batch_spec s = {.codec = codec, .records = 1, .value_bytes = 20 << 20,
			       .noise = 255, .base_time = 1};
	int16_t error = verdict_of(&s);
	cr_assert(error == 0, "%u: %d", codec, error);
}

Test(writer_inspect, memory_of_large_batches_is_given_back_when_nobody_comes)
{
	inspect_large(RECORD_CODEC_SNAPPY);
	inspect_large(RECORD_CODEC_ZSTD);
	size_t most = resident_bytes();
	cr_assert(!inspector_turn(inspector, false), "not at once");
	usleep(INSPECT_REST_NS / NS_PER_US);
	cr_assert(!inspector_turn(inspector, true), "nor while the core has work");
	unsigned turns = 0;
	while (inspector_turn(inspector, false))
		turns++;
	size_t now = resident_bytes();
	cr_assert(turns > 10 && now + (20 << 20) < most, "%zu of %zu bytes, %u turns", now, most,
		  turns);
	inspect_large(RECORD_CODEC_SNAPPY);
	inspect_large(RECORD_CODEC_ZSTD);
	expect_nothing_left();
}

/* ---- who waits for whom ----------------------------------------------------------------- */

static struct append_msg *plain(uint32_t slot)
{
	struct batch_spec s = {.records = 1, .value_bytes = 10, .base_time = 1};
	return append_make(&pool, &s, slot);
}

static struct append_msg *packed(uint32_t slot, unsigned records)
{
	struct batch_spec s = {.codec = RECORD_CODEC_ZSTD, .records = records,
			       .value_bytes = 1000, .noise = 100, .base_time = 1};
	return append_make(&pool, &s, slot);
}

Test(writer_inspect, only_those_behind_it_in_its_partition_wait)
{
	struct append_msg *first = packed(5, 1000), *second = plain(5), *third = packed(5, 1);
	struct append_msg *other = plain(6);
	cr_assert(inspector_take(inspector, first) && inspector_take(inspector, second) &&
		  inspector_take(inspector, third));
	cr_assert(!inspector_take(inspector, other));
	struct append_msg *const order[] = {first, second, third};
	for (unsigned i = 0; i < array_len(order); i++) {
		struct append_msg *done;
		turns_until(&done);
		cr_assert(done == order[i] && done->error == 0);
		append_free(done);
	}
	cr_assert(!inspector_take(inspector, other), "nobody is left to wait behind");
	append_free(other);
}

static struct append_msg *by(struct append_msg *a, uint64_t source, uint64_t connection)
{
	a->source = source;
	a->connection = connection;
	return a;
}

static void expect_next(const struct append_msg *a)
{
	struct append_msg *done;
	turns_until(&done);
	cr_assert(done == a && done->error == 0);
	append_free(done);
}

/* No connection's batches overtake each other in a partition; another's do. */
Test(writer_inspect, what_others_send_to_the_partition_passes)
{
	struct append_msg *first = by(packed(5, 1000), 1, 1), *second = by(plain(5), 1, 1);
	struct append_msg *other = by(plain(5), 1, 2), *elsewhere = by(plain(6), 1, 1);
	cr_assert(inspector_take(inspector, first) && inspector_take(inspector, second));
	cr_assert(!inspector_take(inspector, other) && !inspector_take(inspector, elsewhere));
	expect_next(first);
	expect_next(second);
	append_free(other);
	append_free(elsewhere);
	expect_nothing_left();
}

/* Tiny, and opens to nearly all that it may. */
static struct append_msg *heavy(uint32_t slot)
{
	struct batch_spec s = {.codec = RECORD_CODEC_ZSTD, .records = 1,
			       .value_bytes = RECORD_BATCH_OPEN_BYTES_FREE - 1000, .base_time = 1};
	return append_make(&pool, &s, slot);
}

/* A source with many heavy batches, in many partitions, has no more of the opener than one with
 * light ones: those are through when it has had two of its own. */
Test(writer_inspect, sources_share_by_cost)
{
	enum { HEAVY = 24, LIGHT = 40 };
	unsigned heavy_done = 0, light_done = 0, before_light = 0;
	for (unsigned k = 0; k < HEAVY; k++)
		cr_assert(inspector_take(inspector, by(heavy(k), 1, k)));
	for (unsigned k = 0; k < LIGHT; k++)
		cr_assert(inspector_take(inspector, by(packed(k, 20), 2, 100)));
	while (heavy_done < HEAVY || light_done < LIGHT) {
		struct append_msg *done;
		turns_until(&done);
		cr_assert(done->error == 0);
		if (done->source == 1)
			heavy_done++;
		else if (++light_done == LIGHT)
			before_light = heavy_done;
		append_free(done);
	}
	cr_assert(before_light <= 2, "%u heavy ones went before", before_light);
	expect_nothing_left();
}

/* What is slow to open costs its source the time that it took, however few bytes it is. */
Test(writer_inspect, sources_share_by_time)
{
	enum { SLOW = 4, LIGHT = 40, STREAM_BYTES = 256 << 10 };
	struct batch_spec s = {.codec = RECORD_CODEC_GZIP, .records = 1, .base_time = 1};
	uint8_t *stream = malloc(STREAM_BYTES);
	struct bytes slow = {stream, slow_gzip(stream, STREAM_BYTES)};
	for (unsigned k = 0; k < SLOW; k++)
		cr_assert(inspector_take(inspector,
					 by(append_of_stream(&pool, &s, slow, k), 1, k)));
	for (unsigned k = 0; k < LIGHT; k++)
		cr_assert(inspector_take(inspector, by(packed(k, 20), 2, 100)));
	unsigned slow_done = 0, light_done = 0, before_light = 0;
	while (slow_done < SLOW || light_done < LIGHT) {
		struct append_msg *done;
		turns_until(&done);
		if (done->source == 1)
			slow_done++;
		else if (++light_done == LIGHT)
			before_light = slow_done;
		append_free(done);
	}
	cr_assert(before_light <= 1, "%u slow ones went before", before_light);
	free(stream);
	expect_nothing_left();
}

/* The same of one source's connections and partitions: many in one place do not hold those beside
 * it. */
Test(writer_inspect, lines_of_a_source_share_by_cost)
{
	enum { HEAVY = 8, LIGHT = 20 };
	for (unsigned k = 0; k < HEAVY; k++)
		cr_assert(inspector_take(inspector, by(heavy(1), 1, 1)));
	for (unsigned k = 0; k < LIGHT; k++)
		cr_assert(inspector_take(inspector, by(packed(2, 20), 1, 2)));
	unsigned heavy_done = 0;
	for (unsigned light_done = 0; light_done < LIGHT;) {
		struct append_msg *done;
		turns_until(&done);
		heavy_done += done->connection == 1;
		light_done += done->connection == 2;
		append_free(done);
	}
	cr_assert(heavy_done <= 2, "%u heavy ones went before", heavy_done);
	for (; heavy_done < HEAVY; heavy_done++) {
		struct append_msg *done;
		turns_until(&done);
		append_free(done);
	}
	expect_nothing_left();
}

/* A partition with much to open has one batch, then it is the other's turn. */
Test(writer_inspect, partitions_take_turns)
{
	enum { MANY = 8 };
	struct append_msg *done, *few;
	for (unsigned i = 0; i < MANY; i++)
		cr_assert(inspector_take(inspector, packed(5, 500)));
	few = packed(9, 1);
	cr_assert(inspector_take(inspector, few));
	turns_until(&done);
	cr_assert(done->partition.slot == 5);
	append_free(done);
	turns_until(&done);
	cr_assert(done == few);
	append_free(few);
	for (unsigned i = 1; i < MANY; i++) {
		turns_until(&done);
		append_free(done);
	}
}
