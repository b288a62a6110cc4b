/* log_walk.h - the chunks of a read in, the batches to give out, checked.
 *
 *     chunks:  [ before | batch | batch | bat ]      each header looked at, in order;
 *                       begin           end          from the batch with the offset on CRCs, too
 *
 * What the disk brought is not believed: a header has to make sense where it lies, and what is
 * given has its CRC. The walk stops before the first batch that fails: that is the suspect.
 * The CRC does not cover base offset and leader epoch: the former is held against the batches
 * around it.
 *
 * Core: the log's writer. Memory: the requester's chunks, looked at in place.
 */
#ifndef PENSTOCK_LOG_WALK_H
#define PENSTOCK_LOG_WALK_H

#include "dataplane/store/log/log_private.h"

struct log_found {
	uint64_t begin; /* place in the chunks of the batch that holds the offset */
	uint64_t end;   /* behind the last whole batch to give; begin: there is none */
	uint64_t first_bytes;
	int64_t next_offset; /* behind what was walked; -1: not known */
	bool is_batch;       /* at least one header made sense: a batch lies where it began */
	bool is_found;       /* begin and first_bytes are set */
	bool is_stopped;     /* by the suspect, at `end` or before `begin` */
	bool is_doubtful;    /* what r->passed led to; stopped: it makes no sense, else it leaves
			      * a gap */
	struct log_suspect suspect;
	struct log_suspect passed; /* the last batch, when nothing was found behind it */
};

/* Walks from r->position on, over all that was read. */
struct log_found log_walk(const struct log_reading *r);
/* The header at r->position alone; false: none that makes sense there, whatever its offset. */
bool log_walk_header(const struct log_reading *r, int64_t above,
		     struct record_batch_header *ret);

#endif
