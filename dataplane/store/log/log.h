/* log.h - the commit log of one partition, in Kafka's own files.
 *
 *     LOGDIR/topic-3/00000000000000000000.log        record batches, back to back
 *                    00000000000000000000.index      8-byte entries (offset, position)
 *                    00000000000000000000.timeindex  12-byte entries (time, offset)
 *                    00000000000000004711.snapshot   what is known of producers below 4711
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
 * What a read gives has its CRC: a batch that the disk has damaged is answered CORRUPT_MESSAGE,
 * and whoever asks for an offset behind it goes on (decisions/0015).
 * The file is preallocated ahead of the writes: zeroes behind the last batch are no damage.
 *
 * Core: the writer that serves it; control before ADMIN_OPEN and after ADMIN_CLOSE.
 * Limits: see log_budget; a log holds write buffers only while something is on its way.
 */
#ifndef PENSTOCK_LOG_H
#define PENSTOCK_LOG_H

#include "dataplane/base/stats.h"
#include "dataplane/handoff.h"
#include "dataplane/store/disk/disk.h"
#include "dataplane/store/durable_mark.h"

struct log;
struct scan_progress;

/* Where a batch lies that the disk has damaged. */
struct log_damage {
	int64_t base_offset; /* of its segment */
	uint64_t position;
	int64_t offset;      /* the first that cannot be given */
};

/* Watermarks as others may see them; behind the writer's seqlock page. */
struct log_marks {
	int64_t log_start_offset;
	int64_t log_end_offset;
	int64_t written_offset;
	int64_t high_watermark;
	int64_t recovery_point; /* log_recovery_point(): where a scan may begin */
	int64_t max_timestamp;
	int64_t max_timestamp_offset;
	uint64_t size_bytes;
	uint64_t durable_bytes; /* of batches that became durable since it was opened */
	uint64_t damaged_batches; /* found since it was opened; the last of them: */
	struct log_damage damage;
	bool is_damaged;          /* not all of them have left the log meanwhile */
	bool is_fenced;
	int fence_error; /* -errno of the call that failed; found at open: log_recovery.fault */
	int mark_error;  /* why its writer's durable marks age, or 0 */
};

/* What recovery found, for the operator. */
struct log_recovery {
	uint64_t batches_scanned;
	uint64_t bytes_scanned;
	uint64_t bytes_dropped; /* the torn tail, without the zeroes behind it */
	int64_t first_dropped_offset;
	unsigned segments;
	int64_t durable_mark; /* the largest there was; -1: none */
	bool has_old_mark;    /* a file of its own: what it says is in durable_mark */
	bool was_clean;
	/* The log opens fenced for writing and says so in `message`; nothing was changed. */
	bool is_corrupt;
	/* Why, or 0. -EBADMSG: bytes are damaged. -ENODATA: records that were there once are
	 * not there any more. */
	int fault;
	/* Where the log ends that can be read; and where it should not end before, as far as is
	 * known. */
	int64_t end_base_offset; /* of its last segment, */
	uint64_t end_position;   /* in that */
	int64_t end_offset;
	int64_t durable_offset;
	/* Where it begins; and that it should begin before that, where. */
	int64_t first_offset;
	bool misses_first;
	int64_t missing_from;
	char message[640]; /* one line; empty when there is nothing to say */
};

/* What control knows of a log before it is open. */
struct log_open_options {
	const char *directory;
	struct log_options log;
	struct mark_key key;
	int64_t durable_mark;   /* by the mark files; 0 or less: they say nothing of it */
	int64_t recovery_point; /* as checkpointed; 0: nothing is known */
	/* As checkpointed: no record from there on may be missing; -1: nothing is known. */
	int64_t log_start_offset;
	bool is_compacted;      /* Kafka's cleaner has been there: offsets may be missing */
	bool is_clean;          /* the last stop left the mark of a clean shutdown */
	struct scan_progress *progress; /* null: nobody asks how far it is (scan.h) */
};

/* Opens the partition's directory, creating it when absent; scans from the recovery point on
 * unless the last stop was clean. No file stays open, and nothing is synced: a DISK_SYNC_ALL
 * must follow, once for any number of logs, before the log is served. Recovery's decisions
 * must not rest on bytes a crashed predecessor never synced. Core: control (blocks through
 * disk_run). Null with *error = -errno, and in ret->message which file it is and what to do. */
struct log *log_open(struct disk *d, const struct log_open_options *options,
		     struct log_recovery *ret, int *error);
/* Frees it; what was appended is durable only after log_finish(). Core: control, when the
 * writer has given the log back. */
void log_close(struct log *log);

void log_get_marks(const struct log *log, struct log_marks *ret);
/* Everything below is durable and its segments are sealed: where a scan may begin. */
int64_t log_recovery_point(const struct log *log);

/* ---- Core: the writer. Messages are given back through the service's lists. ------------- */

struct log_service;

/* From here on the log works for `service`; `slot` is the caller's. */
void log_serve(struct log *log, struct log_service *service, uint32_t slot);
uint32_t log_slot(const struct log *log);
void log_alter(struct log *log, const struct log_options *options);
/* Fails what is outstanding and what will come with KAFKA_STORAGE_ERROR; nothing more is
 * written. The first reason (-errno) stays. */
void log_fence(struct log *log, int error);

/* Sets the append's offset and puts it behind those before it. */
void log_append(struct log *log, struct append_msg *give);
void log_read(struct log *log, struct read_msg *give);
void log_watch(struct log *log, struct watch_msg *give);

/* Where it could start: what lies before is too old, or too much, `now_ms` by the records' time. */
int64_t log_expire(const struct log *log, int64_t now_ms);
/* No record below `offset`, which the high watermark has reached, is given any more; the files of
 * segments wholly below go. That it starts there is on disk: files that are gone were not lost. */
void log_delete_records(struct log *log, int64_t offset);
/* Fills what can be told of its sealed segments to whoever compacts them. */
void log_tell_segments(const struct log *log, struct segments_told *told);
/* Readers find the swap's segment from now on. -EAGAIN: not now; -ESTALE: the log has not the
 * segments that it stands for. */
int log_swap(struct log *log, const struct segment_swap *swap);
/* Nothing of it is left to do, or it is left to the next start. */
bool log_swap_is_over(const struct log *log);
/* Fills the next piece of what is known of its producers. */
void log_tell_producers(const struct log *log, struct producers_piece *piece);

/* Submits what may be submitted. Once per turn for every log on the active list. */
void log_advance(struct log *log);
struct log *log_next_active(struct list *active);
/* Logs with a deadline that has passed, and reads that wait, become active. */
void log_service_turn(struct log_service *s, uint64_t now_ns);
/* Makes durable what several logs have written. Once per turn, after log_advance(). */
void log_service_flush(struct log_service *s);
/* Nanoseconds until the next deadline, `limit_ns` at most. */
uint64_t log_service_idle_ns(const struct log_service *s, uint64_t now_ns, uint64_t limit_ns);
/* Takes a completed operation of any log. */
void log_reaped(struct disk_op *op);

/* Writes and syncs the records that are left, then indexes, snapshot and exact size; takes no more
 * messages. Of the last three a DISK_SYNC_ALL must follow before the stop counts as a clean one. */
void log_finish(struct log *log);
bool log_is_finished(const struct log *log);
/* Leaves the service of a finished log: 0, or why it was fenced (-errno). */
int log_release(struct log *log);
/* The same of one that comes back: whose batches it has refused is known meanwhile. */
int log_return(struct log *log);

#endif
