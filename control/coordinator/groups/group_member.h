/* group_member.h - members come, change and go; who waits is answered.
 *
 *     member_create ─▶ member_admit ─▶ member_wait_join ─▶ member_answer_join ─▶ ...
 *          └─ pending: an id, and nothing else            member_remove: from anywhere
 *
 * Nothing here looks at a group's state: what follows from a change is group_rebalance.h's.
 * Core: coordinator.
 */
#ifndef PENSTOCK_GROUP_MEMBER_H
#define PENSTOCK_GROUP_MEMBER_H

#include "control/coordinator/groups/group.h"

/* The member of that id, pending or not; null: there is none. */
struct group_member *member_find(const struct groups *g, const struct group *group,
				 struct bytes id);
struct group_member *member_find_static(const struct groups *g, const struct group *group,
					struct bytes instance_id);

/* Is he who he says, and a member? KAFKA_ERROR_NONE, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID. */
int16_t member_check(const struct groups *g, const struct group *group, struct bytes id,
		     struct bytes instance_id, struct group_member **ret);

/* A pending one, found from now on: with the id that the join names, or, if it names none, one made
 * of its client or instance id. Null: no memory. */
struct group_member *member_create(struct groups *g, struct group *group,
				   const struct group_join *join);
/* Pending no longer: with what it brings it is one of the group. False: no memory, nothing
 * has changed. */
bool member_admit(struct groups *g, struct group_member *m, const struct group_join *join);
/* It has another id from now on, made as a new one; false: no memory, nothing has changed. */
bool member_rename(struct groups *g, struct group_member *m, const struct group_join *join);
/* What it brings takes the place of what it had; false: no memory, nothing has changed. */
bool member_update(struct groups *g, struct group_member *m, const struct group_join *join);
/* It is out of the group and gone; who waits for it hears UNKNOWN_MEMBER_ID. */
void member_remove(struct groups *g, struct group_member *give);

bool member_brings_the_same(const struct group_member *m, const struct group_join *join);
struct bytes member_metadata(const struct group_member *m, struct bytes protocol);

/* A copy of the assignment, or of none; false: no memory. */
bool member_assign(struct groups *g, struct group_member *m, struct bytes assignment);

/* It was heard of, or need not have been: its session begins anew. */
void member_heard(struct groups *g, uint64_t now_ns, struct group_member *m);
/* Its session is over after so long. */
void member_expect(struct groups *g, uint64_t now_ns, struct group_member *m, int32_t ms);

/* ---- who waits -------------------------------------------------------------------------- */

/* An answer of its own, at once. */
void group_answer(struct groups *g, struct group_waiter *give, const struct group_answer *answer);
void group_answer_error(struct groups *g, struct group_waiter *give, struct bytes member_id,
			int16_t error);

/* Who has waited there before hears that a rebalance is in progress. */
void member_wait_join(struct groups *g, struct group_member *m, struct group_waiter *lend);
void member_wait_sync(struct groups *g, struct group_member *m, struct group_waiter *lend);
/* With what its group has come to. */
struct group_answer member_joined(const struct group_member *m);
void member_answer_join(struct groups *g, struct group_member *m);
void member_answer_sync(struct groups *g, struct group_member *m);
void member_fail_join(struct groups *g, struct group_member *m, int16_t error);
void member_fail_sync(struct groups *g, struct group_member *m, int16_t error);

/* It need not sync any more. */
void member_owes_nothing(struct group_member *m);

#endif
