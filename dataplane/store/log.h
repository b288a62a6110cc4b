/* log.h - the commit log of one partition, in Kafka's own files.
 *
 *     LOGDIR/topic-3/00000000000000000000.log        record batches, back to back
 *                    00000000000000000000.index      8-byte entries (offset, position)
 *                    00000000000000000000.timeindex  12-byte entries (time, offset)
 *                    leader-epoch-checkpoint, partition.metadata
 *
 * Append assigns offsets: it sets base offset and leader epoch in the batch header, which lie
 * outside the CRC, and copies the batch into an aligned write buffer. Writes go out block
 * aligned (O_DIRECT); the last, partial block is kept and written again with what follows.
 *
 *     log end offset ≥ written (write completion reaped) ≥ durable (covered by a sync)
 *                                                          = high watermark
 *
 * Guarantees: an append is given back only when its level's watermark has passed its last
 * offset; bytes at an offset never change; after the first failed write or sync the log is
 * fenced: every outstanding and later append answers KAFKA_STORAGE_ERROR, nothing is retried.
 * The file is preallocated ahead of the writes: zeroes behind the last batch are no damage.
 *
 * Core: the writer that serves it; control before ADMIN_OPEN and after ADMIN_CLOSE.
 * Limits: see log_budget; a log holds write buffers only while something is on its way.
 */
#ifndef PENSTOCK_LOG_H
#define PENSTOCK_LOG_H

#include "dataplane/base/stats.h"
#include "dataplane/handoff.h"
#include "dataplane/store/disk.h"

struct log;

/* Watermarks as others may see them; behind the writer's seqlock page. */
struct log_marks {
	int64_t log_start_offset;
	int64_t log_end_offset;
	int64_t written_offset;
	int64_t high_watermark;
	int64_t max_timestamp;
	int64_t max_timestamp_offset;
	uint64_t size_bytes;
	bool is_fenced;
};

/* What recovery found, for the operator. */
struct log_recovery {
	uint64_t batches_scanned;
	uint64_t bytes_scanned;
	uint64_t bytes_dropped; /* the torn tail */
	int64_t first_dropped_offset;
	unsigned segments;
	bool was_clean;
	/* Damage before the tail: the log opens fenced for writing and says so. */
	bool is_corrupt;
	char message[256]; /* one line; empty when there is nothing to say */
};

/* Opens the partition's directory, creating it when absent; scans from `recovery_point` on
 * unless `is_clean`. Core: control (blocks through disk_run). Null with *error = -errno. */
struct log *log_open(struct disk *d, const char *directory, const struct log_options *options,
		     int64_t recovery_point, bool is_clean, struct log_recovery *ret,
		     int *error);
/* Closes the files. Core: control, when the writer has given the log back. */
void log_close(struct disk *d, struct log *log);

void log_get_marks(const struct log *log, struct log_marks *ret);
int64_t log_recovery_point(const struct log *log);

#endif
