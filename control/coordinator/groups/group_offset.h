/* group_offset.h - the offsets of a group, forgotten with it; the rest is groups.h's.
 *
 * Core: coordinator.
 */
#ifndef PENSTOCK_GROUP_OFFSET_H
#define PENSTOCK_GROUP_OFFSET_H

#include "control/coordinator/groups/group.h"

/* All of them. */
void group_offsets_fini(struct groups *g, struct group *group);

/* The first place whose partition is not below; count: there is none. */
uint32_t group_offset_place(const struct group_topic *topic, int32_t partition);

struct group_topic *group_topic_find(const struct groups *g, const struct group *group,
				     struct bytes name);
/* Null: no memory. */
struct group_topic *group_topic_make(struct groups *g, struct group *group, struct bytes name);
/* With its offsets. */
void group_topic_give(struct groups *g, struct group_topic *give);

#endif
