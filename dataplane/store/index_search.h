/* index_search.h - the one search of index files: by halves, a block at a time.
 *
 *     .index      an offset  ─▶ the last entry at or below it
 *     .timeindex  a time     ─▶ the last entry below it
 *
 * Whoever searches reads the blocks, and may do something else meanwhile:
 *
 *     s = index_search_begin(...);
 *     while (index_search_has_next(&s))
 *             index_search_step(&s, block, what was read at index_search_position(&s));
 *
 * Zeroes behind the entries, which a preallocated file has, are none; nor is what a file that
 * became shorter no longer has.
 *
 * Core: any; index_search_run() blocks, nothing else does I/O.
 */
#ifndef PENSTOCK_INDEX_SEARCH_H
#define PENSTOCK_INDEX_SEARCH_H

#include "config/bounds.h"
#include "dataplane/store/disk/disk.h"
#include "dataplane/store/index.h"

enum { INDEX_BLOCK_BYTES = DISK_BLOCK_BYTES };

struct index_search {
	bool is_by_time; /* of a .timeindex */
	int64_t key;
	uint64_t entries; /* of the file, at most */
	uint64_t low;     /* blocks still in question: [low, high) */
	uint64_t high;
	bool is_found;
	uint8_t entry[INDEX_TIME_ENTRY_BYTES]; /* as it lies in the file */
	/* The first entry that is not: for an offset, the first above it. */
	bool has_behind;
	uint8_t behind[INDEX_TIME_ENTRY_BYTES];
};

/* `key`: a time, or an offset relative to the segment's base. Half an entry is none. */
struct index_search index_search_begin(bool is_by_time, int64_t key, uint64_t file_bytes);
/* Is there another block to look at? */
bool index_search_has_next(const struct index_search *s);
/* Where it begins in the file. */
uint64_t index_search_position(const struct index_search *s);
/* Looks at it: `bytes` of it could be read, INDEX_BLOCK_BYTES at most. */
void index_search_step(struct index_search *s, const uint8_t *block, size_t bytes);

/* The whole search, for those who may wait: 1 and the entry in `s`, 0 where there is none, or
 * -errno. */
int index_search_run(struct index_search *s, struct disk *d, int fd);

#endif
