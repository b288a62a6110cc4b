/* kept.h - records that wait: made once, from frames whose bytes are consumed, and short of credit,
 * of an append or of memory for their answers.
 *
 *     ingest: nothing left ─▶ kept_add (the bytes are copied) ─▶ session_wait ... its turn
 *     session_input ◀─ a frame of that turn, which is not cut ◀─ kept_push ◀───────┘
 *     ingest: it has all it needs ─▶ kept_give
 *
 * What made a record may have a state, and so runs once; what is made is not unmade. A session has
 * one frame's record here at most, and is not cut while it has. A poller keeps KEPT_MAX, those who
 * came first: beyond them a frame stays in its stream, not made yet, and its session stands in the
 * same line (waiting.h). Both are served in the order of that line. A record that is kept enters
 * the ledgers when it goes on, as its frame does; the frame of a connection that goes before ends
 * as frame_drop_connection.
 *
 * Core: poller. Memory: KEPT_BYTES for each, mapped at start; of those that never held any record
 * the pages are not touched.
 */
#ifndef PENSTOCK_KEPT_H
#define PENSTOCK_KEPT_H

#include "dataplane/session/session.h"

enum {
	KEPT_MAX = 256,
	KEPT_BYTES = 68 << 10, /* the longest value */
};
static_assert((int)KEPT_BYTES >= (int)GBT32960_FRAME_BYTES_MAX, "any frame can be kept");

struct kept_records {
	struct kept_record *records;
	uint8_t *values;
	struct list free;    /* struct kept_record.node, as are the next two */
	struct list waiting; /* oldest first */
	struct list left;    /* gone on in this turn */
};

/* -errno. */
int kept_init(struct kept_records *k);
void kept_fini(struct kept_records *k);

/* The places whose records went on in the turn before are free again: nobody has a pointer into
 * them any more. */
static inline void kept_turn(struct kept_records *k)
{
	list_splice(&k->free, &k->left);
}

/* Keeps the record of the good frame `f`. False: there is no place, or it is kept elsewhere. */
bool kept_add(struct kept_records *k, const struct frame *f);

/* The session's record comes before ingest again, as the next frame of the turn. */
void kept_push(struct kept_records *k, struct session *s, struct frame_vec *frames);

/* The session's record has gone on, or its connection has gone. Its bytes stay until the next
 * turn. */
void kept_give(struct kept_records *k, struct session *s);

#endif
