/* writer_open.h - the compressed records of one batch, opened piece by piece.
 *
 *     begin ─▶ next ─▶ piece ─▶ next ─▶ piece ... ─▶ OPEN_END, or why it cannot be
 *
 * Only for looking inside: what is stored stays as the producer compressed it. A peer chose
 * the bytes, so nothing here grows with what they claim. A call takes one chunk of the batch at
 * most and gives OPEN_PIECE_BYTES at most; what it cannot do in parts is a block of LZ4's (4 MiB
 * at most) and one of Snappy's, whose library knows no halves:
 *
 *     gzip    one member                      lz4   one frame of independent blocks
 *     zstd    one frame, window 128 MiB       snappy  one raw block, or snappy-java's framing
 *
 * A block of Snappy's opens to 4 MiB, or to 8 times its own size: OPEN_SNAPPY_BYTES_MAX at most.
 * Behind the stream nothing may follow.
 *
 * Core: writer; one batch at a time. Memory: mapped or allocated at creation, and touched only as
 * far as a batch needs it; nothing is allocated later, and what was mapped can be given back
 * between batches (opener_rest).
 */
#ifndef PENSTOCK_WRITER_OPEN_H
#define PENSTOCK_WRITER_OPEN_H

#include "dataplane/wire/record/record_batch.h"

enum {
	OPEN_PIECE_BYTES = 64 << 10,
	OPEN_SNAPPY_BYTES_FREE = 4 << 20,
	OPEN_SNAPPY_RATIO_MAX = 8,
	OPEN_SNAPPY_BYTES_MAX = 32 << 20,
	OPEN_BYTES_KEPT = 2 << 20,
	OPEN_BYTES_PER_REST = 2 << 20,
};

enum open_state {
	OPEN_MORE, /* a piece, perhaps an empty one, and perhaps more behind it */
	OPEN_END,  /* no piece: the stream was whole */
	OPEN_BAD,  /* not a stream of this codec, or cut short, or with bytes behind it */
	OPEN_LARGE /* a block of Snappy's that is larger than it may be */
};

struct opener;

/* Null when there is no memory. */
struct opener *opener_create(void);
void opener_destroy(struct opener *o);

/* `batch` with its header, lent until the end. */
void opener_begin(struct opener *o, enum record_codec codec, const struct chain *batch);
/* The piece is the opener's, until the next call. `*ret_taken`: bytes of the batch it was made
 * of, `take_max` at most, where its codec knows halves. */
enum open_state opener_next(struct opener *o, size_t take_max, struct bytes *ret,
			    size_t *ret_taken);

/* No batch is open: gives back some of what large ones have touched; false: there is no more.
 * OPEN_BYTES_KEPT of each codec stay, and what LZ4's library has, 8 MiB at most. */
bool opener_rest(struct opener *o);

#endif
