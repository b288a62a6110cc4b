/* group_protocol.h - which protocols the members of a group have in common, counted as they come
 * and go, so that a join costs what the member brings and not what the group is.
 *
 * Core: coordinator.
 */
#ifndef PENSTOCK_GROUP_PROTOCOL_H
#define PENSTOCK_GROUP_PROTOCOL_H

#include "control/coordinator/groups/group.h"

/* The one of that name; null: there is none. */
const struct group_protocol *group_protocol_in(const struct group_protocol *items, int32_t count,
					       struct bytes name);

/* A member brings them. False: GROUP_PROTOCOL_NAMES_MAX, or no memory; nothing is counted. */
bool group_protocols_count(struct groups *g, struct group *group,
			   const struct group_protocols *brought);
void group_protocols_uncount(struct groups *g, struct group *group,
			     const struct group_protocols *brought);

/* The type of its protocols, which its first member brings; false: no memory. */
bool group_type_set(struct groups *g, struct group *group, struct bytes type);

/* Could it be a member? Of an empty group whoever has a type and a protocol; of another who
 * has its type, and one of the protocols that all members have. */
bool group_protocols_fit(const struct group *group, const struct group_join *join);

/* Of the protocols that all have, the one that most like best; of several such the one that its
 * leader likes best. The group has members. */
struct group_protocol_count *group_protocol_vote(struct group *group);
/* What the group speaks from now on; null: nothing. */
void group_protocol_elect(struct groups *g, struct group *group,
			  struct group_protocol_count *choice);
/* Null: nothing. */
struct bytes group_protocol_name(const struct group *group);
/* All of them, with the group. */
void group_protocols_fini(struct groups *g, struct group *group);

#endif
