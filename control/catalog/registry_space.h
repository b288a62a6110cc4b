/* registry_space.h - room on the disk of each log directory, looked at while it is written to.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_SPACE_H
#define PENSTOCK_REGISTRY_SPACE_H

#include "control/catalog/registry_private.h"

/* Tells the writers, and the operator, when less is left than is to be, and when it is more. */
void space_look(struct registry *r);
/* What who compacts a log has to leave of it. */
uint64_t space_kept(const struct registry *r, const struct log_dir *d);

#endif
