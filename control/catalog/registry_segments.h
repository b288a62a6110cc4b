/* registry_segments.h - a partition's segments, missed when one goes.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_SEGMENTS_H
#define PENSTOCK_REGISTRY_SEGMENTS_H

#include "control/catalog/registry_private.h"

/* Are all there that were when they were looked at last? `now`: the directory's place. False:
 * `lost` is gone, or another file has its name. */
bool segments_are_here(const struct registry *r, struct partition *p, const struct disk_place *now,
		       char lost[SEGMENT_NAME_BYTES]);
/* Its writer has given names of theirs to others: what there is is found anew. */
void segments_forget(struct partition *p);

#endif
