/* group_view.c - groups in, what may be seen of them out. */
#include "control/coordinator/groups/group_life.h"
#include "control/coordinator/groups/group_member.h"
#include "control/coordinator/groups/group_protocol.h"

const char *group_state_name(enum group_state state)
{
	static const char *const names[] = {
#define GROUP_STATE(id, name) [GROUP_##id] = (name),
#include "control/coordinator/groups/group_states.def"
#undef GROUP_STATE
	};
	return names[state];
}

const struct group *groups_find(const struct groups *g, struct bytes id)
{
	return group_find(g, id);
}

const struct group *groups_next(const struct groups *g, const struct group *previous)
{
	const struct list *node = previous ? previous->of_all.next : g->all.next;
	return node == &g->all ? NULL : list_entry(node, struct group, of_all);
}

struct group_view group_view(const struct group *group)
{
	return (struct group_view){
		.id = group->id,
		.state = (enum group_state)group->state,
		.generation = group->generation,
		.protocol_type = group->type,
		.protocol_name = group_protocol_name(group),
		.leader = group->leader ? group->leader->text->member_id : (struct bytes){0},
		.members_count = (int32_t)group->members_count,
		.empty_ns = group->empty_ns,
	};
}

void group_view_members(const struct group *group, struct group_member_view *ret)
{
	struct bytes protocol = group_protocol_name(group);
	list_for_each(node, &group->members) {
		const struct group_member *m = list_entry(node, struct group_member, of_group);
		*ret++ = (struct group_member_view){
			.member_id = m->text->member_id,
			.instance_id = m->text->instance_id,
			.client_id = m->text->client_id,
			.client_host = m->text->client_host,
			.metadata = member_metadata(m, protocol),
			.assignment = m->assignment,
			.session_timeout_ms = m->session_timeout_ms,
			.rebalance_timeout_ms = m->rebalance_timeout_ms,
		};
	}
}

int16_t groups_delete(struct groups *g, struct bytes id)
{
	struct group *group = group_find(g, id);
	if (!group)
		return KAFKA_ERROR_GROUP_ID_NOT_FOUND;
	if (group->state != GROUP_EMPTY)
		return KAFKA_ERROR_NON_EMPTY_GROUP;
	group_die(g, group);
	return KAFKA_ERROR_NONE;
}
