/* group_leave.c - heartbeats, commits and farewells in, what their members may know out. */
#include "control/coordinator/groups/group_life.h"
#include "control/coordinator/groups/group_member.h"
#include "control/coordinator/groups/group_rebalance.h"

int16_t groups_heartbeat(struct groups *g, uint64_t now_ns, const struct group_identity *who)
{
	struct group_member *m = NULL;
	const struct group *group = group_find(g, who->group_id);
	if (who->group_id.size == 0)
		return KAFKA_ERROR_INVALID_GROUP_ID;
	if (!group)
		return KAFKA_ERROR_UNKNOWN_MEMBER_ID;
	int16_t error = member_check(g, group, who->member_id, who->instance_id, &m);
	if (error)
		return error;
	if (who->generation != group->generation)
		return KAFKA_ERROR_ILLEGAL_GENERATION;
	member_heard(g, now_ns, m);
	return group->state == GROUP_PREPARING ? KAFKA_ERROR_REBALANCE_IN_PROGRESS
					       : KAFKA_ERROR_NONE;
}

/* Of a member, or of nobody in particular while there are none: an operator's, or a consumer's
 * that assigns itself. */
static int16_t commit_check(struct groups *g, uint64_t now_ns, struct group *group,
			    const struct group_identity *who)
{
	struct group_member *m = NULL;
	bool is_nobody = who->generation < 0 && who->member_id.size == 0 && !who->instance_id.data;
	if (who->generation < 0 && group->state == GROUP_EMPTY)
		return KAFKA_ERROR_NONE;
	if (is_nobody)
		return KAFKA_ERROR_UNKNOWN_MEMBER_ID;
	int16_t error = member_check(g, group, who->member_id, who->instance_id, &m);
	if (error)
		return error;
	if (who->generation != group->generation)
		return KAFKA_ERROR_ILLEGAL_GENERATION;
	if (group->state == GROUP_COMPLETING)
		return KAFKA_ERROR_REBALANCE_IN_PROGRESS;
	member_heard(g, now_ns, m);
	return KAFKA_ERROR_NONE;
}

int16_t groups_may_commit(struct groups *g, uint64_t now_ns, const struct group_identity *who)
{
	struct group *group = group_find(g, who->group_id);
	if (!group)
		return who->generation < 0 ? KAFKA_ERROR_NONE : KAFKA_ERROR_ILLEGAL_GENERATION;
	return commit_check(g, now_ns, group, who);
}

/* ---- leaving ---------------------------------------------------------------------------- */

/* An operator names a static member by its instance id alone (KIP-345). */
static int16_t leaver_find(const struct groups *g, const struct group *group,
			   const struct group_leaver *l, struct group_member **ret)
{
	struct group_member *m = l->member_id.size > 0 ? member_find(g, group, l->member_id) : NULL;
	if (m && m->is_pending) {
		*ret = m;
		return KAFKA_ERROR_NONE;
	}
	if (l->member_id.size > 0)
		return member_check(g, group, l->member_id, l->instance_id, ret);
	*ret = l->instance_id.data ? member_find_static(g, group, l->instance_id) : NULL;
	return *ret ? KAFKA_ERROR_NONE : KAFKA_ERROR_UNKNOWN_MEMBER_ID;
}

static void leave_one_by_one(struct groups *g, uint64_t now_ns, struct group *group,
			     struct group_leaver *leavers, int32_t count)
{
	uint32_t members = group->members_count, pending = group->pending_count;
	for (int32_t i = 0; i < count; i++) {
		struct group_member *m = NULL;
		leavers[i].error = leaver_find(g, group, &leavers[i], &m);
		if (m)
			member_remove(g, m);
	}
	if (group->members_count < members &&
	    (group->state == GROUP_STABLE || group->state == GROUP_COMPLETING))
		rebalance_begin(g, now_ns, group);
	else if (group->members_count < members || group->pending_count < pending)
		rebalance_try(g, now_ns, group);
	group_drop_if_unused(g, group);
}

int16_t groups_leave(struct groups *g, uint64_t now_ns, struct bytes group_id,
		     struct group_leaver *leavers, int32_t count)
{
	struct group *group = group_find(g, group_id);
	if (group_id.size == 0)
		return KAFKA_ERROR_INVALID_GROUP_ID;
	if (group)
		leave_one_by_one(g, now_ns, group, leavers, count);
	else
		for (int32_t i = 0; i < count; i++)
			leavers[i].error = KAFKA_ERROR_UNKNOWN_MEMBER_ID;
	return KAFKA_ERROR_NONE;
}
