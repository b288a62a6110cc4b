/* log_check.h - one partition's directory, read and judged; nothing is written.
 *
 *     segments in order ─▶ batches ─▶ printed (dump), or compared with what they must be
 *                          index entries ─▶ each must name a batch that was seen
 *
 * A log that is being written, or whose writer was killed, is clean: zeroes behind its last
 * batch are preallocated space, and its index may run a little ahead of the batches.
 * Core: a program of its own; blocks.
 */
#ifndef PENSTOCK_LOG_CHECK_H
#define PENSTOCK_LOG_CHECK_H

#include "dataplane/store/files.h"
#include "dataplane/store/mark_table.h"
#include "dataplane/store/scan.h"

/* Exit statuses of penstock-log. */
enum {
	LOG_CHECK_CLEAN = 0,
	LOG_CHECK_CORRUPT = 1,
	LOG_CHECK_TORN = 3,
};

struct log_check {
	struct disk *disk;
	struct scan scan;
	struct mark_table marks; /* of the log directory, if there is one */
	bool is_dump;
	unsigned partitions;
	unsigned segments;
	uint64_t batches;
	uint64_t records;
	unsigned corrupt; /* findings, each printed */
	unsigned torn;
	unsigned kept; /* *.quarantine: no fault, but said */
};

/* Reads the mark files of a log directory; what cannot be read is a finding. */
void log_check_marks(struct log_check *c, const char *log_dir);
/* Checks the directory; false: it holds no segment. */
bool log_check_partition(struct log_check *c, const char *directory);
/* What could not be read is a finding too. */
void log_check_fail(struct log_check *c, const char *path, int error);

#endif
