/* slow_gzip.h - for tests: the stream that takes longest to open, for its size. */
#ifndef PENSTOCK_SLOW_GZIP_H
#define PENSTOCK_SLOW_GZIP_H

#include "dataplane/base/base.h"

/* Fills `room` bytes, or nearly, with blocks of gzip that have tables of their own and hold
 * nothing; there is no last one. Returns the size. */
size_t slow_gzip(uint8_t *out, size_t room);

#endif
