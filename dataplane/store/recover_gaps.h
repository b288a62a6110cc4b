/* recover_gaps.h - offsets that are missing: Kafka's cleaner, or a loss.
 *
 * Core: control.
 */
#ifndef PENSTOCK_RECOVER_GAPS_H
#define PENSTOCK_RECOVER_GAPS_H

#include "dataplane/store/recover_private.h"

/* Does `following` follow the last one taken? -errno. */
int gaps_judge(struct recovery *rc, const struct segment *following);
/* Does anything say that the log went on? */
void gaps_judge_end(struct recovery *rc);
/* Does it begin where it began, as far as that is known (-1: it is not)? What lies below the
 * first segment is missing, and asked for in vain, until somebody says that it was to go: the
 * start does not move by itself. */
void gaps_judge_start(struct recovery *rc, int64_t start);

#endif
