/* recover_producers.h - what a log says of its producers, by its snapshots and its batches; how:
 * recover_producers.c.
 *
 * Core: control, while the log is opened.
 */
#ifndef PENSTOCK_RECOVER_PRODUCERS_H
#define PENSTOCK_RECOVER_PRODUCERS_H

#include "dataplane/store/recover_private.h"

/* A batch was scanned, behind those before. */
void producers_see(struct recovery *rc, const struct record_batch_header *h);
/* All from here on will be, unless they are already. */
void producers_see_from(struct recovery *rc, int64_t offset);
/* Something was passed over: what was seen before it does not count. */
void producers_unsee(struct recovery *rc);

/* Of a sound log whose end is known: log->recovered and log->snapshots are what they must be, and
 * a snapshot of the end is there if there is any. -errno. */
int producers_recover(struct recovery *rc);

#endif
