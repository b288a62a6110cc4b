/* test_clean_batch.c - what of a compacted log's batch stays, and what it looks like then. */
#include "dataplane/clean/clean_batch.h"
#include "dataplane/writer_open.h"
#include "dataplane/writer_pack.h"
#include "tests/unit/clean/clean_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW_MS INT64_C(1800000000000)
#define TIME_MS INT64_C(1700000000000)

enum { BASE = 1000, HOUR_MS = 3600000, PRODUCER = 77 };

static struct clean_work *work;
static struct packer *packer;
static struct opener *opener;
static struct key_map map;
static struct clean_rule rule;
static uint8_t *made;

static void begin(void)
{
	work = clean_work_create();
	packer = packer_create();
	opener = opener_create();
	cr_assert(work && packer && opener && key_map_init(&map, 1 << 20, 0.9) == 0);
	rule = (struct clean_rule){.map = &map, .map_end = INT64_MAX, .now_ms = NOW_MS,
				   .delete_retention_ms = HOUR_MS};
}

static void end(void)
{
	free(made);
	clean_work_rest(work);
	clean_work_destroy(work);
	packer_destroy(packer);
	opener_destroy(opener);
	key_map_fini(&map);
}

TestSuite(clean_batch, .init = begin, .fini = end);

static const struct rig_record four[] = {{"a", "1"}, {"b", "2"}, {"a", "3"}, {"c", "4"}};

static const uint8_t *make(struct rig_batch b)
{
	free(made);
	b.base_offset = BASE;
	b.base_time = b.base_time ? b.base_time : TIME_MS;
	made = rig_batch_make(packer, &b);
	return made;
}

/* The batch's records, opened, in one piece with its header: to be freed. */
static uint8_t *opened(struct bytes batch, size_t *ret)
{
	struct chunk chunk = {.data = (uint8_t *)(uintptr_t)batch.data,
			      .len = (uint32_t)batch.size};
	struct chain chain = {&chunk, &chunk, batch.size};
	struct bytes piece = {0};
	size_t taken;
	uint8_t *all = malloc(16 << 20);
	memcpy(all, batch.data, RECORD_BATCH_HEADER_BYTES);
	*ret = RECORD_BATCH_HEADER_BYTES;
	opener_begin(opener, record_batch_codec(record_batch_header_of(batch.data)), &chain);
	while (opener_next(opener, 4096, &piece, &taken) == OPEN_MORE) {
		memcpy(all + *ret, piece.data, piece.size);
		*ret += piece.size;
	}
	return all;
}

/* `left`: indices of the records that are to be left, -1 behind them. All that says where they
 * are, whose and of when is as it was. */
static void expect_left(struct bytes out, const struct rig_record *records, const int *left,
			int64_t latest)
{
	struct record_batch_header was, is;
	memcpy(&was, made, sizeof was);
	memcpy(&is, out.data, sizeof is);
	cr_assert(record_batch_check_all(out.data, out.size) == RECORD_BATCH_GOOD);
	cr_assert(record_batch_bytes(&is) == (int64_t)out.size);
	cr_assert(record_batch_base_offset(&is) == BASE);
	cr_assert(record_batch_last_offset(&is) == record_batch_last_offset(&was));
	cr_assert(record_batch_codec(&is) == record_batch_codec(&was));
	cr_assert(memcmp(&is.producer_id, &was.producer_id,
			 offsetof(struct record_batch_header, count) -
				 offsetof(struct record_batch_header, producer_id)) == 0);
	cr_assert(record_batch_max_timestamp(&is) == latest);
	size_t size;
	uint8_t *all = opened(out, &size);
	struct record_iterator it = record_iterate(all, size);
	struct record_view r;
	for (; record_next(&it, &r); left++) {
		cr_assert(*left >= 0 && r.offset_delta == *left);
		int64_t time = (int64_t)be64_get(is.base_timestamp) + r.timestamp_delta;
		cr_assert(time == TIME_MS + *left, "%lld", (long long)time);
		cr_assert(r.key.size == 0 ||
			  memcmp(r.key.data, records[*left].key, r.key.size) == 0);
		cr_assert(!r.value.data == !records[*left].value);
		cr_assert(!r.value.data || r.value.size == strlen(records[*left].value));
		cr_assert(r.headers.size == 5 && r.headers.data[2] == 'h');
	}
	cr_assert(*left == -1 && !it.at.bad && cursor_left(&it.at) == 0);
	free(all);
}

