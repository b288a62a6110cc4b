/* test_record_batch.c - batches built, checked, read back; every header fault named. */
#include "dataplane/wire/record/record_batch.h"
#include "dataplane/base/crc32c.h"

#include <criterion/criterion.h>

enum { ROOM = 4096 };

static uint8_t batch[ROOM];
static size_t batch_size;

static struct bytes span(const char *text)
{
	return (struct bytes){.data = (const uint8_t *)text, .size = strlen(text)};
}

static struct record_batch_header *header(void)
{
	return (struct record_batch_header *)batch;
}

static void seal(void)
{
	record_batch_set_size(header(), (uint32_t)batch_size);
	record_batch_set_crc(header(), crc32c(batch + RECORD_BATCH_CRC_FROM,
					      batch_size - RECORD_BATCH_CRC_FROM));
}

/* Three records: key and value, null key, both null. */
static void build(void)
{
	const struct record_view records[] = {
		{.timestamp_delta = 0, .key = span("VIN"), .value = span("hello")},
		{.timestamp_delta = -3, .offset_delta = 1, .value = span("")},
		{.timestamp_delta = 900000000000, .offset_delta = 2},
	};
	record_batch_build(header(), 3, 1000, 900000001000);
	struct emitter e = emitter_of(batch + RECORD_BATCH_HEADER_BYTES,
				      ROOM - RECORD_BATCH_HEADER_BYTES);
	for (unsigned i = 0; i < 3; i++) {
		size_t before = emitter_size(&e);
		record_emit(&e, &records[i]);
		cr_assert(emitter_size(&e) - before == record_bytes(&records[i]));
	}
	cr_assert(!e.bad);
	batch_size = RECORD_BATCH_HEADER_BYTES + emitter_size(&e);
	seal();
}

TestSuite(record_batch, .init = build);

Test(record_batch, what_is_built_is_good_and_reads_back)
{
	cr_assert(record_batch_check_all(batch, batch_size) == RECORD_BATCH_GOOD);
	cr_assert(record_batch_bytes(header()) == (int64_t)batch_size);
	cr_assert(record_batch_count(header()) == 3);
	struct record_iterator it = record_iterate(batch, batch_size);
	struct record_view r;
	cr_assert(record_next(&it, &r) && r.key.size == 3 && r.value.size == 5);
	cr_assert(memcmp(r.value.data, "hello", 5) == 0);
	cr_assert(record_next(&it, &r) && !r.key.data && r.value.data && !r.value.size);
	cr_assert(r.timestamp_delta == -3 && r.offset_delta == 1);
	cr_assert(record_next(&it, &r) && !r.key.data && !r.value.data);
	cr_assert(r.timestamp_delta == 900000000000);
	cr_assert(!record_next(&it, &r) && !it.at.bad && cursor_left(&it.at) == 0);
}

Test(record_batch, a_placed_batch_keeps_its_crc)
{
	record_batch_place(header(), 1ll << 40, 7);
	cr_assert(record_batch_check_all(batch, batch_size) == RECORD_BATCH_GOOD);
	cr_assert(record_batch_base_offset(header()) == 1ll << 40);
	cr_assert(record_batch_last_offset(header()) == (1ll << 40) + 2);
}

Test(record_batch, a_codec_set_in_place_leaves_the_other_attributes)
{
	header()->attributes = be16_of(RECORD_BATCH_LOG_APPEND_TIME | RECORD_CODEC_GZIP);
	record_batch_set_codec(header(), RECORD_CODEC_ZSTD);
	cr_assert(record_batch_codec(header()) == RECORD_CODEC_ZSTD);
	cr_assert(be16_get(header()->attributes) & RECORD_BATCH_LOG_APPEND_TIME);
}

Test(record_batch, crc_in_two_parts_is_the_crc_of_the_whole)
{
	struct bytes rest = {batch + RECORD_BATCH_HEADER_BYTES,
			     batch_size - RECORD_BATCH_HEADER_BYTES};
	cr_assert(record_batch_crc(header(), rest) == be32_get(header()->crc));
}

Test(record_batch, every_flipped_bit_under_the_crc_is_found)
{
	for (size_t i = RECORD_BATCH_CRC_FROM; i < batch_size; i++) {
		batch[i] ^= 1;
		cr_assert(record_batch_check_all(batch, batch_size) == RECORD_BATCH_BAD_CRC);
		batch[i] ^= 1;
	}
}

Test(record_batch, a_length_below_the_header_or_beyond_the_room_is_a_bad_size)
{
	const uint32_t lengths[] = {0, 48, 0x80000000, 0xffffffff, 0x7fffffff};
	for (unsigned i = 0; i < array_len(lengths); i++) {
		header()->length = be32_of(lengths[i]);
		cr_assert(record_batch_check(header(), ROOM) == RECORD_BATCH_BAD_SIZE);
		cr_assert(record_batch_check_all(batch, ROOM) == RECORD_BATCH_BAD_SIZE);
	}
	cr_assert(record_batch_check_all(batch, 60) == RECORD_BATCH_BAD_SIZE);
}

Test(record_batch, other_magic_counts_and_codecs_have_their_verdict)
{
	header()->magic = 1;
	cr_assert(record_batch_check(header(), ROOM) == RECORD_BATCH_BAD_MAGIC);
	header()->magic = 2;
	header()->count = be32_of(4);
	cr_assert(record_batch_check(header(), ROOM) == RECORD_BATCH_BAD_COUNT);
	header()->count = be32_of(2); /* Kafka's cleaner was there */
	cr_assert(record_batch_check(header(), ROOM) == RECORD_BATCH_GOOD);
	cr_assert(!record_batch_is_dense(header()));
	header()->count = be32_of(0);
	cr_assert(record_batch_check(header(), ROOM) == RECORD_BATCH_GOOD);
	header()->last_offset_delta = be32_of(0xffffffff);
	cr_assert(record_batch_check(header(), ROOM) == RECORD_BATCH_BAD_COUNT);
	build();
	header()->attributes = be16_of(5);
	cr_assert(record_batch_check(header(), ROOM) == RECORD_BATCH_BAD_CODEC);
}

Test(record_batch, more_records_than_bytes_or_trailing_bytes_are_seen)
{
	struct record_view r;
	header()->count = be32_of(4);
	struct record_iterator more = record_iterate(batch, batch_size);
	while (record_next(&more, &r))
		;
	cr_assert(more.at.bad);
	header()->count = be32_of(2);
	struct record_iterator fewer = record_iterate(batch, batch_size);
	while (record_next(&fewer, &r))
		;
	cr_assert(!fewer.at.bad && cursor_left(&fewer.at) > 0);
}

Test(record_batch, a_batch_cut_anywhere_never_reads_past_its_end)
{
	for (size_t size = RECORD_BATCH_HEADER_BYTES; size < batch_size; size++) {
		uint8_t cut[ROOM];
		memcpy(cut, batch, size);
		struct record_iterator it = record_iterate(cut, size);
		struct record_view r;
		unsigned n = 0;
		while (record_next(&it, &r))
			n++;
		cr_assert(n < 3 && it.at.bad);
	}
}
