/* group_life.h - groups are made, found, written down and forgotten.
 *
 *     group_make ─▶ in the table ─▶ group_die ─▶ unwritten ─▶ groups_written ─▶ freed
 *
 * Core: coordinator.
 */
#ifndef PENSTOCK_GROUP_LIFE_H
#define PENSTOCK_GROUP_LIFE_H

#include "control/coordinator/groups/group.h"

/* Null: there is none. */
struct group *group_find(const struct groups *g, struct bytes id);
/* An empty one; null: GROUPS_MAX, or no memory. */
struct group *group_make(struct groups *g, uint64_t now_ns, struct bytes id);

/* Its state goes to groups_unwritten(). */
void group_must_be_written(struct groups *g, struct group *group);
/* Nobody finds it any more, and it is to be forgotten on disk too. It has no members. */
void group_die(struct groups *g, struct group *group);
/* Whoever made it has not become a member: it was never written. */
void group_drop_if_unused(struct groups *g, struct group *group);
/* What was on its way to a disk has come back: a dead group is gone with the last of it. */
void group_free_if_forgotten(struct groups *g, struct group *group);
/* At the end of all: with its members; and a dead one. */
void group_close(struct groups *g, struct group *group);
void group_free(struct groups *g, struct group *give);

#endif
