/* writer_pack.h - records in, piece by piece, the compressed bytes of one batch out: what a topic's
 * compression.type makes of producers' batches.
 *
 *     begin ─▶ put ─▶ put ... ─▶ end ─▶ chain: [ header as it came | stream ]
 *
 * Written as Kafka's own broker writes them, at its default levels: gzip and zstd as one stream,
 * LZ4 as a frame of independent blocks of 64 KiB, Snappy in snappy-java's framing of 32 KiB blocks,
 * which every reader knows and which can be written in pieces.
 *
 * One batch is in work at a time. Its bytes, and those of batches that their logs have not given
 * back, lie in PACK_BYTES of chunks; who finds fewer left than a piece may need waits for logs.
 *
 * Core: writer. Memory: mapped at creation, touched as far as it is used. LZ4's library has its
 * tables from the start; what Snappy's asks the heap for, its core has (control/heap_scratch.c).
 */
#ifndef PENSTOCK_WRITER_PACK_H
#define PENSTOCK_WRITER_PACK_H

#include "dataplane/wire/record/record_batch.h"

enum {
	PACK_BYTES = 32 << 20,
	/* One batch's at most: half of all, so that the next can begin while it is written. */
	PACK_BATCH_BYTES_MAX = PACK_BYTES / 2,
	/* What a piece (OPEN_PIECE_BYTES) may bring out: its own bytes, those that a codec has kept
	 * until then, and what they cost that do not shrink. */
	PACK_BYTES_PER_PIECE = 512 << 10,
};

struct packer;

/* Null when there is no memory. */
struct packer *packer_create(void);
void packer_destroy(struct packer *p);

/* Is there room for what another piece may bring out? */
bool packer_has_room(const struct packer *p);

/* A batch for `codec`, with `header`; what an unfinished one had is given back. */
void packer_begin(struct packer *p, enum record_codec codec,
		  const struct record_batch_header *header);
/* OPEN_PIECE_BYTES at most. False: it has become longer than a batch may be. */
bool packer_put(struct packer *p, struct bytes piece);
/* All pieces were put: the batch, with its codec, size and CRC, and with `latest` as its latest
 * time (CreateTime). Its chunks are the packer's, to be given back on this core. False as above. */
bool packer_end(struct packer *p, int64_t latest, struct chain *ret);
/* It is not wanted. */
void packer_drop(struct packer *p);

#endif
