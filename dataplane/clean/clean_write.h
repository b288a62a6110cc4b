/* clean_write.h - a segment of the cleaner's, called *.cleaned, and its indexes.
 *
 * Core: whose it is. All return 0 or -errno.
 */
#ifndef PENSTOCK_CLEAN_WRITE_H
#define PENSTOCK_CLEAN_WRITE_H

#include "dataplane/clean/clean_private.h"

int clean_write_begin(struct clean_tools *t, const struct clean_round *round,
		      int64_t base_offset);
int clean_write(struct clean_tools *t, struct bytes batch);
/* What is left, and all of it durable if it is wanted; closed, whatever comes of it. */
int clean_write_end(struct clean_tools *t, bool is_wanted);

#endif
