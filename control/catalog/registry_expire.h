/* registry_expire.h - logs lose what is too old, every log.retention.check.interval.ms.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_EXPIRE_H
#define PENSTOCK_REGISTRY_EXPIRE_H

#include "control/catalog/registry_private.h"

/* Asks for the job when it is due. */
void expire_when_due(struct registry *r, uint64_t now_ns);

#endif
