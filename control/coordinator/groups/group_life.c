/* group_life.c - ids in, groups out; see group_life.h. */
#include "control/coordinator/groups/group_life.h"
#include "control/coordinator/groups/group_member.h"
#include "control/coordinator/groups/group_memory.h"
#include "control/coordinator/groups/group_offset.h"
#include "control/coordinator/groups/group_protocol.h"
#include "dataplane/base/require.h"

static uint64_t hash_of(const struct groups *g, struct bytes id)
{
	return siphash_table(g->options.hash_key, id.data, id.size);
}

struct group *group_find(const struct groups *g, struct bytes id)
{
	struct group_node *n = group_table_first(&g->by_id, hash_of(g, id));
	for (; n; n = group_table_next(n)) {
		struct group *group = container_of(n, struct group, by_id);
		if (group_is_same(group->id, id))
			return group;
	}
	return NULL;
}

struct group *group_make(struct groups *g, uint64_t now_ns, struct bytes id)
{
	size_t size = sizeof(struct group) + id.size;
	struct group *group = g->by_id.count < GROUPS_MAX ? group_take(g, size) : NULL;
	if (!group)
		return NULL;
	group->serial = ++g->serial;
	group->empty_ns = (int64_t)now_ns;
	memcpy(group->text, id.data, id.size);
	group->id = (struct bytes){group->text, id.size};
	timer_init(&group->timer.timer);
	list_init(&group->of_unwritten);
	list_init(&group->members);
	list_init(&group->pending);
	list_init(&group->replaced);
	list_init(&group->topics);
	list_append(&g->all, &group->of_all);
	group_table_add(&g->by_id, &group->by_id, hash_of(g, id));
	wheel_arm(&g->wheel, &group->timer.timer, group_ms(now_ns, GROUP_EMPTY_MS));
	return group;
}

/* Members are gone before it: pending ones are only ids. */
static void unlink_group(struct groups *g, struct group *group)
{
	require(group->members_count == 0);
	while (!list_is_empty(&group->pending))
		member_remove(g, list_entry(group->pending.next, struct group_member, of_group));
	group_offsets_fini(g, group);
	wheel_cancel(&g->wheel, &group->timer.timer);
	group_table_remove(&g->by_id, &group->by_id);
	list_remove(&group->of_all);
	group_protocols_fini(g, group);
}

void group_free(struct groups *g, struct group *give)
{
	list_remove(&give->of_all);
	list_remove(&give->of_unwritten);
	group_give(g, give, sizeof *give + give->id.size);
}

void group_must_be_written(struct groups *g, struct group *group)
{
	group->write_number++;
	list_remove(&group->of_unwritten);
	list_append(&g->unwritten, &group->of_unwritten);
}

void group_die(struct groups *g, struct group *group)
{
	unlink_group(g, group);
	group->state = GROUP_DEAD;
	list_append(&g->dead, &group->of_all);
	group_must_be_written(g, group);
}

void group_drop_if_unused(struct groups *g, struct group *group)
{
	bool is_used = group->state != GROUP_EMPTY || group->pending_count > 0 ||
		       group->write_number > 0 || !list_is_empty(&group->topics);
	if (is_used)
		return;
	unlink_group(g, group);
	group_free(g, group);
}

void group_free_if_forgotten(struct groups *g, struct group *group)
{
	if (group->state == GROUP_DEAD && group->writes_out == 0 &&
	    list_is_empty(&group->of_unwritten))
		group_free(g, group);
}

void group_close(struct groups *g, struct group *group)
{
	while (!list_is_empty(&group->members))
		member_remove(g, list_entry(group->members.next, struct group_member, of_group));
	unlink_group(g, group);
	group_free(g, group);
}
