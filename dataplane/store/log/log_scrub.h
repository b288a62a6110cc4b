/* log_scrub.h - sealed segments read in the background, so that damage is found while there still
 * is a sound copy elsewhere, and not by who wants the records.
 *
 *     logs in turn ─▶ sealed segments, from the head on ─▶ SCRUB_READ_BYTES ─▶ headers, CRCs
 *                                                                              │ wrong
 *                                                                              ▼ log_damage.h
 *
 * One read at a time for all logs of a writer in one log directory, at an equal part of
 * penstock.log.scrub.bytes.per.second at most, and only in a turn in which nothing else was found
 * to do, and nothing is being read or written: a writer that always has something to do does not
 * scrub. Behind a CRC that is wrong it goes on by the batch's length, and where that leads nowhere
 * with the next segment: `penstock-log verify` names all of it.
 *
 * Core: writer. Memory: one buffer of the service's, mapped when the setting is not 0. A segment is
 * held while it is being read and looked for again afterwards: it may go meanwhile, or give way to
 * another one.
 */
#ifndef PENSTOCK_LOG_SCRUB_H
#define PENSTOCK_LOG_SCRUB_H

#include "dataplane/base/list.h"
#include "dataplane/store/disk/disk.h"

struct log;
struct log_service;
struct segment;

enum {
	SCRUB_READ_BYTES = 256 << 10,
	SCRUB_LOGS_PER_TURN = 64, /* looked at for one that has sealed segments */
	/* A round that came to its end is followed by the next no sooner than this. */
	SCRUB_ROUND_MS = 60 * 1000,
};

struct log_scrub {
	struct disk_op op;
	struct iovec iov;
	uint8_t *memory; /* null: nothing is scrubbed */
	uint64_t bytes_per_second;
	uint64_t due_ns;
	struct log *log;         /* whose turn it is; null: a round begins */
	struct segment *segment; /* held, while it is being read */
	int64_t base_offset;     /* of the segment under way; -1: that log's first one comes */
	/* In it: */
	uint64_t position;  /* of the next byte to look at */
	int64_t expected;   /* what the next batch begins with at least */
	bool is_behind_damage; /* what comes may make no sense: it is known already */
	/* The batch of which the header was seen, and not the end. */
	uint64_t batch_position;
	uint64_t batch_end; /* 0: none */
	int64_t batch_offset;
	int64_t batch_next; /* behind its last offset */
	uint32_t batch_crc; /* as its header says */
	uint32_t crc;       /* so far */
};

/* Once per turn: begins a read when it is time and nobody is in its way. */
void log_scrub_turn(struct log_service *s);
void log_scrub_done(struct log_service *s);
/* The log leaves the service; none of its operations is under way. */
void log_scrub_forget(struct log_service *s, const struct log *log);
/* Segments of the log that begin from `base_offset` on, before `end_offset`, have given way to one
 * that begins there (log_swap.h): if it was at one of them, it goes on with that one's start. */
void log_scrub_swapped(struct log_service *s, const struct log *log, int64_t base_offset,
		       int64_t end_offset);
/* When something is to be done; UINT64_MAX: nothing, or who is in its way comes first. */
uint64_t log_scrub_due_ns(const struct log_service *s);

#endif
