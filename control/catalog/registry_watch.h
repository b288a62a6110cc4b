/* registry_watch.h - partitions that failed and directories that went, noticed.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_WATCH_H
#define PENSTOCK_REGISTRY_WATCH_H

#include "control/catalog/registry_private.h"

/* Ten times a second: says which partitions and directories have failed or gone since. */
void registry_watch(struct registry *r, uint64_t now_ns);

#endif
