/* mark_file.h - the durable marks of one writer's logs, from memory into one file.
 *
 *     sync done ─ mark_file_note ─▶ entries, blocks dirty ─ 100 ms ─▶ a few writes ─▶ the file
 *
 * One descriptor and one deadline for any number of logs: after MARK_DELAY_NS the blocks of
 * 4 KiB with a new mark in them are written, at most MARK_WRITE_BYTES at a time, one write
 * after the other. A mark is noted when the sync that covers its records has been reaped: it may
 * lag, and never claims more than the disk has. Marks are not synced: a killed process leaves
 * them nearly exact, a power cut perhaps old. A log's entry is that of its slot, and stays when
 * the log has gone until another comes to the slot.
 *
 * The file is this run's own: the start has taken what older ones say into
 * .penstock-durable-marks and removed them, and one that is there all the same (the start could
 * not) is not written over. Marks that cannot be written are lower bounds that age: that is
 * counted, control says so once, and nothing is fenced.
 *
 * Core: writer. Memory: mapped at creation. Limits: PARTITIONS_MAX logs.
 */
#ifndef PENSTOCK_MARK_FILE_H
#define PENSTOCK_MARK_FILE_H

#include "dataplane/base/list.h"
#include "dataplane/base/stats.h"
#include "dataplane/store/descriptors.h"
#include "dataplane/store/durable_mark.h"
#include "dataplane/store/log_dir.h"

enum {
	MARK_DELAY_NS = 100 * 1000 * 1000,
	MARK_BLOCK_BYTES = 4096,
	MARK_WRITE_BYTES = 32 << 10,
	/* The header, and one entry for each slot. */
	MARK_BLOCKS = (1 + PARTITIONS_MAX) * MARK_ENTRY_BYTES / MARK_BLOCK_BYTES + 1,
};

struct mark_file {
	struct descriptors *descriptors;
	struct stats *stats;
	uint8_t tag; /* of its operations */
	struct mark_entry *entries; /* without CRCs: [MARK_BLOCKS * MARK_BLOCK_BYTES] */
	uint8_t *bytes;             /* of the write under way */
	bool dirty[MARK_BLOCKS];
	uint32_t served;  /* logs */
	uint64_t now_ns;  /* of this turn */
	uint64_t due_ns;  /* when the next write is to go; UINT64_MAX: nothing is dirty */
	unsigned block;   /* where this pass over the dirty ones has come to */
	bool is_made;
	bool is_busy;     /* its operation is under way */
	int error;        /* why the marks age, or 0 */
	struct disk_op op;
	struct iovec iov;
	struct open_file *file;
	struct list files;
	char path[FILE_PATH_BYTES_MAX];
};

/* The file of writer `writer` in `dir`; nothing is opened yet. -ENOMEM, -ENAMETOOLONG. */
int mark_file_init(struct mark_file *m, struct descriptors *ds, struct stats *stats,
		   uint8_t tag, const struct log_dir *dir, unsigned writer);
void mark_file_fini(struct mark_file *m);

/* A log is served in a slot, and given back. While there is none nothing is written; the first one
 * has the file made, while its directory is known to be the one that control opened. */
void mark_file_begin(struct mark_file *m, uint32_t slot, const struct mark_key *key);
void mark_file_end(struct mark_file *m);

/* Every record of the slot's log below `offset` is durable. */
void mark_file_note(struct mark_file *m, uint32_t slot, int64_t offset);

/* Submits what is due; once per turn. */
void mark_file_turn(struct mark_file *m, uint64_t now_ns);
/* When it is; UINT64_MAX: not before something happens. */
uint64_t mark_file_due_ns(const struct mark_file *m);
/* Its operation is over. */
void mark_file_reaped(struct mark_file *m);

#endif
