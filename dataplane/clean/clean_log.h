/* clean_log.h - one log compacted, on its files: a round.
 *
 *     clean_map   all segments ─▶ the last batch of each producer
 *                 the dirty part ─▶ keys, until the map is full or what is left is too young
 *     clean_run   consecutive segments that fit into one ─▶ *.cleaned, synced ─▶ *.swap, their
 *                 names synced; again, until there are no more
 *     clean_undo  nobody took the last run's segment: its files go
 *
 * Segments are read by their names, which their writer may take away meanwhile: then the round is
 * over (-ENOENT), as it is when a batch is damaged (-EBADMSG). What it had done stays: a run that
 * was taken is whole by itself. A run of one segment in which nothing has changed is no run.
 *
 * Offsets below `first_dirty` were compacted before: keys that come again later take records away
 * there as well. The map ends in the middle of a segment where a segment alone would fill it.
 *
 * Core: whose it is, which may block. Memory: clean_tools, mapped at creation, touched as far as a
 * log needs it and given back by clean_rest().
 */
#ifndef PENSTOCK_CLEAN_LOG_H
#define PENSTOCK_CLEAN_LOG_H

#include "dataplane/clean/clean_batch.h"
#include "dataplane/handoff.h"
#include "dataplane/store/disk/disk.h"

enum {
	/* Of all logs: of one beyond, the last batch of a producer that is not known is kept. */
	CLEAN_PRODUCERS_MAX = 65536,
	CLEAN_READ_BYTES = 1 << 20,
	CLEAN_WRITE_BYTES = 1 << 20,
	/* Synced as often: who waits for the end of a step waits for no more than that. */
	CLEAN_SYNC_BYTES = 16 << 20,
};

/* What a round is asked for, and how far it has come. */
struct clean_round {
	const char *directory;
	struct log_options options;
	const struct segment_told *segments; /* all that are sealed, from the log's first */
	uint32_t count;
	int64_t end_offset;  /* behind the last of them */
	int64_t young_from;  /* from here on the records are too young */
	int64_t first_dirty;
	int64_t now_ms;
	int64_t producer_expiration_ms;
	int64_t io_bytes_per_second; /* read and written, at most */
	uint64_t kept_bytes;  /* what its disk is to have left; no run takes of them (-ENOSPC) */
	/* Answer of clean_map(). */
	int64_t map_end;     /* where the next round's dirty part begins */
	/* Answer of clean_run(); count 0: there are no more. */
	struct segment_swap run;
	uint32_t next;       /* the first segment that no run had */
};

struct clean_pace {
	/* So many bytes were read or written. False: the round is to end (-ECANCELED). */
	bool (*pace)(void *owner, uint32_t bytes);
	void *owner;
};

struct clean_tools;

/* Null when there is no memory. `map_bytes` and `map_load`: of the map (key_map.h). */
struct clean_tools *clean_tools_create(struct disk *d, size_t map_bytes, double map_load,
				       struct clean_pace pace);
void clean_tools_destroy(struct clean_tools *t);
void clean_rest(struct clean_tools *t);

/* All: 0 or -errno. A run that fails leaves no file. -EUCLEAN: it could not be rid of them, and
 * nothing more may be done to this log before a start has finished or removed them. */
int clean_map(struct clean_tools *t, struct clean_round *round);
int clean_run(struct clean_tools *t, struct clean_round *round);
int clean_undo(struct clean_tools *t, const struct clean_round *round);

#endif
