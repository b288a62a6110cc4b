/* registry_starts.h - where logs start, on disk before anybody sees it.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_STARTS_H
#define PENSTOCK_REGISTRY_STARTS_H

#include "control/catalog/registry_private.h"

/* The partitions' log_start_next to log-start-offset-checkpoint, those of a log directory all at
 * once. How many were written, which stand first from then on; the others start where they did. */
uint32_t starts_write(struct registry *r, struct partition **partitions, uint32_t count);

#endif
