/* log_private.h - one log from inside, for the files log*.c, flush_group.c and recover*.c only.
 *
 *     queue ─ copy ─▶ open write ─ submit ─▶ writes ─ reap ─▶ written ─ sync ─▶ durable
 *     (log_append.c)  (log_write.c)    (log_writing.c)           (log_sync.c) │
 *                                                        unanswered[level] ─┴─▶ service->appends
 *                                                                          (log_answer.c)
 *
 * Who calls whom goes one way, downwards:
 *
 *     log_turn, log_reap, log_end                what a turn, a completion, an end asks of each
 *     log_append, log_read, log_flush, log_tasks batches and reads in; the group's flush
 *     log_expire, log_segments, log_swap
 *     log_scrub, log_roll, log_tail, log_head, log_trim, log_sync, log_search
 *     log_snapshot
 *     log_writing, log_index, log_ahead, log_traits, log_task, log_walk, log_damage
 *     log_fence, flush_group
 *     log_write, log_answer, log_due, log_files
 *
 * Counters of bytes run over all segments since open (`copied` ≥ `written` ≥ `synced`): they
 * order writes and syncs across a roll. Writes are block aligned. One that ends inside a block
 * keeps that block in `tail`, where the next write starts from, and must be complete before
 * the next one may be submitted: they share the block. One that ends on a boundary needs not.
 *
 * Everything here is level triggered: log_advance() looks at the state and submits what may
 * be submitted; completions only change the state and put the log on the active list.
 */
#ifndef PENSTOCK_LOG_PRIVATE_H
#define PENSTOCK_LOG_PRIVATE_H

#include "dataplane/store/descriptors.h"
#include "dataplane/store/durable_mark.h"
#include "dataplane/store/index_search.h"
#include "dataplane/store/log/log.h"
#include "dataplane/store/log/log_service.h"
#include "dataplane/store/segment_ring.h"

#include <errno.h>

enum {
	LOG_CURSORS = 8,
	LOG_DAMAGES_KEPT = 16, /* places, by which a damaged batch is counted once */
	LOG_TASK_OPS = SEGMENT_FILES, /* of one step */
	/* Kafka's: of the last two rolls, and of the end. */
	LOG_SNAPSHOTS_KEPT = 3,
	/* So many are written while a segment of a GiB is: what a start after a crash scans of it
	 * lies behind one of them. Of small segments that would be too many: no two in so short a
	 * time. */
	LOG_SNAPSHOTS_PER_SEGMENT = 16,
	LOG_SNAPSHOTS_APART_MS = 100,
	/* Preallocation: the first step, of a small segment such a part of it, doubled up to the
	 * last. */
	LOG_ALLOCATE_FIRST_BYTES = 1 << 20,
	LOG_ALLOCATE_PARTS = 16,
	LOG_ALLOCATE_STEP_BYTES = 16 << 20,
	LOG_MEAN_WRITES = 8,       /* by which a log's writes count as small, or not */
	LOG_ZERO_WRITES = 32,      /* that fit into a step of zeroes, */
	LOG_ZERO_SMALL_WRITES = 8, /* ... or so many small ones */
	/* A step is written in pieces of so many writes, or so much: a disk serves one after the
	 * other, and small writes do not want to wait behind a large one. */
	LOG_ZERO_PIECE_WRITES = 4,
	LOG_ZERO_PIECE_BYTES = 64 << 10,
	LOG_ZERO_QUICK_WRITES = 4, /* small writes that one may be as large as on a quick disk */
	/* What nobody waits for is synced after so long, or when it is so much. */
	LOG_SYNC_DELAY_NS = 2 * 1000 * 1000,
	LOG_SYNC_GATHERED_BYTES = 1 << 20,
	/* A log on a busy core gathers for so long, or so much, before it writes. */
	LOG_WRITE_DELAY_NS = 2 * 1000 * 1000,
	LOG_WRITE_GATHERED_BYTES = 256 << 10,
	LOG_GATHER_MS = (LOG_WRITE_DELAY_NS + LOG_SYNC_DELAY_NS) / (1000 * 1000),
	WRITE_BYTES_MAX = 1 << 20,
	/* Pieces that a read finds in memory one after the other: all in one turn, each called by
	 * the one before. The next is read from the disk, so that others get their turn. */
	LOG_RECALLS_MAX = 64,
};

/* Who reads at the end comes again within this: a consumer that is busy with what it has. */
#define LOG_FOLLOWED_NS (UINT64_C(10) * 1000 * 1000 * 1000)

