/* group_table.h - a chained hash table that grows: nodes inside their objects, hashes from whoever
 * puts them there.
 *
 *     for (n = group_table_first(t, hash); n; n = group_table_next(n)) is it the one?
 *
 * It doubles when it holds as many nodes as buckets; when there is no memory for that, its
 * chains grow longer instead. Core: the owner's only.
 */
#ifndef PENSTOCK_GROUP_TABLE_H
#define PENSTOCK_GROUP_TABLE_H

#include "dataplane/base/base.h"

struct group_node {
	struct group_node *next;
	uint64_t hash;
};

struct group_table {
	struct group_node **buckets;
	uint32_t bucket_count; /* a power of two */
	uint32_t count;
};

/* False: no memory. */
bool group_table_init(struct group_table *t);
void group_table_fini(struct group_table *t);

void group_table_add(struct group_table *t, struct group_node *node, uint64_t hash);
void group_table_remove(struct group_table *t, struct group_node *node);

/* The nodes that were put there with `hash`. */
struct group_node *group_table_first(const struct group_table *t, uint64_t hash);
struct group_node *group_table_next(const struct group_node *node);

#endif
