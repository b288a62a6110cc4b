/* group_protocol.c - what members bring in, what they have in common out; see
 * group_protocol.h. */
#include "control/coordinator/groups/group_protocol.h"
#include "control/coordinator/groups/group_memory.h"
#include "dataplane/base/require.h"

const struct group_protocol *group_protocol_in(const struct group_protocol *items, int32_t count,
					       struct bytes name)
{
	for (int32_t i = 0; i < count; i++)
		if (group_is_same(items[i].name, name))
			return &items[i];
	return NULL;
}

/* ---- counting --------------------------------------------------------------------------- */

static bool is_free(const struct group *group, const struct group_protocol_count *c)
{
	return c->members == 0 && c != group->elected;
}

static struct group_protocol_count *count_find(struct group *group, struct bytes name)
{
	for (unsigned i = 0; i < array_len(group->counts); i++) {
		struct group_protocol_count *c = &group->counts[i];
		if (!is_free(group, c) && group_is_same(c->name, name))
			return c;
	}
	return NULL;
}

static struct group_protocol_count *count_make(struct groups *g, struct group *group,
					       struct bytes name)
{
	for (unsigned i = 0; i < array_len(group->counts); i++)
		if (is_free(group, &group->counts[i]))
			return group_copy(g, name, &group->counts[i].name) ? &group->counts[i]
									   : NULL;
	return NULL;
}

static void count_down(struct groups *g, struct group *group, struct bytes name)
{
	struct group_protocol_count *c = count_find(group, name);
	require(c && c->members > 0);
	c->members--;
	if (is_free(group, c))
		group_forget(g, &c->name);
}

bool group_protocols_count(struct groups *g, struct group *group,
			   const struct group_protocols *brought)
{
	for (int32_t i = 0; i < brought->count; i++) {
		struct bytes name = brought->items[i].name;
		struct group_protocol_count *c = count_find(group, name);
		if (!c)
			c = count_make(g, group, name);
		if (!c) {
			while (i-- > 0)
				count_down(g, group, brought->items[i].name);
			return false;
		}
		c->members++;
	}
	return true;
}

void group_protocols_uncount(struct groups *g, struct group *group,
			     const struct group_protocols *brought)
{
	for (int32_t i = 0; i < brought->count; i++)
		count_down(g, group, brought->items[i].name);
}

bool group_type_set(struct groups *g, struct group *group, struct bytes type)
{
	struct bytes copy;
	if (group->members_count > 0 || group_is_same(group->type, type))
		return true;
	if (!group_copy(g, type, &copy))
		return false;
	group_forget(g, &group->type);
	group->type = copy;
	return true;
}

void group_protocols_fini(struct groups *g, struct group *group)
{
	group_protocol_elect(g, group, NULL);
	group_forget(g, &group->type);
}

/* ---- choosing --------------------------------------------------------------------------- */

/* All members have it; who is about to join as the only one may have any. */
static bool is_common(const struct group *group, const struct group_protocol_count *c)
{
	return (c ? c->members : 0) == group->members_count;
}

bool group_protocols_fit(const struct group *group, const struct group_join *j)
{
	if (group->state == GROUP_EMPTY)
		return j->protocol_type.size > 0 && j->protocols_count > 0;
	if (!group_is_same(group->type, j->protocol_type))
		return false;
	for (int32_t i = 0; i < j->protocols_count && i < GROUP_PROTOCOLS_MAX; i++)
		if (is_common(group, count_find((struct group *)group, j->protocols[i].name)))
			return true;
	return false;
}

/* Each member votes for the first of its own that all have. */
static struct group_protocol_count *vote_of(struct group *group, const struct group_member *m)
{
	for (int32_t i = 0; i < m->protocols->count; i++) {
		struct group_protocol_count *c = count_find(group, m->protocols->items[i].name);
		if (is_common(group, c))
			return c;
	}
	return NULL;
}

/* Whoever has joined had one of those that all had, and so they have one still. */
struct group_protocol_count *group_protocol_vote(struct group *group)
{
	uint32_t votes[GROUP_PROTOCOL_NAMES_MAX] = {0};
	list_for_each(node, &group->members) {
		const struct group_member *m = list_entry(node, struct group_member, of_group);
		struct group_protocol_count *choice = vote_of(group, m);
		if (choice)
			votes[choice - group->counts]++;
	}
	struct group_protocol_count *best = NULL;
	const struct group_protocols *liked = group->leader->protocols;
	for (int32_t i = 0; i < liked->count; i++) {
		struct group_protocol_count *c = count_find(group, liked->items[i].name);
		if (is_common(group, c) &&
		    (!best || votes[c - group->counts] > votes[best - group->counts]))
			best = c;
	}
	return best;
}

void group_protocol_elect(struct groups *g, struct group *group,
			  struct group_protocol_count *choice)
{
	struct group_protocol_count *old = group->elected;
	group->elected = choice;
	if (old && is_free(group, old))
		group_forget(g, &old->name);
}

struct bytes group_protocol_name(const struct group *group)
{
	return group->elected ? group->elected->name : (struct bytes){0};
}
