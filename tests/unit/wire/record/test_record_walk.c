/* test_record_walk.c - records over chunk boundaries of every kind; every byte broken. */
#include "dataplane/wire/record/record_walk.h"

#include <criterion/criterion.h>

enum { ROOM = 2048 };

static uint8_t batch[ROOM];
static size_t batch_size;

static struct record_batch_header *header(void)
{
	return (struct record_batch_header *)batch;
}

/* A record with two headers, one value null: encoded by hand. */
static const uint8_t with_headers[] = {
	36, 0, 20, 2, 2, 'k', 4, 'v', 'w', 4, 2, 'a', 4, 'x', 'y', 6, 'b', 'c', 'd'};

/* The bytes above and one more header part: "bcd" -> null. */
static void build(void)
{
	struct record_view first = {.timestamp_delta = 5, .value = {(const uint8_t *)"hello", 5}};
	struct record_view last = {.timestamp_delta = -7, .offset_delta = 2};
	struct emitter e = emitter_of(batch + RECORD_BATCH_HEADER_BYTES,
				      ROOM - RECORD_BATCH_HEADER_BYTES);
	record_batch_build(header(), 3, 1000, 1010);
	record_emit(&e, &first);
	emit_bytes(&e, with_headers, sizeof with_headers);
	emit_u8(&e, 1); /* null */
	batch[RECORD_BATCH_HEADER_BYTES + record_bytes(&first)] = 2 * sizeof with_headers;
	record_emit(&e, &last);
	cr_assert(!e.bad);
	batch_size = RECORD_BATCH_HEADER_BYTES + emitter_size(&e);
}

TestSuite(record_walk, .init = build);

/* The batch in chunks of `chunk_bytes`. */
static bool walk(uint32_t chunk_bytes, size_t size, struct record_times *times)
{
	struct chunk_pool pool;
	struct chain c = {0};
	cr_assert(chunk_pool_init(&pool, chunk_bytes, ROOM / chunk_bytes + 2) == 0);
	cr_assert(chain_append(&c, &pool, batch, size));
	bool good = record_walk_batch(&c, header(), times);
	chain_give(&c);
	chunk_pool_fini(&pool);
	return good;
}

Test(record_walk, good_records_are_good_in_chunks_of_any_size)
{
	for (uint32_t chunk = 1; chunk < 200; chunk++) {
		struct record_times times;
		cr_assert(walk(chunk, batch_size, &times), "chunks of %u", chunk);
		cr_assert(times.any && times.earliest == 993 && times.latest == 1010);
	}
}

Test(record_walk, a_byte_more_or_less_is_seen)
{
	struct record_times times;
	cr_assert(!walk(64, batch_size + 1, &times));
	for (size_t size = RECORD_BATCH_HEADER_BYTES; size < batch_size; size++)
		cr_assert(!walk(64, size, &times), "%zu bytes", size);
}

Test(record_walk, more_or_fewer_records_are_seen)
{
	struct record_times times;
	header()->count = be32_of(4);
	cr_assert(!walk(64, batch_size, &times));
	header()->count = be32_of(2);
	cr_assert(!walk(64, batch_size, &times));
	header()->count = be32_of(UINT32_MAX);
	cr_assert(!walk(64, batch_size, &times));
}

Test(record_walk, records_without_a_time_have_no_bounds)
{
	struct record_view r = {.timestamp_delta = 0};
	struct emitter e = emitter_of(batch + RECORD_BATCH_HEADER_BYTES,
				      ROOM - RECORD_BATCH_HEADER_BYTES);
	struct record_times times;
	record_batch_build(header(), 1, RECORD_NO_TIMESTAMP, RECORD_NO_TIMESTAMP);
	record_emit(&e, &r);
	batch_size = RECORD_BATCH_HEADER_BYTES + emitter_size(&e);
	cr_assert(walk(64, batch_size, &times) && !times.any);
}

/* Sizes, counts and the null rules, one wrong at a time. */
Test(record_walk, sizes_that_cannot_be_are_seen)
{
	struct record_times times;
	size_t first = RECORD_BATCH_HEADER_BYTES;
	const struct {
		size_t at;
		uint8_t value;
	} wrong[] = {
		{0, 3},     /* record size -2 */
		{0, 0x7e},  /* record size beyond the batch */
		{0, 20},    /* record size one less */
		{4, 3},     /* key size -2 */
		{4, 0x7e},  /* key beyond the batch */
		{5, 3},     /* value size -2 */
		{11, 1},    /* header count -1 */
		{11, 0x7e}, /* headers beyond the batch */
	};
	for (unsigned i = 0; i < array_len(wrong); i++) {
		uint8_t kept = batch[first + wrong[i].at];
		batch[first + wrong[i].at] = wrong[i].value;
		cr_assert(!walk(16, batch_size, &times), "case %u", i);
		batch[first + wrong[i].at] = kept;
	}
	cr_assert(walk(16, batch_size, &times));
}