static void know(const char *key, int64_t offset)
{
	cr_assert(key_map_put(&map, (struct bytes){(const uint8_t *)key, strlen(key)}, offset));
}

static int64_t known(const char *key)
{
	return key_map_find(&map, (struct bytes){(const uint8_t *)key, strlen(key)});
}

static bool is_same(struct bytes out, const uint8_t *batch)
{
	return out.size == (size_t)record_batch_bytes(record_batch_header_of(batch)) &&
	       memcmp(out.data, batch, out.size) == 0;
}

Test(clean_batch, of_each_key_the_last_offset_is_known_afterwards)
{
	for (unsigned codec = 0; codec < RECORD_CODECS; codec++) {
		key_map_clear(&map);
		cr_assert(clean_batch_keys(work, make((struct rig_batch){codec, .records = four,
									 .count = 4}), &map));
		cr_assert(known("a") == BASE + 2 && known("b") == BASE + 1 &&
			  known("c") == BASE + 3 && map.count == 3, "%u", codec);
	}
}

Test(clean_batch, a_map_that_has_not_room_for_all_says_so)
{
	char keys[200][8];
	struct rig_record records[200];
	for (unsigned i = 0; i < 200; i++) {
		snprintf(keys[i], sizeof keys[i], "%u", i);
		records[i] = (struct rig_record){keys[i], "v"};
	}
	struct key_map small;
	cr_assert(key_map_init(&small, KEY_MAP_BYTES_MIN, 0.9) == 0);
	struct rig_batch b = {.records = records, .count = 200};
	cr_assert(!clean_batch_keys(work, make(b), &small));
	b.count = 100;
	key_map_clear(&small);
	cr_assert(clean_batch_keys(work, make(b), &small) && small.count == 100);
	key_map_fini(&small);
}

Test(clean_batch, a_batch_of_last_records_is_byte_for_byte_what_it_was)
{
	struct bytes out;
	for (unsigned codec = 0; codec < RECORD_CODECS; codec++) {
		make((struct rig_batch){codec, .records = four + 1, .count = 3});
		key_map_clear(&map);
		clean_batch_keys(work, made, &map);
		cr_assert(clean_batch(work, &rule, made, false, &out) == CLEAN_KEPT &&
			  is_same(out, made));
		/* Of what the map does not know nothing is known. */
		key_map_clear(&map);
		cr_assert(clean_batch(work, &rule, made, false, &out) == CLEAN_KEPT);
	}
}

Test(clean_batch, records_that_come_again_later_go_and_the_others_stay_where_they_are)
{
	struct bytes out;
	for (unsigned codec = 0; codec < RECORD_CODECS; codec++) {
		make((struct rig_batch){codec, .records = four, .count = 4,
					.producer_id = PRODUCER});
		key_map_clear(&map);
		clean_batch_keys(work, made, &map);
		cr_assert(clean_batch(work, &rule, made, false, &out) == CLEAN_REWRITTEN);
		expect_left(out, four, (int[]){1, 2, 3, -1}, TIME_MS + 3);
		know("c", BASE + 4);
		know("a", BASE + 900);
		cr_assert(clean_batch(work, &rule, made, false, &out) == CLEAN_REWRITTEN);
		expect_left(out, four, (int[]){1, -1}, TIME_MS + 1);
	}
}

