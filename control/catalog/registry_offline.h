/* registry_offline.h - one partition that cannot be served, or all of them.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_OFFLINE_H
#define PENSTOCK_REGISTRY_OFFLINE_H

#include "control/catalog/registry_private.h"

/* The partition is not served, for the reason given; said. */
void partition_offline(struct registry *r, struct partition *p, const char *fault);
/* The same for those of a topic that `which` is true of, in one line. */
void partitions_offline(struct registry *r, struct entry *e, const bool *which,
			const char *fault);
/* Tells writers of partitions that went offline while they were served; true when it sent. */
bool fences_step(struct registry *r);
/* Is the log directory still at its path? When not, every partition goes offline, once. */
bool directory_is_here(struct registry *r);

#endif
