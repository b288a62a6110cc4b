/* index_search.c - blocks of an index file in, the last entry before the key out; see
 * index_search.h. */
#include "dataplane/store/index_search.h"
#include "dataplane/base/require.h"
#include "dataplane/store/files.h"

static size_t entry_bytes(const struct index_search *s)
{
	return s->is_by_time ? INDEX_TIME_ENTRY_BYTES : INDEX_ENTRY_BYTES;
}

/* Time entries do not fill a disk's block: the search's blocks are whole entries, each a
 * little shorter than what is read. */
static size_t block_entries(const struct index_search *s)
{
	return INDEX_BLOCK_BYTES / entry_bytes(s);
}

static uint64_t middle(const struct index_search *s)
{
	return s->low + (s->high - s->low) / 2;
}

struct index_search index_search_begin(bool is_by_time, int64_t key, uint64_t file_bytes)
{
	struct index_search s = {.is_by_time = is_by_time, .key = key};
	s.entries = file_bytes / entry_bytes(&s);
	s.high = (s.entries + block_entries(&s) - 1) / block_entries(&s);
	return s;
}

bool index_search_has_next(const struct index_search *s)
{
	return s->low < s->high;
}

uint64_t index_search_position(const struct index_search *s)
{
	return middle(s) * block_entries(s) * entry_bytes(s);
}

/* Zeroes of a preallocated file are none: no entry names a segment's first batch, or the time
 * 0. */
static bool is_entry(const struct index_search *s, const uint8_t *at)
{
	return s->is_by_time ? index_time_entry_load(at).timestamp > 0
			     : index_entry_load(at).position > 0;
}

/* True of the entries up to the one wanted, false behind it, and of what is none. */
static bool is_not_behind(const struct index_search *s, const uint8_t *at)
{
	if (!is_entry(s, at))
		return false;
	return s->is_by_time ? index_time_entry_load(at).timestamp < s->key
			     : index_entry_load(at).offset <= s->key;
}

/* How many of the first entries of a block are not behind the key. */
static size_t count_not_behind(const struct index_search *s, const uint8_t *block,
			       size_t entries)
{
	size_t low = 0, high = entries;
	while (low < high) {
		size_t at = low + (high - low) / 2;
		if (is_not_behind(s, block + at * entry_bytes(s)))
			low = at + 1;
		else
			high = at;
	}
	return low;
}

void index_search_step(struct index_search *s, const uint8_t *block, size_t bytes)
{
	uint64_t here = middle(s);
	require(here < s->high && bytes <= INDEX_BLOCK_BYTES);
	size_t expected = min_u64(s->entries - here * block_entries(s), block_entries(s));
	size_t there = min_size(bytes / entry_bytes(s), expected);
	size_t found = count_not_behind(s, block, there);
	if (found < there && is_entry(s, block + found * entry_bytes(s))) {
		s->has_behind = true;
		memcpy(s->behind, block + found * entry_bytes(s), entry_bytes(s));
	}
	if (found > 0) {
		s->is_found = true;
		memcpy(s->entry, block + (found - 1) * entry_bytes(s), entry_bytes(s));
	}
	if (found == 0)
		s->high = here;
	else if (found == expected)
		s->low = here + 1;
	else
		s->low = s->high;
}

int index_search_run(struct index_search *s, struct disk *d, int fd)
{
	uint8_t block[INDEX_BLOCK_BYTES];
	while (index_search_has_next(s)) {
		int64_t n = file_read_some(d, fd, block, sizeof block, index_search_position(s));
		if (n < 0)
			return (int)n;
		index_search_step(s, block, (size_t)n);
	}
	return s->is_found;
}
