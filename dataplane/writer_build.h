/* writer_build.h - the batches Penstock built: records compressed, size and CRC set, in the
 * chunks they came in.
 *
 *     header 61 | records ...   ─▶   header 61 | compressed records    (or as they were,
 *                                                                       if that is no longer)
 *
 * The poller left size and CRC to us: both need the final bytes. Snappy is written as one raw
 * block, as librdkafka does; LZ4 as a frame of independent blocks, which is all Java reads.
 *
 * Core: writer. Memory: two areas of BUILD_RECORD_BYTES_MAX and the codecs' own, mapped or
 * made at creation; the snappy library takes its working memory from the heap by itself.
 */
#ifndef PENSTOCK_WRITER_BUILD_H
#define PENSTOCK_WRITER_BUILD_H

#include "dataplane/handoff.h"

/* Larger batches are stored as they are: the accumulator's batch.size is far below. */
enum { BUILD_RECORD_BYTES_MAX = 1 << 20 };

struct builder;

/* Null when there is no memory. */
struct builder *builder_create(void);
void builder_destroy(struct builder *b);

/* Finishes the batch of `a` (APPEND_BUILT). Chunks it no longer needs stay in the chain, empty. */
void builder_finish(struct builder *b, struct append_msg *a);

#endif