/* What an operation is a part of: disk_op.tag. */
enum log_tag {
	LOG_TAG_WRITE,    /* owner: struct log_write */
	LOG_TAG_READ,     /* owner: struct log_reading */
	LOG_TAG_MARK,     /* owner: struct mark_file */
	LOG_TAG_SYNC,     /* owner: struct log, from here on */
	LOG_TAG_INDEX,
	LOG_TAG_TIMEINDEX,
	LOG_TAG_ALLOCATE,
	LOG_TAG_ZERO,
	LOG_TAG_TRAITS,
	LOG_TAG_TAIL,
	LOG_TAG_HEAD,
	LOG_TAG_SNAPSHOT,
	LOG_TAG_TRIM,
	LOG_TAG_SCRUB,
	LOG_TAG_SWAP,
	LOG_TAG_FLUSH,    /* owner: struct log_service */
};

struct log_place {
	int64_t offset;
	uint64_t position;
	int64_t base_offset; /* of its segment */
};


struct log_write {
	struct disk_op op;
	struct iovec iov[WRITE_BUFFERS_MAX];
	struct list node; /* struct log.writes */
	struct log *log;
	unsigned buffers;
	bool is_submitted;
	bool is_done;
	bool is_overwrite; /* flush_group.h */
	bool is_awaited;   /* by the next flush */
	struct segment *segment; /* held */
	uint32_t bytes;  /* filled, the front of a kept block included */
	uint32_t front;
	uint64_t position; /* of the first byte: a block boundary */
	uint64_t submitted_ns;
	uint64_t copied_bytes; /* log.copied_bytes behind its last byte */
	struct log_place end;  /* behind the last whole batch that ends in it, or before it */
};

/* The log has something to do then, whatever happens until then. */
struct log_deadline {
	struct list node; /* log_service.write_dues or sync_dues, or alone */
	struct log *log;
	uint64_t at_ns;
};

/* What a read asks the disk for; see log_read.c. */
enum log_reading_step {
	LOG_READING_SEARCH, /* of the index file, for where to begin */
	LOG_READING_WALK,   /* batches from `position` on */
	LOG_READING_SIZE,   /* what lies behind a batch that claims to be very large */
	LOG_READING_LENGTH, /* what lies behind a damaged batch, by its length */
	LOG_READING_AROUND, /* the index file, for a place behind a damaged batch */
	LOG_READING_ENTRY,  /* what lies there */
};

/* A batch that cannot be given, or passed. */
struct log_suspect {
	uint64_t position;
	uint64_t size;  /* as its header says; 0: that makes no sense */
	int64_t offset; /* what it should begin with at least; -1: not known */
};

/* A read under way: searching the index file, then reading batches. */
struct log_reading {
	struct disk_op op;
	struct iovec iov[READ_IOVS_MAX];
	struct log *log;
	struct read_msg *read;
	struct segment *segment; /* held */
	uint8_t step;      /* enum log_reading_step */
	bool is_led;       /* `position` came from the index file, which may lie */
	bool has_searched; /* `search` is over */
	bool is_recent;    /* what was read came from memory, all of it */
	uint8_t recalls;   /* pieces that came from memory since the disk was last asked */
	struct index_search search; /* of the segment's index file */
	struct log_suspect suspect;
	struct log_suspect passed; /* the batch before `position`, in an earlier piece, which
				    * may have been seen in part; size 0: there is none */
	uint64_t position; /* of a batch at or before the one wanted */
	int64_t expected;  /* what it begins with at least; -1: not known */
	int64_t entry_offset; /* of the index entry that led there; -1: none did */
	uint64_t limit;    /* position behind the last byte that may be given, */
	int64_t end_offset; /* ... and the offset */
	uint64_t start;    /* position of the first chunk's first byte */
	uint64_t have;     /* bytes read from there on */
	uint64_t want;
	uint64_t reserved; /* of log_service.reading_bytes */
};

/* Where the batch that begins with `offset` lies: left behind by a read that ended there. */
struct log_cursor {
	int64_t offset;
	int64_t base_offset;
	uint64_t position;
};

/* The steps of a roll and of a close; see log_tail.c. */
enum log_tail_step {
	LOG_TAIL_IDLE,
	LOG_TAIL_CREATE,
	LOG_TAIL_ALLOCATE, /* done: the next segment is ready */
	LOG_TAIL_RENAME,
	LOG_TAIL_SYNC_NAMES,
	LOG_TAIL_DISCARD,
	LOG_TAIL_TRUNCATE,
	LOG_TAIL_ENDED,
};