Test(clean_batch, a_record_longer_than_a_piece_is_copied_whole)
{
	char *large = malloc(300001);
	memset(large, 'x', 300000);
	large[300000] = '\0';
	struct rig_record records[] = {{"a", "1"}, {"b", large}, {"a", "2"}};
	struct bytes out;
	for (unsigned codec = 0; codec < RECORD_CODECS; codec++) {
		make((struct rig_batch){codec, .records = records, .count = 3});
		key_map_clear(&map);
		clean_batch_keys(work, made, &map);
		cr_assert(clean_batch(work, &rule, made, false, &out) == CLEAN_REWRITTEN);
		expect_left(out, records, (int[]){1, 2, -1}, TIME_MS + 2);
	}
	free(large);
}

Test(clean_batch, one_without_records_left_goes_or_is_a_header_where_it_is_needed)
{
	struct bytes out;
	make((struct rig_batch){RECORD_CODEC_ZSTD, .records = four, .count = 4,
				.producer_id = PRODUCER});
	know("a", 5000);
	know("b", 5001);
	know("c", 5002);
	cr_assert(clean_batch(work, &rule, made, false, &out) == CLEAN_GONE && out.size == 0);
	cr_assert(clean_batch(work, &rule, made, true, &out) == CLEAN_EMPTIED);
	const struct record_batch_header *was = record_batch_header_of(made);
	struct record_batch_header is;
	cr_assert(out.size == sizeof is);
	memcpy(&is, out.data, sizeof is);
	cr_assert(record_batch_check_all(&is, sizeof is) == RECORD_BATCH_GOOD);
	cr_assert(record_batch_count(&is) == 0 && record_batch_codec(&is) == RECORD_CODEC_NONE);
	cr_assert(record_batch_base_offset(&is) == BASE &&
		  record_batch_last_offset(&is) == BASE + 3);
	cr_assert(be64_get(is.producer_id) == PRODUCER && be32_get(is.base_sequence) == 4711);
	cr_assert((int64_t)be64_get(is.base_timestamp) == -1 &&
		  record_batch_max_timestamp(&is) == record_batch_max_timestamp(was));
	/* In the next round it stays or goes as it is. */
	struct bytes again;
	cr_assert(clean_batch(work, &rule, &is, true, &again) == CLEAN_KEPT &&
		  again.size == sizeof is);
	cr_assert(clean_batch(work, &rule, &is, false, &again) == CLEAN_GONE);
}

Test(clean_batch, a_tombstone_stays_until_its_time_which_is_written_down_when_it_is_met)
{
	static const struct rig_record records[] = {{"a", "1"}, {"b", NULL}, {"c", "3"}};
	struct bytes out;
	for (unsigned codec = 0; codec < RECORD_CODECS; codec++) {
		make((struct rig_batch){codec, .records = records, .count = 3});
		key_map_clear(&map);
		clean_batch_keys(work, made, &map);
		rule.now_ms = NOW_MS;
		cr_assert(clean_batch(work, &rule, made, false, &out) == CLEAN_REWRITTEN);
		expect_left(out, records, (int[]){0, 1, 2, -1}, TIME_MS + 2);
		uint8_t *met = malloc(out.size);
		memcpy(met, out.data, out.size);
		cr_assert(clean_horizon(record_batch_header_of(met)) == NOW_MS + HOUR_MS);
		rule.now_ms = NOW_MS + HOUR_MS - 1;
		cr_assert(clean_batch(work, &rule, met, false, &out) == CLEAN_KEPT &&
			  is_same(out, met));
		rule.now_ms = NOW_MS + HOUR_MS;
		cr_assert(clean_batch(work, &rule, met, false, &out) == CLEAN_REWRITTEN);
		expect_left(out, records, (int[]){0, 2, -1}, TIME_MS + 2);
		cr_assert(clean_horizon(record_batch_header_of(out.data)) == NOW_MS + HOUR_MS);
		/* One that comes again later goes at once. */
		rule.now_ms = NOW_MS;
		know("b", BASE + 50);
		cr_assert(clean_batch(work, &rule, met, false, &out) == CLEAN_REWRITTEN);
		expect_left(out, records, (int[]){0, 2, -1}, TIME_MS + 2);
		free(met);
	}
}

