/* flush_group.h - one operation for the writes of many logs: those of one writer in one log
 * directory.
 *
 *     log ─ written over zeroes ──▶ flush ───┐
 *         ├ written elsewhere ────▶ commit ──┼▶ waiting ─ submitted ─▶ covered ─ reaped ─▶ durable
 *         └ zeroes written ahead ─▶ commit ──┘
 *
 * A direct write to a block of a file has two ends: the bytes are on the device, and the file
 * system's books say so. What is missing after the write's completion depends on the block.
 *
 *   overwrite  the block had been zeroed, and the zeroes made durable, before the write was
 *              submitted. The books say all there is to say; the bytes may be in the device's
 *              cache: its flush is enough, whoever asks for it. So the group does, by an
 *              fdatasync of a small file that nothing is ever pending of.
 *   other      the books have changed, in memory. One commit makes everything durable that was
 *              reaped before (DISK_COMMIT): where there is a journal, another small file is
 *              changed, and synced; where there is none, the whole file system is. Elsewhere
 *              the log's own file is synced.
 *
 * Zeroes are made durable long before a write comes to them: they go with the next commit that
 * writes need, or get one of their own now and then. A commit behind each commit would keep
 * the device busy, and every flush waiting.
 *
 * A flush waits for the small writes over zeroes that are under way. Answers leave together, so
 * what clients send next comes together, too: a flush at the first write that is done would cover
 * that one, and all others would wait for it and for the next.
 *
 * What a flush or commit covers is settled when it is submitted: writes that were reaped by then.
 * One of each is under way at a time, and none waits for the other: a commit takes ten times as
 * long. What comes meanwhile waits for the next. One that fails fences every log of the group:
 * nobody knows whose bytes were lost.
 *
 * A sync of the whole file system also writes what other programs have left there. One that
 * takes too long is the last for a while: logs sync their own files meanwhile. log_flush.h submits
 * and reaps both.
 *
 * Which of it a file system allows is found at start (struct log_dir), whether a
 * file is one of those when the first write to it is submitted (DISK_TRAITS). Core: writer.
 */
#ifndef PENSTOCK_FLUSH_GROUP_H
#define PENSTOCK_FLUSH_GROUP_H

#include "dataplane/base/list.h"
#include "dataplane/store/disk/disk.h"
#include "dataplane/store/log_dir.h"

struct log;

enum {
	/* After a sync of the whole file system that took so long, none for so long. */
	COMMIT_SLOW_NS = 100 * 1000 * 1000,
	COMMIT_PAUSE_NS = 1000 * 1000 * 1000,
	/* So many times what the last commit took do zeroes wait that no write needs. */
	ZEROES_WAIT_COMMITS = 15,
	/* A flush waits for small writes for as long as the last one took, so long at most. */
	FLUSH_GATHER_NS = 500 * 1000,
};

/* What of a log one operation makes durable: all that is written, or the zeroes ahead of it. */
struct flush_part {
	struct list node; /* flush_lane.waiting or covered, or alone */
	struct log *log;
	bool are_zeroes;
};

/* Those who wait for one kind of operation, and those whom the one under way covers. */
struct flush_lane {
	struct disk_op op;
	bool is_busy;
	struct list waiting; /* struct flush_part.node */
	struct list covered; /* struct flush_part.node */
};

struct flush_group {
	const struct flush_rule *rule; /* of its log directory */
	const struct flush_file *file; /* its own there */
	struct list members;   /* struct log.group_node: all that the writer serves */
	struct flush_lane flush;
	uint32_t overwrites;    /* small writes over zeroes under way */
	uint64_t gathering_ns;  /* since when the next flush could go; 0: none could */
	uint64_t flushed_ns;    /* when the one under way was submitted */
	uint64_t flush_took_ns; /* the last one */
	struct flush_lane commit;
	struct list zeroes;    /* struct flush_part.node: for the next commit that there is, */
	uint64_t zeroes_due_ns; /* or from then on one of their own */
	uint64_t commits;      /* submitted: the file's size alternates */
	uint64_t committed_ns; /* when the one under way was submitted */
	uint64_t paused_ns;    /* no log waits for a commit until then */
};

/* Of the logs that `writer` serves in `dir`, which outlives it. */
void flush_group_init(struct flush_group *g, const struct log_dir *dir, unsigned writer);
void flush_part_init(struct flush_part *part, struct log *log, bool are_zeroes);

/* May writes to the file that `traits` tells of (a DISK_TRAITS, reaped) be covered at all? */
bool flush_group_takes(const struct flush_group *g, const struct disk_op *traits);
/* Are writes covered of which all are overwrites, or not all? */
bool flush_group_covers(const struct flush_group *g, bool are_overwrites);

/* What was written by `log` is to be durable; the group covers it. Until the operation is
 * submitted it may leave. */
void flush_group_join(struct flush_group *g, struct log *log, bool are_overwrites);
/* The same of the zeroes in its active segment: beside writes that wait for either operation. */
void flush_group_join_zeroes(struct flush_group *g, struct log *log);

#endif
