/* test_index_search.c - entries of an index file searched block by block find what a look at
 * each of them finds. */
#include "dataplane/store/index_search.h"
#include "dataplane/base/be.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { ENTRIES_MAX = 3000, BLOCKS_MAX = ENTRIES_MAX * INDEX_TIME_ENTRY_BYTES / 4000 + 2 };

static uint8_t file[BLOCKS_MAX * INDEX_BLOCK_BYTES];

static void put_entry(bool is_by_time, unsigned i, int64_t key)
{
	if (is_by_time) {
		be64_store(file + i * INDEX_TIME_ENTRY_BYTES, (uint64_t)key);
		be32_store(file + i * INDEX_TIME_ENTRY_BYTES + 8, i);
	} else {
		be32_store(file + i * INDEX_ENTRY_BYTES, (uint32_t)key);
		be32_store(file + i * INDEX_ENTRY_BYTES + 4, i + 1);
	}
}

/* Number of the entry found, counted from 1; 0: none. `room` entries fit the file, zeroes
 * behind those there are. */
static unsigned search(bool is_by_time, int64_t key, uint32_t room)
{
	size_t size = room * (is_by_time ? INDEX_TIME_ENTRY_BYTES : INDEX_ENTRY_BYTES);
	struct index_search s = index_search_begin(is_by_time, key, size);
	for (unsigned blocks = 1; index_search_has_next(&s); blocks++) {
		uint64_t at = index_search_position(&s);
		cr_assert(at < size && blocks <= 5, "9 blocks at most: four looks decide");
		index_search_step(&s, file + at, min_size(INDEX_BLOCK_BYTES, size - at));
	}
	if (!s.is_found)
		return 0;
	return is_by_time ? (unsigned)index_time_entry_load(s.entry).offset + 1
			  : index_entry_load(s.entry).position;
}

/* Keys 10, 20, 30 ... */
static void check(bool is_by_time, unsigned count, unsigned room)
{
	memset(file, 0, sizeof file);
	for (unsigned i = 0; i < count; i++)
		put_entry(is_by_time, i, 10 * (i + 1));
	for (unsigned key = 0; key <= 10 * (count + 1); key += key < 40 ? 1 : 5) {
		unsigned at_or_below = min_u32(key / 10, count);
		unsigned below = key == 0 ? 0 : min_u32((key - 1) / 10, count);
		unsigned found = search(is_by_time, key, room);
		cr_assert(found == (is_by_time ? below : at_or_below),
			  "%u entries in a file of %u: key %u found entry %u", count, room, key,
			  found);
	}
}

static const unsigned counts[] = {0,   1,   2,   340,  341,  342,  511,
				  512, 513, 682, 1023, 1024, 1025, ENTRIES_MAX};

Test(index_search, finds_the_last_offset_at_or_below_the_key)
{
	for (unsigned i = 0; i < array_len(counts); i++)
		check(false, counts[i], counts[i]);
}

Test(index_search, finds_the_last_time_below_the_key)
{
	for (unsigned i = 0; i < array_len(counts); i++)
		check(true, counts[i], counts[i]);
}

Test(index_search, zeroes_of_a_preallocated_file_are_behind_everything)
{
	for (unsigned i = 0; i < array_len(counts); i++) {
		check(false, counts[i] / 2, ENTRIES_MAX);
		check(true, counts[i] / 2, ENTRIES_MAX);
	}
}

Test(index_search, a_file_that_ends_early_is_searched_as_far_as_it_goes)
{
	memset(file, 0, sizeof file);
	for (unsigned i = 0; i < 100; i++)
		put_entry(false, i, i);
	struct index_search s = index_search_begin(false, 1000, 100 * INDEX_ENTRY_BYTES);
	index_search_step(&s, file, 50 * INDEX_ENTRY_BYTES + 3);
	cr_assert(s.is_found && index_entry_load(s.entry).offset == 49);
	cr_assert(!index_search_has_next(&s));
	s = index_search_begin(false, 1000, 100 * INDEX_ENTRY_BYTES);
	index_search_step(&s, file, 0);
	cr_assert(!s.is_found && !index_search_has_next(&s));
}
