/* registry_publish.h - entries to the snapshot that pollers read; old ones retired.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_PUBLISH_H
#define PENSTOCK_REGISTRY_PUBLISH_H

#include "control/catalog/registry_private.h"

void registry_publish(struct registry *r);
/* At the end of this turn, for all whose jobs are over then. */
void registry_publish_soon(struct registry *r);
bool registry_retire(struct registry *r, bool force);

#endif
