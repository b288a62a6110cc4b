/* registry_starts.h - where logs start, on disk before anybody sees it.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_STARTS_H
#define PENSTOCK_REGISTRY_STARTS_H

#include "control/catalog/registry_private.h"

/* The partitions' log_start_next to log-start-offset-checkpoint, all at once; false: it cannot be
 * written, and they start where they did. */
bool starts_write(struct registry *r, struct partition *const *partitions, uint32_t count);

#endif