/* The batch is this record alone, at any time and offset. */
static void build_one(const uint8_t *record, size_t size)
{
	record_batch_build(header(), 1, 1000, 1000);
	memcpy(batch + RECORD_BATCH_HEADER_BYTES, record, size);
	batch_size = RECORD_BATCH_HEADER_BYTES + size;
}

/* The rest of the record is as it has to be, so that nothing else is wrong; the largest chunks
 * have it in one piece. */
Test(record_walk, a_header_without_a_key_is_wrong)
{
	uint8_t record[] = {16, 0, 0, 0, 1, 1, 2, 0 /* the key's size */, 1};
	struct record_times times;
	for (uint32_t chunk = 1; chunk <= 256; chunk *= 2) {
		record[7] = 0; /* empty */
		build_one(record, sizeof record);
		cr_assert(walk(chunk, batch_size, &times), "chunks of %u", chunk);
		record[7] = 1; /* null */
		build_one(record, sizeof record);
		cr_assert(!walk(chunk, batch_size, &times), "chunks of %u", chunk);
	}
}

/* All fields have been read by then: what is missing are bytes that would be passed over. */
Test(record_walk, a_batch_that_ends_in_its_last_headers_value_is_not_whole)
{
	static const uint8_t record[] = {26, 0, 0, 0, 1, 1, 2, 2, 'k', 8, 'v', 'w', 'x', 'y'};
	struct record_times times;
	build_one(record, sizeof record);
	for (uint32_t chunk = 1; chunk <= 256; chunk *= 2) {
		cr_assert(walk(chunk, batch_size, &times), "chunks of %u", chunk);
		for (size_t missing = 1; missing <= 4; missing++)
			cr_assert(!walk(chunk, batch_size - missing, &times),
				  "chunks of %u, %zu bytes missing", chunk, missing);
	}
}

Test(record_walk, a_size_that_begins_behind_the_last_record_is_seen)
{
	struct record_times times;
	batch[batch_size] = 0x80; /* and does not end */
	cr_assert(!walk(64, batch_size + 1, &times));
	cr_assert(!walk(256, batch_size + 1, &times));
}

Test(record_walk, any_flipped_byte_is_walked_without_harm)
{
	struct record_times times;
	for (size_t at = RECORD_BATCH_HEADER_BYTES; at < batch_size; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			batch[at] ^= (uint8_t)(1u << bit);
			walk(7, batch_size, &times);
			batch[at] ^= (uint8_t)(1u << bit);
		}
}

/* Three records; those whose bit is set have a key, and not an empty one each time. */
Test(record_walk, the_first_record_without_a_key_is_found_in_chunks_of_any_size)
{
	for (unsigned with = 0; with < 8; with++)
		for (uint32_t chunk_bytes = 1; chunk_bytes < 90; chunk_bytes++) {
			struct chunk_pool pool;
			struct chain c = {0};
			struct emitter e = emitter_of(batch + RECORD_BATCH_HEADER_BYTES,
						      ROOM - RECORD_BATCH_HEADER_BYTES);
			uint32_t found;
			record_batch_build(header(), 3, 1000, 1000);
			for (int32_t i = 0; i < 3; i++) {
				struct record_view v = {.offset_delta = i,
							.value = {(const uint8_t *)"value", 5}};
				if (with & 1u << i)
					v.key = (struct bytes){(const uint8_t *)"key", (size_t)i};
				record_emit(&e, &v);
			}
			cr_assert(chunk_pool_init(&pool, chunk_bytes, ROOM / chunk_bytes + 2) == 0);
			cr_assert(chain_append(&c, &pool, batch,
					       RECORD_BATCH_HEADER_BYTES + emitter_size(&e)));
			bool any = record_walk_find_keyless(&c, header(), &found);
			uint32_t first = (uint32_t)__builtin_ctz(~with);
			cr_assert(any == (with != 7) && (!any || found == first));
			chain_give(&c);
			chunk_pool_fini(&pool);
		}
}
