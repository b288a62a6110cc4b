/* log_service.h - what one writer lends its logs: write buffers, operations, the disk, and
 * the lists through which finished messages go back.
 *
 *     log_append ─▶ log ─ log_advance ─▶ disk ─▶ log_reaped ─▶ log ─▶ service->appends ...
 *
 * A log takes a write and its buffers when it has something to write and gives them back when
 * the write is done. One log holds at most a quarter of the buffers, so that a slow one
 * cannot stall its neighbours.
 *
 * Core: writer. Memory: mapped at creation; running out means waiting, never failing: the log
 * stays on `active` and is asked again.
 */
#ifndef PENSTOCK_LOG_SERVICE_H
#define PENSTOCK_LOG_SERVICE_H

#include "config/settings_parts.h"
#include "dataplane/base/list.h"
#include "dataplane/base/slab.h"
#include "dataplane/base/stats.h"
#include "dataplane/store/descriptors.h"
#include "dataplane/store/log/flush_group.h"
#include "dataplane/store/log/log_scrub.h"
#include "dataplane/store/mark_file.h"
#include "dataplane/store/producer_state.h"
#include "dataplane/store/recent.h"
#include "dataplane/store/segment.h"

enum {
	WRITE_BUFFERS_MAX = 16, /* buffers of one write */
	READ_IOVS_MAX = 256,    /* chunks of one read operation: 1 MiB */
	LOG_READS_MAX = 256,    /* reads of one writer under way at a time; others wait */
	/* Bytes of reads under way that let no other begin: so much keeps a disk busy of which
	 * nobody else wants anything. Where logs are written, of which a record is durable only
	 * when the disk comes to it: large reads one after the other, small ones some at a time.
	 * More than that, and a disk with a limit to its rate made writes wait for 33 ms. */
	READING_BYTES_ALONE = 8 << 20,
	READING_BYTES_BESIDE = 256 << 10,
	/* Bytes that reads may copy from memory in a turn: those that follow a log go before those
	 * that wait for the disk, and nobody waits for long until they are through. */
	RECALLED_BYTES_PER_TURN = 1 << 20,
	/* Bytes that a writer's logs write at a time: what the disk does in WRITING_NS, for which
	 * a sync then has to wait. Begins with half of the most. */
	WRITING_BYTES_LEAST = 1 << 20,
	WRITING_BYTES_MOST = 16 << 20,
	WRITING_STEP_BYTES = 64 << 10,
	WRITING_NS = 20 * 1000 * 1000,
	/* Steps of zeroes that may be written ahead of all that the logs write themselves. */
	ZERO_CREDIT_STEPS = 8,
	/* Producers forgotten in a turn because they have not written for long; the others are in
	 * the next one. */
	PRODUCERS_EXPIRED_PER_TURN = 64,
	/* Logs with segments to be renamed or removed that are looked at in a turn. */
	TRIMS_PER_TURN = 64,
	/* A disk is quick when none of its writes took WRITING_NS for so long; logs are written,
	 * for reads, when one has been for so long. */
	QUICK_NS = 1000 * 1000 * 1000,
	WRITTEN_NS = 1000 * 1000 * 1000,
};

struct log_service_options {
	struct disk *disk;
	struct stats *stats;
	/* Write buffers, shared by the logs; how small a log's writes are on average when it is
	 * zeroed ahead (log_ahead.c). */
	struct writer_settings settings;
	uint32_t descriptors; /* open files, at most */
	const struct log_dir *dir; /* where the logs lie; outlives the service */
	unsigned writer;           /* whose files there are the service's */
};

