/* clean_read.h - a sealed segment's batches, one after the other, each in one piece and checked.
 *
 * Core: whose it is.
 */
#ifndef PENSTOCK_CLEAN_READ_H
#define PENSTOCK_CLEAN_READ_H

#include "dataplane/clean/clean_private.h"

/* -errno; -ENOENT: the segment has gone. */
int clean_read_begin(struct clean_tools *t, const char *directory,
		     const struct segment_told *s);
/* The next batch, until the next call; null at the end, or with *error. */
const struct record_batch_header *clean_read(struct clean_tools *t, int *error);
void clean_read_end(struct clean_tools *t);

#endif
