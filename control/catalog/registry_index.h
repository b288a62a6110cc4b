/* registry_index.h - the registry's topics by name.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_INDEX_H
#define PENSTOCK_REGISTRY_INDEX_H

#include "control/catalog/registry_private.h"

/* Null: there is none of this name. */
struct entry *registry_entry(const struct registry *r, const char *name);
void registry_insert(struct registry *r, struct entry *e);
void registry_take(struct registry *r, struct entry *e);

#endif
