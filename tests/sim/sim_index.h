/* sim_index.h - what the two index files of a segment must hold, worked out from its batches
 * alone, and compared with what they do hold.
 *
 * .index: an entry for the batch that comes after more than the interval without one, those
 * and no other. .timeindex: at each of them the largest time so far, if it has grown; an entry
 * more wherever the log was closed. Every entry of it names a batch whose time was larger than
 * all before it. Of a segment that is sealed or closed the last one is the largest of all.
 */
#ifndef PENSTOCK_SIM_INDEX_H
#define PENSTOCK_SIM_INDEX_H

#include "tests/sim/sim_checker.h"

enum { SIM_INDEX_INTERVAL_BYTES = 2000, SIM_INDEX_ENTRIES_MAX = 4096 };

struct sim_index_entry {
	int64_t key; /* offset; of a time entry its time */
	int64_t value; /* position; of a time entry the offset */
};

struct sim_index_entries {
	struct sim_index_entry at[SIM_INDEX_ENTRIES_MAX];
	unsigned count;
};

struct sim_index {
	int64_t base_offset;
	uint64_t bytes_since;
	struct sim_index_entries offsets;
	struct sim_index_entries times;
	struct sim_index_entries peaks; /* batches later than all before them, by time */
};

void sim_index_begin(struct sim_index *ix, int64_t base_offset);
void sim_index_note(struct sim_index *ix, const struct checker_batch *b, size_t position);
/* The files beside `log_path`; sim_fail() says what is wrong. `is_ended`: sealed or closed. */
void sim_index_compare(const struct sim_index *ix, const char *log_path, bool is_ended);

#endif
