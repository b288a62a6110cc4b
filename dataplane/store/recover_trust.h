/* recover_trust.h - what indexes claim of a segment, looked at. False: it has to be scanned.
 *
 * Core: control.
 */
#ifndef PENSTOCK_RECOVER_TRUST_H
#define PENSTOCK_RECOVER_TRUST_H

#include "dataplane/store/recover_private.h"

/* A sealed segment; sets its size and entries, and *ret_end to the offset behind it. */
bool trust_sealed(struct recovery *rc, struct segment *s, int64_t *ret_end);
/* The active one: from the batch of its last index entry on, log->index and log->end stand
 * where a scan goes on. */
bool trust_active(struct recovery *rc, const struct segment *s);

#endif
