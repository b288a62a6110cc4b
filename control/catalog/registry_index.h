/* registry_index.h - the registry's topics by name, by id, and by what they look like.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_INDEX_H
#define PENSTOCK_REGISTRY_INDEX_H

#include "control/catalog/registry_private.h"

/* Null: there is none of this name. */
struct entry *registry_entry(const struct registry *r, const char *name);
/* Null: nobody has this id. */
struct entry *registry_entry_of_id(const struct registry *r, const uint8_t id[UUID_BYTES]);
/* One whose name differs from this one in '.' and '_' only, or null. Kafka refuses such a
 * neighbour, since its metrics have '_' for both. */
const struct entry *registry_entry_like(const struct registry *r, const char *name);
void registry_insert(struct registry *r, struct entry *e);
void registry_take(struct registry *r, struct entry *e);

#endif
