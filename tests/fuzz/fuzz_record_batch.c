/* fuzz_record_batch.c - a record batch of any bytes: three readers have to agree.
 *
 *     input: how 1 | cut 1 | batch
 *
 * `cut` says how long the chunks are that the batch lies in. What record_walk says of the chain is
 * what it says of pieces of another length; and where it says yes, the iterator of whole batches
 * finds the same number of records, and their times.
 */
#include "dataplane/wire/record/record_walk.h"
#include "tests/fuzz/fuzz.h"

enum { RIGHT_SIZE = 1, RIGHT_CRC = 2, ROOM = 4096, CUT_MAX = 200, POOLS = 6 };

static const uint32_t cuts[POOLS] = {1, 2, 7, 16, 61, CUT_MAX};

static bool walk_chain(struct bytes batch, unsigned cut, struct record_times *ret)
{
	static struct chunk_pool pools[POOLS];
	struct chunk_pool *pool = &pools[cut];
	struct chain chain = {0};
	if (pool->chunk_bytes == 0)
		require(chunk_pool_init(pool, cuts[cut], ROOM / cuts[cut] + 2) == 0);
	require(chain_append(&chain, pool, batch.data, batch.size));
	bool good = record_walk_batch(&chain, record_batch_header_of(batch.data), ret);
	chain_give(&chain);
	require(pool->in_use == 0);
	return good;
}

static bool walk_pieces(struct bytes batch, size_t cut, bool asks_offsets,
			struct record_times *ret)
{
	struct record_walk walk;
	record_walk_begin(&walk, record_batch_header_of(batch.data), asks_offsets);
	for (size_t at = RECORD_BATCH_HEADER_BYTES; at < batch.size;) {
		size_t piece = min_size(cut, batch.size - at);
		uint8_t *copy = fuzz_copy((struct bytes){batch.data + at, piece});
		bool good = record_walk_take(&walk, (struct bytes){copy, piece});
		free(copy);
		if (!good)
			return false;
		at += piece;
	}
	*ret = walk.times;
	return record_walk_is_whole(&walk);
}

/* The walk has said yes. */
static void iterate(struct bytes batch, const struct record_times *times)
{
	const struct record_batch_header *h = record_batch_header_of(batch.data);
	struct record_iterator it = record_iterate(batch.data, batch.size);
	struct record_view view;
	uint32_t count = 0;
	int64_t base = (int64_t)be64_get(h->base_timestamp);
	while (record_next(&it, &view)) {
		int64_t at = (int64_t)((uint64_t)base + (uint64_t)view.timestamp_delta);
		count++;
		require(at == RECORD_NO_TIMESTAMP ||
			(times->any && at >= times->earliest && at <= times->latest));
	}
	require(!it.at.bad && count == record_batch_count(h));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size);
	uint8_t how = fuzz_u8(&c);
	uint8_t cut = fuzz_u8(&c);
	struct bytes given = fuzz_take(&c, ROOM);
	if (given.size < RECORD_BATCH_HEADER_BYTES)
		return 0;
	uint8_t *copy = fuzz_copy(given);
	struct bytes batch = {copy, given.size};
	struct record_batch_header *h = (struct record_batch_header *)copy;
	if (how & RIGHT_SIZE)
		record_batch_set_size(h, (uint32_t)batch.size);
	if (how & RIGHT_CRC)
		record_batch_set_crc(h, record_batch_crc(h, (struct bytes){
			copy + RECORD_BATCH_HEADER_BYTES,
			batch.size - RECORD_BATCH_HEADER_BYTES}));
	record_batch_check(h, ROOM);
	record_batch_check_all(copy, batch.size);
	struct record_times by_chain = {0}, by_piece = {0};
	bool good = walk_chain(batch, cut % POOLS, &by_chain);
	require(good == walk_pieces(batch, 1 + cut % CUT_MAX, false, &by_piece));
	if (good) {
		require(by_chain.any == by_piece.any && by_chain.latest == by_piece.latest);
		require(by_chain.earliest == by_piece.earliest);
		iterate(batch, &by_chain);
	}
	walk_pieces(batch, 1 + cut % CUT_MAX, true, &by_piece);
	free(copy);
	return 0;
}
