/* offset_lookup.h - the first record of a partition that is not older than a given time.
 *
 *     *.timeindex: newest time per segment ─▶ segment ─▶ newest entry before the time
 *     *.index:     its offset ─▶ position ─▶ *.log: batch headers ─▶ one batch opened
 *
 * Reads the partition's files while its writer appends to them: only offsets below the high
 * watermark are looked at, and those bytes no longer change. An index that is missing, or
 * behind in the newest segment, costs a longer scan, never another answer; that a sealed
 * segment's time index ends in the segment's newest time is Kafka's promise and ours.
 *
 * A compressed batch is opened up to LOOKUP_RECORDS_BYTES_MAX, and as long as there is time:
 * the caller has one account for all of a request. When that does not decide, its first record is
 * the answer, with the batch's newest time: a consumer that starts there misses nothing.
 *
 * Core: control; blocks in disk_run(). Limits: one scan window and, for a moment, one batch.
 */
#ifndef PENSTOCK_OFFSET_LOOKUP_H
#define PENSTOCK_OFFSET_LOOKUP_H

#include "dataplane/store/disk/disk.h"

enum {
	LOOKUP_BATCH_BYTES_MAX = 64 << 20,
	LOOKUP_RECORDS_BYTES_MAX = 16 << 20,
	/* Time for opening that one request has, however many partitions it names. */
	LOOKUP_OPEN_NS_MAX = 50000000,
};

struct offset_query {
	struct disk *disk;
	const char *directory; /* of the partition */
	int64_t timestamp;
	int64_t from;  /* log start offset */
	int64_t until; /* high watermark */
	uint64_t *open_ns_left; /* for opening compressed batches; what that takes goes off it */
};

struct offset_found {
	int64_t offset; /* -1: no such record */
	int64_t timestamp;
};

/* 0, or -errno when a file cannot be read. */
int offset_lookup(const struct offset_query *q, struct offset_found *ret);

/* The newest time in the sealed segments, -1 when there are none: a writer's watermarks know
 * only what was appended or scanned since the start. 0, or -errno. */
int offset_lookup_newest(const struct offset_query *q, int64_t *ret);

#endif
