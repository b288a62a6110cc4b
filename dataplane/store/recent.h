/* recent.h - the blocks that were written last, of logs that somebody reads at the end: he finds
 * them here, and the disk reads nothing.
 *
 *     a write is done ─ recent_put ─▶ [ page | page | page | ... ] ─ recent_get ─▶ a read's chunks
 *                                              ▲ hand: who gives its place next, unless it was
 *                                                read since the hand came by
 *
 * A page holds a block as it is in its file, up to where it was written; the last block of a log is
 * put again as it grows. What is here is a copy: it may go at any time.
 *
 * Core: the writer whose logs they are. Memory: mapped at creation, a page costs some when it is
 * first used. Nothing here does I/O.
 */
#ifndef PENSTOCK_RECENT_H
#define PENSTOCK_RECENT_H

#include "dataplane/base/base.h"

/* Which block: of a log, told by a number that no other log of the writer ever has; of the segment
 * that begins there; the n-th of its file. */
struct recent_key {
	uint64_t log;
	int64_t base_offset;
	uint64_t block;
};

struct recent_page;

struct recent {
	uint8_t *memory;
	struct recent_page *pages;
	uint32_t *buckets; /* the first page of each, + 1; 0: none */
	uint32_t count;
	uint32_t bucket_mask;
	uint32_t used; /* pages from there on were never taken */
	uint32_t hand;
};

/* Of so many bytes; 0: nothing is kept. -ENOMEM. A zeroed one may be given back. */
int recent_init(struct recent *r, uint64_t bytes);
void recent_fini(struct recent *r);

/* A block of DISK_BLOCK_BYTES; the page of least use gives its place. */
void recent_put(struct recent *r, const struct recent_key *key, const uint8_t *block);
/* The same if it is here already: what is in the file now is more. */
void recent_renew(struct recent *r, const struct recent_key *key, const uint8_t *block);
bool recent_has(const struct recent *r, const struct recent_key *key);
/* False: it is not here. */
bool recent_get(struct recent *r, const struct recent_key *key, uint8_t *ret_block);

#endif
