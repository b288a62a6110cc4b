/* recover_private.h - what the files recover*.c share: one log while it is being recovered.
 *
 *     recover.c        segments one after the other: believed, or scanned
 *     recover_trust.c  what indexes claim of a segment that is not to be scanned, looked at
 *     recover_gaps.c   offsets that are missing: Kafka's cleaner, or a loss
 *     recover_tail.c   where the batches stop: an end, a torn tail, or damage
 *     recover_index.c  indexes made anew: gathered first, written when the segment is sound
 *
 * Core: control.
 */
#ifndef PENSTOCK_RECOVER_PRIVATE_H
#define PENSTOCK_RECOVER_PRIVATE_H

#include "dataplane/store/files.h"
#include "dataplane/store/log/log_private.h"
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
	struct gathered gathered;
	int fd[SEGMENT_FILES]; /* of the segment last in the table now */
	int64_t durable_offset; /* what is known to have been durable: no tail tears below */
	int64_t mark;           /* of the two it is made of: the durable mark; -1: none */
	int64_t recovery_point; /* and the checkpoint */
	bool is_clean;
	bool is_compacted; /* offsets may be missing: Kafka's cleaner has been there */
};

/* ---- recover.c ---- */
/* "FILE: WHAT at position P, offset O" into the message; more may follow. */
void recovery_report(struct recovery *rc, const char *what);
__attribute__((format(printf, 2, 3))) void recovery_add(struct recovery *rc,
							const char *format, ...);
/* The log will be read up to its end and not be written: `fault` is -errno. */
void recovery_condemn(struct recovery *rc, int fault, const char *what);
/* `status`, and which file it is of, said. */
int recovery_fail(struct recovery *rc, const char *path, int status);
void recovery_path(const struct recovery *rc, const struct segment *s, enum segment_file file,
		   char path[FILE_PATH_BYTES_MAX]);

/* ---- recover_trust.c: false says that the segment has to be scanned ---- */
/* A sealed segment; sets its size and entries, and *ret_end to the offset behind it. */
bool trust_sealed(struct recovery *rc, struct segment *s, int64_t *ret_end);
/* The active one: from the batch of its last index entry on, log->index and log->end stand
 * where a scan goes on. */
bool trust_active(struct recovery *rc, const struct segment *s);

/* ---- recover_gaps.c ---- */
/* Does the next of `segments` follow the last one taken? -errno. */
int gaps_judge(struct recovery *rc, uint32_t segments);
/* Does anything say that the log went on? */
void gaps_judge_end(struct recovery *rc);
/* Does it begin where it began, as far as that is known (-1: it is not)? What lies below the
 * first segment is missing, and asked for in vain, until somebody says that it was to go: the
 * start does not move by itself. */
void gaps_judge_start(struct recovery *rc, int64_t start);

/* ---- recover_tail.c ---- */
/* Where batches stopped in the last segment taken so far; `is_last`: none follows. */
int tail_judge(struct recovery *rc, enum scan_verdict v, const struct scan_batch *stop,
	       bool is_last);

/* ---- recover_index.c: -errno ---- */
/* Room for the entries of `size` bytes of batches that come behind what log->index holds. */
int gather_begin(struct recovery *rc, uint64_t size);
void gather_batch(struct recovery *rc, const struct index_batch *b);
/* In place of what is in the files. */
int gather_write(struct recovery *rc);
/* The files stay as they are: how much of them may be believed. */
int gather_leave(struct recovery *rc);
void gather_end(struct recovery *rc);

#endif
