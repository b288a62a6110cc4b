/* fuzz_clean_batch.c - a batch of any bytes in a compacted log: what is left of it.
 *
 *     input: how 1 | reach 1 | batch
 *
 * Its size and CRC are put right: whoever cleans has looked at them. Its own keys are in the map,
 * which knows all of it or, of `reach`, some offsets. What is left is a batch of the same offsets
 * and producer, of as many records at most, and holds as many as it counts; the next round leaves
 * it as it is.
 */
#include "dataplane/clean/clean_batch.h"
#include "tests/fuzz/fuzz.h"

#define NOW_MS INT64_C(1800000000000)

enum { IS_NEEDED = 1, ROOM = 4096, MAP_BYTES = 1 << 16, HOUR_MS = 3600000 };

static struct clean_work *work;
static struct key_map map;

static bool is_good(struct bytes b)
{
	return record_batch_check_all(b.data, b.size) == RECORD_BATCH_GOOD;
}

static void make_good(uint8_t *batch, size_t size)
{
	struct record_batch_header *h = (struct record_batch_header *)batch;
	record_batch_set_size(h, (uint32_t)size);
	record_batch_set_crc(h, record_batch_crc(h, (struct bytes){batch + sizeof *h,
								   size - sizeof *h}));
}

/* Who counts offsets, or sequences, sees no difference. */
static void check_left(const struct record_batch_header *was, struct bytes left)
{
	const struct record_batch_header *is = record_batch_header_of(left.data);
	require(is_good(left) && record_batch_bytes(is) == (int64_t)left.size);
	require(record_batch_base_offset(is) == record_batch_base_offset(was));
	require(record_batch_last_offset(is) == record_batch_last_offset(was));
	require(memcmp(&is->producer_id, &was->producer_id,
		       offsetof(struct record_batch_header, count) -
			       offsetof(struct record_batch_header, producer_id)) == 0);
	require(record_batch_count(is) <= record_batch_count(was));
}

static void check_again(const struct clean_rule *rule, bool is_needed, const uint8_t *left)
{
	struct bytes again;
	bool is_empty = record_batch_count(record_batch_header_of(left)) == 0;
	enum clean_fate fate = clean_batch(work, rule, left, is_needed, &again);
	require(fate == (is_empty && !is_needed ? CLEAN_GONE : CLEAN_KEPT));
}

/* One that does not hold the records that it counts has no keys (clean_batch.h); one that all of
 * the map was held against has no record without. */
static void check_records(const uint8_t *left)
{
	key_map_clear(&map);
	require(clean_batch_keys(work, left, &map));
	require((map.count > 0) == (record_batch_count(record_batch_header_of(left)) > 0));
}

static void clean(uint8_t how, uint8_t reach, const uint8_t *batch)
{
	const struct record_batch_header *h = record_batch_header_of(batch);
	struct clean_rule rule = {
		.map = &map,
		.map_end = reach ? record_batch_base_offset(h) + reach - 1 : INT64_MAX,
		.now_ms = NOW_MS,
		.delete_retention_ms = HOUR_MS,
	};
	struct bytes left;
	bool is_needed = how & IS_NEEDED;
	clean_batch_keys(work, batch, &map);
	enum clean_fate fate = clean_batch(work, &rule, batch, is_needed, &left);
	require((fate == CLEAN_GONE) == (left.size == 0) && !(is_needed && fate == CLEAN_GONE));
	if (fate == CLEAN_KEPT)
		require(left.data == batch);
	if (left.size == 0)
		return;
	check_left(h, left);
	/* One that cannot be opened, or does not fit, stays as it is whatever is in it. */
	if (fate == CLEAN_KEPT)
		return;
	uint8_t *copy = fuzz_copy(left);
	check_again(&rule, is_needed, copy);
	if (!reach)
		check_records(copy);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size);
	uint8_t how = fuzz_u8(&c);
	uint8_t reach = fuzz_u8(&c);
	struct bytes given = fuzz_take(&c, ROOM);
	if (given.size < RECORD_BATCH_HEADER_BYTES)
		return 0;
	uint8_t *batch = fuzz_copy(given);
	make_good(batch, given.size);
	work = clean_work_create();
	require(work && key_map_init(&map, MAP_BYTES, 0.9) == 0);
	if (is_good((struct bytes){batch, given.size}))
		clean(how, reach, batch);
	key_map_fini(&map);
	clean_work_destroy(work);
	free(batch);
	return 0;
}
