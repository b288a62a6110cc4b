/* group_restore.c - what was stored of a group in, the group as it was out. */
#include "control/coordinator/groups/group_life.h"
#include "control/coordinator/groups/group_member.h"
#include "control/coordinator/groups/group_protocol.h"

static void drop_members(struct groups *g, struct group *group)
{
	while (!list_is_empty(&group->members))
		member_remove(g, list_entry(group->members.next, struct group_member, of_group));
	group_protocol_elect(g, group, NULL);
}

/* Of its protocols only the chosen one was stored. */
static bool restore_member(struct groups *g, uint64_t now_ns, struct group *group,
			   const struct group_view *view, const struct group_member_view *stored)
{
	struct group_protocol chosen = {view->protocol_name, stored->metadata};
	struct group_join join = {
		.member_id = stored->member_id,
		.instance_id = stored->instance_id,
		.client_id = stored->client_id,
		.client_host = stored->client_host,
		.protocol_type = view->protocol_type,
		.protocols = &chosen,
		.protocols_count = 1,
		.session_timeout_ms = stored->session_timeout_ms,
		.rebalance_timeout_ms = stored->rebalance_timeout_ms,
	};
	struct group_member *m = member_create(g, group, &join);
	if (!m || !member_admit(g, m, &join) || !member_assign(g, m, stored->assignment))
		return false;
	m->is_new = false;
	if (group_is_same(m->text->member_id, view->leader))
		group->leader = m;
	member_heard(g, now_ns, m);
	return true;
}

static bool restore_members(struct groups *g, uint64_t now_ns, struct group *group,
			    const struct group_view *view,
			    const struct group_member_view *members)
{
	for (int32_t i = 0; i < view->members_count; i++)
		if (!restore_member(g, now_ns, group, view, &members[i]))
			return false;
	if (view->members_count > 0)
		group_protocol_elect(g, group, group_protocol_vote(group));
	return true;
}

/* Written once: it is not one that nobody has heard of. */
bool groups_restore(struct groups *g, uint64_t now_ns, const struct group_view *view,
		    const struct group_member_view *members)
{
	struct group *group = group_find(g, view->id);
	if (!group)
		group = group_make(g, now_ns, view->id);
	if (!group)
		return false;
	group->write_number = 1;
	drop_members(g, group);
	group->generation = view->generation;
	group->empty_ns = view->empty_ns;
	group->state = view->members_count > 0 ? GROUP_STABLE : GROUP_EMPTY;
	bool is_whole = group_type_set(g, group, view->protocol_type) &&
			restore_members(g, now_ns, group, view, members);
	if (view->members_count > 0)
		wheel_cancel(&g->wheel, &group->timer.timer);
	else
		wheel_arm(&g->wheel, &group->timer.timer, group_ms(now_ns, GROUP_EMPTY_MS));
	return is_whole;
}

void groups_forget(struct groups *g, uint64_t now_ns, struct bytes id)
{
	struct group *group = group_find(g, id);
	if (!group)
		return;
	drop_members(g, group);
	group->state = GROUP_EMPTY;
	group->generation = 0;
	/* One that is on its way to the disk again stays until it is back. */
	if (group->writes_out == 0 && list_is_empty(&group->of_unwritten))
		group->write_number = 0;
	wheel_arm(&g->wheel, &group->timer.timer, group_ms(now_ns, GROUP_EMPTY_MS));
	group_drop_if_unused(g, group);
}
