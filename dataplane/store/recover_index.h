/* recover_index.h - indexes made anew: gathered first, written when the segment is sound. -errno.
 *
 * Core: control.
 */
#ifndef PENSTOCK_RECOVER_INDEX_H
#define PENSTOCK_RECOVER_INDEX_H

#include "dataplane/store/recover_private.h"

/* Room for the entries of `size` bytes of batches that come behind what log->index holds. */
int gather_begin(struct recovery *rc, uint64_t size);
void gather_batch(struct recovery *rc, const struct index_batch *b);
/* In place of what is in the files. */
int gather_write(struct recovery *rc);
/* The files stay as they are: how much of them may be believed. */
int gather_leave(struct recovery *rc);
void gather_end(struct recovery *rc);

#endif
