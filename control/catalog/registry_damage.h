/* registry_damage.h - batches that the disk has damaged: what writers found and published with
 * their marks, in words for the operator.
 *
 *     marks page ─▶ more than was said? ─▶ a line, and what `topic describe` shows as the fault
 *
 * Such a partition is served: it is neither offline nor fenced. When retention has taken the last
 * segment with such a batch, nothing is at fault any more. Core: control.
 */
#ifndef PENSTOCK_REGISTRY_DAMAGE_H
#define PENSTOCK_REGISTRY_DAMAGE_H

#include "control/catalog/registry_private.h"

void registry_damage_look(struct registry *r, struct partition *p, const struct log_marks *m);

#endif
