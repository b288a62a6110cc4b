/* group_memory.h - memory that groups hold, and how much that is.
 *
 * Core: coordinator. Limit: GROUPS_BYTES_MAX in all.
 */
#ifndef PENSTOCK_GROUP_MEMORY_H
#define PENSTOCK_GROUP_MEMORY_H

#include "control/coordinator/groups/group.h"

/* Zeroed; null: the limit is reached, or there is no memory. */
void *group_take(struct groups *g, size_t size);
/* Null is fine. */
void group_give(struct groups *g, void *give, size_t size);

/* A copy of bytes, null and empty ones as null; false: as above, and *ret is as it was. */
bool group_copy(struct groups *g, struct bytes from, struct bytes *ret);
/* Gives it back; *give is null then. */
void group_forget(struct groups *g, struct bytes *give);

#endif