struct log_service {
	struct disk *disk;
	const struct log_dir *dir;
	struct stats *stats;
	struct descriptors descriptors;
	struct flush_group flush;
	struct mark_file marks;
	struct producers producers; /* by the logs' slots */
	uint64_t producers_due_ns;  /* when those are looked for that are to be forgotten */
	uint64_t producers_check_ns;
	uint64_t producers_kept_ns;
	uint8_t *snapshot;          /* room for one of all producers */
	size_t snapshot_bytes;
	const struct log *snapshot_of; /* whose is being written; null: nobody's */
	struct list snapshots;         /* logs that wait for it: struct log.snapshot_node */
	struct list trims;          /* logs with segments that go: struct log.trim_node */
	const struct log *trimming; /* whose are being renamed or removed; null: nobody's */
	uint64_t cut_bytes;         /* a large file that goes loses so many at a time */
	char trim_paths[2 * SEGMENT_FILES][FILE_PATH_BYTES_MAX];
	const struct log *swapping; /* whose segments give way to the cleaner's; null: nobody's */
	char swap_paths[2 * SEGMENT_FILES][FILE_PATH_BYTES_MAX];
	struct recent recent;       /* blocks written last */
	uint64_t logs_served;       /* so far */
	struct log_scrub scrub;
	struct slab writes; /* struct log_write */
	struct slab reads;  /* struct log_reading */
	uint8_t *memory;
	uint8_t *zeroes;
	uint32_t zeroes_bytes; /* the largest step that a log may have */
	uint8_t **free; /* buffers, a stack */
	uint32_t free_count;
	uint32_t buffers;
	uint32_t buffer_bytes;
	uint32_t buffers_per_log;
	uint32_t small_write_bytes;
	uint64_t unanswered;      /* appends and reads not yet on the lists below */
	uint64_t writing_bytes;   /* given to the disk, and not written yet: */
	uint64_t writing_bytes_max;
	uint64_t slow_ns;         /* when a write last took too long, */
	uint64_t written_ns;      /* ... and when one was last done */
	uint64_t zero_credit;     /* bytes of zeroes that may be written ahead */
	uint64_t now_ns;          /* of this turn */
	bool is_short;            /* of room on the disk, in this turn: nothing is taken */
	unsigned looks;           /* log_dir.looks, as it was seen last; */
	uint64_t room_bytes;      /* and what may be taken until there is another */
	bool is_core_busy;        /* in this turn: what comes gathers before it is written */
	uint64_t reading_bytes;   /* of reads under way: what they may bring */
	uint64_t recall_left;     /* bytes that reads may copy from memory until the next turn */
	struct list readers;      /* logs with reads that wait: struct log.reader_node */
	uint32_t reads_turn;      /* which one it is, to tell who of these has waited */
	struct list active;       /* logs with something to do: struct log.node */
	/* struct log_deadline.node, soonest first: */
	struct list write_dues;   /* what came gathers, as long as the core is busy */
	struct list sync_dues;    /* what is written is to be synced, though nobody waits */
	/* Finished, with their answers; the writer takes them from here. */
	struct list appends;      /* struct append_msg.node */
	struct list reads_done;   /* struct read_msg.node */
	struct list watches;      /* struct watch_msg.node */
};

/* -errno when there is no memory. */
int log_service_init(struct log_service *s, const struct log_service_options *options);
void log_service_fini(struct log_service *s);

uint8_t *log_service_take_buffer(struct log_service *s);
void log_service_give_buffer(struct log_service *s, uint8_t *buffer);

/* Has the disk room for a write, beside those under way? One always has. */
bool log_service_may_write(const struct log_service *s, uint64_t bytes);
/* Does a read wait, and is there room for it beside those under way? */
bool log_service_may_read(const struct log_service *s);
/* The same for one whose bytes are in memory: it does not wait for those of the disk. */
bool log_service_may_recall(const struct log_service *s);
void log_service_write_begun(struct log_service *s, uint64_t bytes);
/* Zeroes never take more of the disk than what is written over them, however many logs come to
 * want them at a time: without credit a log goes on into blocks not zeroed. */
bool log_service_may_zero(const struct log_service *s, uint64_t bytes);
void log_service_zeroed(struct log_service *s, uint64_t bytes);

/* What it took says whether the disk has too much before it. */
void log_service_write_done(struct log_service *s, uint64_t bytes, uint64_t took_ns);

/* A disk that has more before it than it can do makes its writes wait. What is written there twice
 * is written at the cost of others. */
bool log_service_disk_is_quick(const struct log_service *s);

/* Does the disk have room for a batch, as far as control has looked? Then so much less is left. */
bool log_service_take_room(struct log_service *s, uint64_t bytes);

/* Room for `n` more operations? */
bool log_service_has_room(const struct log_service *s, unsigned n);

#endif
