/* recover_private.h - what the files recover*.c share: one log while it is being recovered.
 *
 *     recover.c        segments one after the other: believed, or scanned
 *     recover_trust.c  what indexes claim of a segment that is not to be scanned, looked at
 *     recover_point.c  how much of the active segment need not be scanned
 *     recover_gaps.c   offsets that are missing: Kafka's cleaner, or a loss
 *     recover_tail.c   where the batches stop: an end, a torn tail, or damage
 *     recover_report.c what was found, in words
 *     recover_index.c  indexes made anew: gathered first, written when the segment is sound
 *     recover_producers.c  what is known of producers: by snapshots, and by batches behind them
 *
 * Core: control.
 */
#ifndef PENSTOCK_RECOVER_PRIVATE_H
#define PENSTOCK_RECOVER_PRIVATE_H

#include "dataplane/store/files.h"
#include "dataplane/store/log/log_private.h"
#include "dataplane/store/recover.h"
#include "dataplane/store/scan.h"

#include <errno.h>

/* Index entries of one segment, until they are written. */
struct gathered {
	uint8_t *entries;
	uint8_t *times;
	uint32_t first_entry; /* those before are in the files, and stay */
	uint32_t first_time;
	size_t entries_bytes; /* of the mappings */
	size_t times_bytes;
};

struct recovery {
	struct log *log;
	struct disk *disk;
	struct scan scan;
	struct log_recovery *found;
	struct log_orphans orphans;
	struct found_snapshots snapshots;
	struct producers seen; /* of the batches that were scanned, */
	int64_t seen_from;     /* ... all of which from this offset on were; -1: none yet */
	struct gathered gathered;
	struct segment *segment; /* the last one taken: what is judged now */
	int fd[SEGMENT_FILES];   /* its files */
	int64_t durable_offset; /* what is known to have been durable: no tail tears below */
	int64_t mark;           /* of the three it is made of: the durable mark; -1: none */
	bool is_mark_old;       /* which is that of the log's own file */
	int64_t recovery_point; /* the checkpoint, */
	int64_t log_start;      /* and the log's start; -1: it is not known */
	bool is_clean;
	bool is_compacted; /* offsets may be missing: Kafka's cleaner has been there */
	bool is_resumed;   /* the active segment was not scanned from its beginning */
};

/* The largest time of the log's records, and the offset of its batch. What lies below the log's
 * start goes. */
static inline void recovery_note_time(struct recovery *rc, int64_t timestamp, int64_t offset)
{
	if (timestamp <= rc->log->max_timestamp || offset < rc->log_start)
		return;
	rc->log->max_timestamp = timestamp;
	rc->log->max_timestamp_offset = offset;
}

#endif
