/* clean_private.h - what the files clean_log.c, clean_read.c and clean_write.c share.
 *
 * Core: whose it is.
 */
#ifndef PENSTOCK_CLEAN_PRIVATE_H
#define PENSTOCK_CLEAN_PRIVATE_H

#include "dataplane/clean/clean_log.h"
#include "dataplane/store/files.h"
#include "dataplane/store/index.h"
#include "dataplane/store/producer_state.h"
#include "dataplane/store/segment.h"

/* A segment's batches, one after the other, each in one piece. */
struct clean_reader {
	int fd;
	uint64_t size;
	uint64_t at;        /* of the next batch */
	int64_t next_offset; /* which begins there, or behind it */
	uint8_t *bytes;     /* from `start` on */
	uint64_t start;
	size_t have;
};

/* The segment that is being written. */
struct clean_writer {
	const struct clean_round *round;
	int fd[SEGMENT_FILES];
	uint64_t size;
	uint8_t *bytes;     /* not written yet, behind `written` */
	size_t have;
	uint64_t written;
	uint64_t synced;
	uint64_t index_bytes[SEGMENT_FILES];
	struct index index;
};

struct clean_tools {
	struct disk *disk;
	struct clean_pace pace;
	struct clean_work *work;
	struct key_map map;
	struct producers producers; /* of one slot */
	struct clean_reader in;
	struct clean_writer out;
};

#endif
