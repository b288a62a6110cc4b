/* index.h - the two sparse indexes of the active segment, in memory and as Kafka writes them.
 *
 *     .index      8 bytes: last offset of a batch - base offset 4 | its position 4
 *     .timeindex 12 bytes: largest timestamp so far 8 | last offset of its batch - base 4
 *
 * An entry is made for the batch that comes after more than index.interval.bytes without one.
 * Time entries strictly increase; a last one is made when the segment is sealed. The newest
 * entries are kept: they answer lookups near the end, and wait here to be written.
 *
 *     [ ... in the file ... | written, still kept | to be written ]
 *                           ◀── INDEX_TAIL_ENTRIES ──────────────▶
 *
 * Core: the log's. Nothing here does I/O.
 */
#ifndef PENSTOCK_INDEX_H
#define PENSTOCK_INDEX_H

#include "dataplane/base/base.h"

enum {
	INDEX_ENTRY_BYTES = 8,
	INDEX_TIME_ENTRY_BYTES = 12,
	INDEX_TAIL_ENTRIES = 128,  /* kept in memory, of each kind */
	INDEX_FLUSH_ENTRIES = 64,  /* written at once, at most */
};
static_assert(INDEX_FLUSH_ENTRIES * 2 <= INDEX_TAIL_ENTRIES,
	      "while one half is being written the other takes new entries");

struct index_entry {
	int32_t offset; /* relative to the base offset */
	uint32_t position;
};

struct index_time_entry {
	int64_t timestamp;
	int32_t offset;
};

struct index {
	int64_t base_offset;
	uint64_t bytes_since; /* since the last entry */
	int64_t max_timestamp;
	int64_t max_timestamp_offset;
	int64_t last_timestamp; /* of the last time entry */
	/* Entries so far, and how many of them are in the files. Entry i is at i % TAIL. */
	uint32_t entries;
	uint32_t entries_flushed;
	uint32_t times;
	uint32_t times_flushed;
	uint32_t entries_before; /* in the file since before the log was opened: not kept */
	struct index_entry tail[INDEX_TAIL_ENTRIES];
	struct index_time_entry time_tail[INDEX_TAIL_ENTRIES];
};

struct index_batch {
	int64_t last_offset;
	int64_t max_timestamp;
	uint64_t position;
	uint64_t size;
};

/* An empty index of the segment that begins at `base_offset`. */
void index_begin(struct index *ix, int64_t base_offset);
/* Goes on behind files that hold that many entries, `last` the last time entry (if any). */
void index_resume(struct index *ix, uint32_t entries, uint32_t times,
		  struct index_time_entry last);

/* May another batch be noted without losing an entry not yet written? */
bool index_has_room(const struct index *ix);
/* Would one of the files grow beyond `file_bytes_max` (segment.index.bytes)? Then the segment is to
 * be sealed. */
bool index_is_full(const struct index *ix, uint32_t file_bytes_max);
void index_note(struct index *ix, const struct index_batch *b, uint32_t interval_bytes,
		uint32_t file_bytes_max);
/* The last time entry of a segment that is sealed or closed. */
void index_note_end(struct index *ix);

/* Encodes the entries that follow those flushed, at most INDEX_FLUSH_ENTRIES; returns how
 * many. They count as flushed once the caller says so. */
uint32_t index_encode(const struct index *ix, uint8_t *out);
uint32_t index_encode_times(const struct index *ix, uint8_t *out);

/* The greatest entry kept in memory whose offset is at most `offset`; false: none is. */
bool index_find(const struct index *ix, int64_t offset, struct index_entry *ret);
/* The least entry kept in memory whose offset is above `offset`; false: none is. */
bool index_find_behind(const struct index *ix, int64_t offset, uint32_t *ret_position);

/* An entry as it lies in a file. */
struct index_entry index_entry_load(const uint8_t *at);
struct index_time_entry index_time_entry_load(const uint8_t *at);

#endif
