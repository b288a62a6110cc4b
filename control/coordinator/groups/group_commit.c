/* group_commit.c - offsets that are durable in, what groups have committed out. */
#include "control/coordinator/groups/group_life.h"
#include "control/coordinator/groups/group_memory.h"
#include "control/coordinator/groups/group_offset.h"

static bool is_at(const struct group_topic *t, uint32_t place, int32_t partition)
{
	return place < t->count && t->offsets[place].partition == partition;
}

static bool has_room(struct groups *g, struct group_topic *t)
{
	uint32_t room = t->room > 0 ? 2 * t->room : 1;
	if (t->count < t->room)
		return true;
	struct group_offset *larger = group_take(g, room * sizeof *larger);
	if (!larger)
		return false;
	if (t->count > 0)
		memcpy(larger, t->offsets, t->count * sizeof *larger);
	group_give(g, t->offsets, t->room * sizeof *larger);
	t->offsets = larger;
	t->room = room;
	return true;
}

static struct group_offset *make_place(struct groups *g, struct group_topic *t, uint32_t place)
{
	if (!has_room(g, t))
		return NULL;
	memmove(&t->offsets[place + 1], &t->offsets[place],
		(t->count - place) * sizeof *t->offsets);
	t->offsets[place] = (struct group_offset){0};
	t->count++;
	return &t->offsets[place];
}

static bool commit_to(struct groups *g, struct group_topic *t, const struct group_offset *commit)
{
	struct bytes metadata;
	uint32_t place = group_offset_place(t, commit->partition);
	if (!group_copy(g, commit->metadata, &metadata))
		return false;
	struct group_offset *o = is_at(t, place, commit->partition) ? &t->offsets[place]
								    : make_place(g, t, place);
	if (!o) {
		group_forget(g, &metadata);
		return false;
	}
	group_forget(g, &o->metadata);
	*o = *commit;
	o->metadata = metadata;
	return true;
}

/* What is empty is not kept: a group is as large as what it has committed. */
static void drop_if_empty(struct groups *g, struct group *group, struct group_topic *t)
{
	if (t && t->count == 0)
		group_topic_give(g, t);
	group_drop_if_unused(g, group);
}

bool groups_commit(struct groups *g, uint64_t now_ns, struct bytes group_id, struct bytes topic,
		   const struct group_offset *commit)
{
	struct group *group = group_find(g, group_id);
	if (!group)
		group = group_make(g, now_ns, group_id);
	if (!group)
		return false;
	struct group_topic *t = group_topic_find(g, group, topic);
	if (!t)
		t = group_topic_make(g, group, topic);
	bool is_done = t && commit_to(g, t, commit);
	drop_if_empty(g, group, t);
	return is_done;
}

void groups_forget_offset(struct groups *g, struct bytes group_id, struct bytes topic,
			  int32_t partition)
{
	struct group *group = group_find(g, group_id);
	struct group_topic *t = group ? group_topic_find(g, group, topic) : NULL;
	uint32_t place = t ? group_offset_place(t, partition) : 0;
	if (!t || !is_at(t, place, partition))
		return;
	group_forget(g, &t->offsets[place].metadata);
	t->count--;
	memmove(&t->offsets[place], &t->offsets[place + 1],
		(t->count - place) * sizeof *t->offsets);
	drop_if_empty(g, group, t);
}

const struct group_offset *group_offset_find(const struct groups *g, const struct group *group,
					     struct bytes topic, int32_t partition)
{
	const struct group_topic *t = group_topic_find(g, group, topic);
	uint32_t place = t ? group_offset_place(t, partition) : 0;
	return t && is_at(t, place, partition) ? &t->offsets[place] : NULL;
}

const struct group_topic *group_topic_next(const struct group *group,
					   const struct group_topic *previous)
{
	const struct list *node = previous ? previous->of_group.next : group->topics.next;
	return node == &group->topics ? NULL : list_entry(node, struct group_topic, of_group);
}

struct group_topic_view group_topic_view(const struct group_topic *t)
{
	return (struct group_topic_view){t->name, t->offsets, t->count};
}
