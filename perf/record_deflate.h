/* record_deflate.h - records of one batch in, one compressed stream out, as Java's producer
 * writes it.
 *
 *     gzip    one member              lz4   one frame: independent blocks of 64 KiB, no sums
 *     snappy  snappy-java's framing: header, then blocks of 32 KiB, each with its size
 *     zstd    one frame, level 3
 *
 * The other side is control/kafka/record_inflate.h; docs of the formats: Kafka's own.
 *
 * Core: any, at start; the libraries allocate.
 */
#ifndef PENSTOCK_PERF_RECORD_DEFLATE_H
#define PENSTOCK_PERF_RECORD_DEFLATE_H

#include "dataplane/wire/record/record_batch.h"

/* Kafka's names: none, gzip, snappy, lz4, zstd. False: no codec has that name. */
bool record_codec_of_name(const char *name, enum record_codec *ret);

/* Room that is enough for what becomes of `size` bytes, whatever they are. */
size_t record_deflate_room(size_t size);

/* Bytes written to `out`, which has record_deflate_room(in.size). Without a codec: a copy. */
size_t record_deflate(enum record_codec codec, struct bytes in, uint8_t *out);

#endif
