/* group_offset.c - topics and places of their partitions in a group; see group_offset.h. */
#include "control/coordinator/groups/group_offset.h"
#include "control/coordinator/groups/group_memory.h"

struct group_topic *group_topic_find(const struct groups *g, const struct group *group,
				     struct bytes name)
{
	struct group_node *n = group_table_first(&g->by_topic, group_hash(g, group, name));
	for (; n; n = group_table_next(n)) {
		struct group_topic *t = container_of(n, struct group_topic, by_name);
		if (t->group == group && group_is_same(t->name, name))
			return t;
	}
	return NULL;
}

struct group_topic *group_topic_make(struct groups *g, struct group *group, struct bytes name)
{
	struct group_topic *t = group_take(g, sizeof *t + name.size);
	if (!t)
		return NULL;
	if (name.size > 0)
		memcpy(t->text, name.data, name.size);
	t->name = (struct bytes){t->text, name.size};
	t->group = group;
	list_append(&group->topics, &t->of_group);
	group_table_add(&g->by_topic, &t->by_name, group_hash(g, group, name));
	return t;
}

void group_topic_give(struct groups *g, struct group_topic *give)
{
	for (uint32_t i = 0; i < give->count; i++)
		group_forget(g, &give->offsets[i].metadata);
	group_give(g, give->offsets, give->room * sizeof *give->offsets);
	group_table_remove(&g->by_topic, &give->by_name);
	list_remove(&give->of_group);
	group_give(g, give, sizeof *give + give->name.size);
}

void group_offsets_fini(struct groups *g, struct group *group)
{
	while (!list_is_empty(&group->topics))
		group_topic_give(g, list_entry(group->topics.next, struct group_topic, of_group));
}

uint32_t group_offset_place(const struct group_topic *t, int32_t partition)
{
	uint32_t low = 0, high = t->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (t->offsets[middle].partition < partition)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
