/* registry_publish.c - entries to the snapshot pollers read; the one before is freed when
 * every poller has been between two turns. */
#include "control/catalog/registry_publish.h"
#include "dataplane/base/require.h"
#include "dataplane/quiescent.h"

#include <stdlib.h>

static struct topics *build(struct registry *r)
{
	struct topic *list = calloc(r->entry_count + 1, sizeof *list);
	require(list);
	uint32_t count = 0;
	for (unsigned i = 0; i < r->entry_count; i++)
		/* One whose first partitions are still being opened is not there yet. */
		if (r->entries[i]->shown.topic.partitions > 0)
			list[count++] = r->entries[i]->shown.topic;
	struct topics *t = topics_build(list, count, ++r->version);
	free(list);
	require(t);
	return t;
}

/* The token is taken when the new snapshot is there: whoever passes it has no use for the old
 * one. */
static void retire(struct registry *r, struct topics *old)
{
	struct retired *retired = calloc(1, sizeof *retired);
	require(retired);
	retired->topics = old;
	if (r->options.rcu)
		retired->token = quiescent_token(r->options.rcu);
	list_append(&r->retired, &retired->node);
}

void registry_publish(struct registry *r)
{
	struct topics *old = r->published;
	r->published = build(r);
	/* Release: pairs with the acquire of each poller's turn. */
	atomic_store_explicit(r->options.topics, r->published, memory_order_release);
	if (old)
		retire(r, old);
	r->is_unpublished = false;
}

void registry_publish_soon(struct registry *r)
{
	r->is_unpublished = true;
}

/* In the order they were retired: behind one that is still read none is tried. */
bool registry_retire(struct registry *r, bool force)
{
	bool found = false;
	while (!list_is_empty(&r->retired)) {
		struct retired *oldest =
			list_entry(r->retired.next, struct retired, node);
		if (!force && r->options.rcu &&
		    !quiescent_is_over(r->options.rcu, oldest->token))
			break;
		list_remove(&oldest->node);
		topics_free(oldest->topics);
		free(oldest);
		found = true;
	}
	return found;
}
