/* repair_files.h - what a repair changes: segments behind the end of a log, and what is written
 * down of it.
 *
 * Everything is -errno, and durable when it comes back; each can be done again. Core: a program of
 * its own; blocks.
 */
#ifndef PENSTOCK_REPAIR_FILES_H
#define PENSTOCK_REPAIR_FILES_H

#include "dataplane/store/durable_mark.h"
#include "dataplane/store/scan.h"

#include <limits.h>

struct repair_files {
	struct disk *disk;
	struct scan scan;
	const char *directory;
	char log_dir[PATH_MAX];
};

/* Where the log ends. */
struct repair_end {
	int64_t base_offset; /* of the segment, */
	uint64_t position;   /* and the byte in it */
	int64_t offset;
};

/* What lies behind that. */
struct repair_behind {
	uint64_t bytes;
	unsigned segments;
	uint64_t batches; /* sound ones */
	uint64_t records;
	int64_t end_offset; /* behind the last that was found; -1: none was */
};

/* The directory is there: who opens a log makes it where it is not. */
int repair_find(struct repair_files *f);
int repair_look_behind(struct repair_files *f, const struct repair_end *end,
		       struct repair_behind *ret);
/* Copies it beside the segment, renames the segments behind that, cuts. Says which files. */
int repair_put_aside(struct repair_files *f, const struct repair_end *end);
/* Indexes of segments that are gone, and would have been before this offset. */
int repair_forget_before(struct repair_files *f, int64_t first);
/* The largest of a partition; -1: none. */
int repair_read_mark(struct repair_files *f, const struct mark_key *key, int64_t *ret);
/* None is above `end` any more; those of all others stay. */
int repair_lower_mark(struct repair_files *f, const struct mark_key *key, int64_t end);
int repair_sync(struct repair_files *f);

#endif
