/* recover_tail.h - where the batches stop: an end, a torn tail, or damage.
 *
 * Core: control.
 */
#ifndef PENSTOCK_RECOVER_TAIL_H
#define PENSTOCK_RECOVER_TAIL_H

#include "dataplane/store/recover_private.h"

/* Where batches stopped in the last segment taken so far; `is_last`: none follows. */
int tail_judge(struct recovery *rc, enum scan_verdict v, const struct scan_batch *stop,
	       bool is_last);

#endif
