/* record_inflate.h - opens the compressed records of one batch, up to a limit of bytes and of time.
 *
 * Only for looking inside: what is stored and served stays as the client compressed it. A
 * peer chose the bytes, so nothing here grows with what they claim: output stops at the
 * room given, and windows are those of the format's ordinary levels. A stream may be slow, and
 * open to little: the clock is looked at after each small piece.
 *
 *     gzip    one member
 *     snappy  one raw block, or snappy-java's framing (blocks of their own length)
 *     lz4     one frame; zstd: one frame with a window of 8 MiB at most
 *
 * Core: control; the libraries allocate. Ownership: everything is the caller's.
 */
#ifndef PENSTOCK_RECORD_INFLATE_H
#define PENSTOCK_RECORD_INFLATE_H

#include "dataplane/wire/record/record_batch.h"

/* Bytes written to `out`: all of them, the first `room`, or what came until `until_ns`
 * (clock_now_ns). -1: not a stream of this codec, or a raw snappy block that does not fit. */
int64_t record_inflate(enum record_codec codec, struct bytes in, uint8_t *out, size_t room,
		       uint64_t until_ns);

#endif
