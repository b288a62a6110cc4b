/* recover.h - segments as they were found in, a log that can be appended to out; how it decides:
 * recover.c.
 *
 * Core: control, while the log is opened.
 */
#ifndef PENSTOCK_RECOVER_H
#define PENSTOCK_RECOVER_H

#include "dataplane/store/log/log.h"

/* Segments that an index is there of, and no .log file: their base offsets. */
struct log_orphans {
	int64_t *bases;
	uint32_t count;
};

/* The .snapshot files that are there, by their offsets, in any order. */
struct found_snapshots {
	int64_t *offsets;
	uint32_t count;
};

/* 0, with ret->is_corrupt when the log may not be written to; else -errno. */
int log_recover(struct log *log, struct disk *d, const struct log_open_options *options,
		struct log_orphans orphans, struct found_snapshots snapshots,
		struct log_recovery *ret);

#endif