Test(clean_batch, what_lies_behind_the_map_stays_and_its_tombstones_were_not_met)
{
	static const struct rig_record records[] = {
		{"a", "1"}, {"a", NULL}, {"a", "2"}, {NULL, "x"}};
	struct bytes out;
	make((struct rig_batch){.records = records, .count = 4});
	know("a", BASE + 2);
	rule.map_end = BASE + 1;
	cr_assert(clean_batch(work, &rule, made, false, &out) == CLEAN_REWRITTEN);
	expect_left(out, (struct rig_record[]){{0}, {"a", NULL}, {"a", "2"}, {"", "x"}},
		    (int[]){1, 2, 3, -1}, TIME_MS + 3);
	cr_assert(clean_horizon(record_batch_header_of(out.data)) == CLEAN_NO_HORIZON);
	rule.map_end = BASE;
	cr_assert(clean_batch(work, &rule, made, false, &out) == CLEAN_KEPT);
}

Test(clean_batch, a_record_without_a_key_goes)
{
	static const struct rig_record records[] = {{NULL, "1"}, {"", "2"}};
	struct bytes out;
	make((struct rig_batch){RECORD_CODEC_LZ4, .records = records, .count = 2});
	clean_batch_keys(work, made, &map);
	cr_assert(map.count == 1, "an empty key is one");
	cr_assert(clean_batch(work, &rule, made, false, &out) == CLEAN_REWRITTEN);
	expect_left(out, records, (int[]){1, -1}, TIME_MS + 1);
}

Test(clean_batch, what_transactions_wrote_stays_and_takes_nothing_away)
{
	struct bytes out;
	const unsigned kinds[] = {RECORD_BATCH_TRANSACTIONAL,
				  RECORD_BATCH_TRANSACTIONAL | RECORD_BATCH_CONTROL};
	for (unsigned i = 0; i < array_len(kinds); i++) {
		make((struct rig_batch){.records = four, .count = 4, .attributes = kinds[i],
					.producer_id = PRODUCER});
		cr_assert(clean_batch_keys(work, made, &map) && map.count == 0);
		know("a", 5000);
		cr_assert(clean_batch(work, &rule, made, false, &out) == CLEAN_KEPT &&
			  is_same(out, made));
		key_map_clear(&map);
	}
}

Test(clean_batch, the_time_of_an_append_stays_that_of_its_records)
{
	struct bytes out;
	make((struct rig_batch){RECORD_CODEC_GZIP, .records = four, .count = 4,
				.attributes = RECORD_BATCH_LOG_APPEND_TIME});
	clean_batch_keys(work, made, &map);
	know("c", 5000);
	cr_assert(clean_batch(work, &rule, made, false, &out) == CLEAN_REWRITTEN);
	expect_left(out, four, (int[]){1, 2, -1}, TIME_MS + 3);
	cr_assert(be16_get(record_batch_header_of(out.data)->attributes) &
		  RECORD_BATCH_LOG_APPEND_TIME);
}

Test(clean_batch, one_that_cannot_be_opened_stays_and_takes_nothing_away)
{
	struct bytes out;
	for (unsigned codec = 1; codec < RECORD_CODECS; codec++) {
		make((struct rig_batch){codec, .records = four, .count = 4});
		struct record_batch_header *h = (struct record_batch_header *)made;
		memset(made + sizeof *h, 0x5a, (size_t)record_batch_bytes(h) - sizeof *h);
		cr_assert(clean_batch_keys(work, made, &map) && map.count == 0);
		know("a", 5000);
		cr_assert(clean_batch(work, &rule, made, false, &out) == CLEAN_KEPT &&
			  is_same(out, made));
		key_map_clear(&map);
	}
	/* Its header counts more records than there are. */
	make((struct rig_batch){.records = four, .count = 4});
	((struct record_batch_header *)made)->count = be32_of(5);
	cr_assert(clean_batch_keys(work, made, &map) && map.count == 0);
}