/* The steps of sealing; see log_head.h. */
enum log_head_step {
	LOG_HEAD_IDLE,
	LOG_HEAD_SEAL,
	LOG_HEAD_SEAL_SYNC,
};

/* The steps of trimming; see log_trim.h. */
enum log_trim_step {
	LOG_TRIM_IDLE,
	LOG_TRIM_RENAME,
	LOG_TRIM_SYNC_NAMES,
	LOG_TRIM_CUT,
	LOG_TRIM_REMOVE,
};

/* The steps of a swap; see log_swap.h. */
enum log_swap_step {
	LOG_SWAP_IDLE,
	LOG_SWAP_RENAME_OLD,
	LOG_SWAP_NEXT,
	LOG_SWAP_SYNC_NAMES,
	LOG_SWAP_RENAME_NEW,
};

/* The steps of a snapshot; see log_snapshot.h. */
enum log_snapshot_step {
	LOG_SNAPSHOT_IDLE,
	LOG_SNAPSHOT_ENCODE,
	LOG_SNAPSHOT_INDEX,
	LOG_SNAPSHOT_SYNC_INDEX,
	LOG_SNAPSHOT_WRITE,
	LOG_SNAPSHOT_SYNC,
	LOG_SNAPSHOT_REMOVE,
};

/* The snapshots there are, by their offsets: the oldest first. */
struct log_snapshots {
	int64_t offsets[LOG_SNAPSHOTS_KEPT + 1];
	uint32_t count;
};

/* See log_task.h. */
struct log_task {
	uint8_t tag;  /* enum log_tag, of its operations */
	uint8_t step; /* enum log_tail_step, log_head_step, log_trim_step, log_swap_step or
		       * log_snapshot_step */
	uint8_t operations; /* of the step, at the disk */
	struct disk_op ops[LOG_TASK_OPS];
};

struct log {
	/* Set at open. */
	struct disk *opened_on; /* control's; null while a writer serves the log */
	struct log_service *service;
	uint32_t slot;
	bool is_direct;
	size_t map_bytes; /* of all memory of the log */
	size_t paths_bytes;
	char *directory;
	char *paths[2 * SEGMENT_FILES];
	struct log_options options;
	struct mark_key key;
	/* Open files; null: closed. */
	struct open_file *directory_file;
	struct list files; /* all of them, the segments' too, until they are closed */

	/* State. */
	struct list node; /* log_service.active */
	bool is_fenced;
	bool is_starved; /* something shared was missing: ask again */
	bool is_closing;
	bool is_changed; /* something was written since open */
	bool is_corrupt;    /* damage was found at open */
	int64_t opened_at;  /* the recovery point it was found with */
	int fence_error;
	uint32_t operations; /* at the disk */
	uint32_t reads;      /* struct log_reading in use */
	int64_t log_start_offset;
	int64_t max_timestamp;
	int64_t max_timestamp_offset;
	uint64_t sealed_bytes;

	/* Append. */
	struct segment *active; /* the last of the ring */
	int64_t next_offset;   /* of the next append taken on */
	struct log_place end;  /* behind the last batch copied wholly */
	uint64_t copied_bytes;
	struct list queue;     /* struct append_msg.node: not copied, or in part */
	bool is_copying;       /* the first of the queue is copied in part */
	struct chunk *copy_chunk;
	uint32_t copy_at;
	struct list unanswered[ACK_LEVELS];

	/* Write and sync. */
	struct log_write *open;
	struct log_deadline write_due;
	struct list writes;
	struct log_write *partial; /* submitted, ends inside a block, not done */
	uint32_t buffers_held;
	uint64_t position;     /* behind the last byte copied, in the active segment */
	uint8_t tail[DISK_BLOCK_BYTES];
	uint64_t written_bytes;
	uint64_t synced_bytes;
	struct log_place written;
	struct log_place durable;
	struct segment *written_segment; /* held; of `written` */
	uint64_t new_bytes;  /* copied_bytes behind the last write that was no overwrite */
	bool is_syncing;     /* by itself, or covered by the group's flush */
	uint64_t syncing_bytes;
	struct log_place syncing;
	struct flush_part written_part; /* waits for the group, or is covered by it */
	struct list group_node; /* flush_group.members */
	struct disk_op traits_op;
	struct segment *traits_segment; /* held; asked for; null: none */
	struct disk_op sync_op;
	struct log_deadline sync_due;

