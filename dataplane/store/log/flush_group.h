/* flush_group.h - one flush of the disk for the writes of many logs: those of one writer in one
 * log directory.
 *
 *     log ─ written, to be durable ─▶ waiting ─ flush submitted ─▶ covered ─ reaped ─▶ durable
 *
 * A direct write to a block of a file has two ends: the bytes are on the device, and the file
 * system's books say so. What is missing after the write's completion depends on the block.
 *
 *   overwrite  the block had been zeroed, and the zeroes made durable, before the write was
 *              submitted. The books say all there is to say; the bytes may be in the device's
 *              cache: its flush is enough, whoever asks for it. So the group does, by an
 *              fdatasync of a small file of its own that nothing is pending of.
 *   other      the books have changed, in memory. Where a journal has them all, one commit
 *              makes everything durable that was reaped before: the group's file is changed,
 *              and synced (DISK_COMMIT). Elsewhere the log's own file is synced.
 *
 * What a flush covers is settled when it is submitted: writes that were reaped by then. One is
 * under way at a time; what comes meanwhile waits for the next, as it would at the device.
 * A flush that fails fences every log of the group: nobody knows whose bytes were lost.
 * log_flush.h submits and reaps it.
 *
 * Which of it a file system allows is found at start (control/catalog/flush_rule.h), whether a
 * file is one of those when the first write to it is submitted (DISK_TRAITS). Core: writer.
 */
#ifndef PENSTOCK_FLUSH_GROUP_H
#define PENSTOCK_FLUSH_GROUP_H

#include "dataplane/base/list.h"
#include "dataplane/store/disk/disk.h"

struct log;

/* The group's own file, and what its file system allows. */
struct flush_file {
	int fd; /* written and synced: a block of zeroes; not looked at if neither is allowed */
	uint64_t device;
	bool may_flush;  /* an fdatasync of `fd` covers overwrites */
	bool may_commit; /* a DISK_COMMIT of `fd` covers everything */
};

struct flush_group {
	struct flush_file file;
	struct disk_op op;
	bool is_flushing;
	uint64_t commits;     /* submitted: the file's size alternates */
	struct list members;  /* struct log.group_node: all that the writer serves */
	struct list waiting;  /* struct log.flush_node */
	struct list covered;  /* struct log.flush_node: by the flush under way */
};

void flush_group_init(struct flush_group *g, const struct flush_file *file);

/* May writes to the file that `traits` tells of (a DISK_TRAITS, reaped) be covered at all? */
bool flush_group_takes(const struct flush_group *g, const struct disk_op *traits);
/* Are writes covered of which all are overwrites, or not all? */
bool flush_group_covers(const struct flush_group *g, bool are_overwrites);

/* What was written by `log` is to be durable. Until the flush is submitted it may leave. */
void flush_group_join(struct flush_group *g, struct log *log);

#endif
