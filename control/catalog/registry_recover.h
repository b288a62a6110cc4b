/* registry_recover.h - the first job of a start: every log that was found is recovered and opened.
 *
 *     control: partitions, in order of topic ─▶ crew: partition_open(), in any order
 *              ─▶ control: said and settled, in order ─▶ one sync a directory ─▶ durable marks
 *
 * A partition is its thread's until it is open, then control's again, and nobody else looks at it
 * before: what comes of a start is the same for any number of threads.
 *
 * Core: control, which turns on meanwhile.
 */
#ifndef PENSTOCK_REGISTRY_RECOVER_H
#define PENSTOCK_REGISTRY_RECOVER_H

#include "control/catalog/registry_listing.h"

/* What the scan has found, to be recovered; takes the listings over. */
struct recovering *recovering_new(struct registry *r, struct listings *take);
void recovering_progress(const struct recovering *rc, struct recovery_progress *ret);
const char *recovering_text(const struct recovering *rc, char ret[REGISTRY_PROGRESS_BYTES]);
/* Waits for threads that are at work, which are told to give up. Null is fine. */
void recovering_free(struct recovering *rc);

#endif