	/* Blocks ahead in the active segment. */
	bool allocates;
	bool is_allocating;
	uint64_t allocated_bytes;
	struct disk_op allocate_op;
	bool is_zeroing;
	uint64_t zeroed_from;  /* zeroes without a gap: from there ... */
	uint64_t zeroed_bytes; /* ... to there, what is on its way included */
	uint64_t zero_to;      /* the end of the step begun last */
	uint64_t zeroes_syncing; /* ... of them made durable by the sync under way */
	uint64_t zeroes_committing; /* ... of them made durable by the commit under way */
	uint64_t zeroes_synced;  /* ... of them durable */
	bool is_committing_zeroes;
	struct flush_part zeroes_part; /* the same of the zeroes */
	int64_t write_bytes_mean; /* of the last writes: */
	uint32_t mean_writes;     /* how many these are */
	struct disk_op zero_op;
	struct iovec zero_iov;

	/* Indexes of the active segment; entries being written. */
	uint32_t index_flushing;
	uint32_t times_flushing;
	struct disk_op index_ops[2];
	struct iovec index_iov[2];
	uint8_t index_bytes[INDEX_FLUSH_ENTRIES * INDEX_ENTRY_BYTES];
	uint8_t time_bytes[INDEX_FLUSH_ENTRIES * INDEX_TIME_ENTRY_BYTES];
	struct index index;

	/* Roll and close. */
	struct segment *ahead;   /* made, or being made, for the next roll; or null */
	struct segment *sealing; /* held: the one before the active one; null: it is sealed */
	bool wants_roll;
	bool is_unnamed; /* the active segment has no name yet */
	uint64_t next_allocated_bytes;
	uint64_t roll_bytes; /* copied_bytes at the roll */
	struct log_task at_tail;
	struct log_task at_head;
	int64_t active_timestamp; /* of the active segment's first batch; -1: none */

	/* Segments that no record is left in; log_trim.h. */
	struct list trim_node;         /* log_service.trims */
	struct segment *renamed;       /* held: its files get their new names; or null */
	struct segment *deleted_first; /* held: they have them, the oldest first */
	struct segment *deleted_last;
	struct segment *removed;       /* held: its files go; or null */
	struct log_task at_trim;

	/* What the cleaner has written comes in; log_swap.h. */
	struct segment *replaced; /* held, by `next`: their files get their new names */
	struct segment *replacing; /* held: the last of these that was begun; or null */
	struct segment *incoming;  /* in the ring: its files still have theirs; null: no swap */
	struct log_task at_swap;

	/* Producers. */
	struct producers recovered; /* from the start, until a writer serves the log */
	struct log_snapshots snapshots;
	struct list snapshot_node;  /* log_service.snapshots, while it waits for its turn */
	int64_t snapshot_offset;    /* of the last one that was begun; -1: none was; */
	uint64_t snapshot_position; /* where that was in the active segment, or 0, and when */
	uint64_t snapshot_ns;
	struct segment *snapshot_segment; /* held: whose indexes are synced; or null */
	uint32_t snapshot_entries; /* of the active segment's indexes, to be on disk before it, */
	uint32_t snapshot_times;
	int64_t unsnapped_from; /* rolled here, with producers, and no snapshot is there yet; -1 */
	bool wants_snapshot;
	bool snapshot_failed;
	char *snapshot_path;        /* of one that is removed */
	struct open_file *snapshot_file;
	struct iovec snapshot_iov;
	struct log_task at_snapshot;

	/* Reads and watches. */
	struct log_cursor cursors[LOG_CURSORS];
	unsigned next_cursor;
	struct list reads_waiting; /* struct read_msg.node */
	struct list reader_node;   /* log_service.readers, while there are any */
	uint64_t number;            /* of all logs that its writer ever served */
	uint64_t followed_until_ns; /* see log_recent.h */
	struct log_damage damages[LOG_DAMAGES_KEPT]; /* the last ones */
	uint64_t damaged_batches;
	int64_t damaged_segment; /* base offset of the last segment with any */
	struct list watches;       /* struct watch_msg.node */

	struct segment_ring segments; /* a batch uses of it what `active` leads to */
};

/* Why a write that did not do all it was asked to failed: a short one met the end of the disk. */
static inline int log_write_error(const struct disk_op *op)
{
	return op->result < 0 ? (int)op->result : -ENOSPC;
}

#endif
