/* groups.c - made and ended; what is due, and who has his answer. See groups.h. */
#include "control/coordinator/groups/groups.h"
#include "control/coordinator/groups/group_life.h"
#include "control/coordinator/groups/group_rebalance.h"
#include "dataplane/base/require.h"

static bool tables_init(struct groups *g)
{
	bool by_id = group_table_init(&g->by_id);
	bool by_member = group_table_init(&g->by_member);
	bool by_instance = group_table_init(&g->by_instance);
	bool by_topic = group_table_init(&g->by_topic);
	return by_id && by_member && by_instance && by_topic;
}

static void groups_free(struct groups *g)
{
	group_table_fini(&g->by_id);
	group_table_fini(&g->by_member);
	group_table_fini(&g->by_instance);
	group_table_fini(&g->by_topic);
	free(g);
}

struct groups *groups_create(const struct groups_options *options, uint64_t now_ns)
{
	struct groups *g = calloc(1, sizeof *g);
	if (!g)
		return NULL;
	g->options = *options;
	wheel_init(&g->wheel, now_ns);
	list_init(&g->all);
	list_init(&g->dead);
	list_init(&g->answered);
	list_init(&g->unwritten);
	if (tables_init(g))
		return g;
	groups_free(g);
	return NULL;
}

void groups_destroy(struct groups *g)
{
	if (!g)
		return;
	while (!list_is_empty(&g->all))
		group_close(g, list_entry(g->all.next, struct group, of_all));
	while (!list_is_empty(&g->dead))
		group_free(g, list_entry(g->dead.next, struct group, of_all));
	require(g->bytes == 0);
	groups_free(g);
}

struct group_waiter *groups_answered(struct groups *g)
{
	struct list *node = list_take_first(&g->answered);
	return node ? list_entry(node, struct group_waiter, node) : NULL;
}

/* One thing, so that what it answers is taken before the next changes what the answers point
 * to. */
bool groups_turn(struct groups *g, uint64_t now_ns)
{
	struct timer *due;
	if (wheel_advance(&g->wheel, now_ns, &due, 1) == 0)
		return false;
	struct group_timer *t = container_of(due, struct group_timer, timer);
	if (t->is_members)
		rebalance_session_over(g, now_ns, container_of(t, struct group_member, session));
	else
		rebalance_due(g, now_ns, container_of(t, struct group, timer));
	return true;
}

uint64_t groups_idle_ns(const struct groups *g, uint64_t now_ns, uint64_t limit_ns)
{
	return wheel_idle_ns(&g->wheel, now_ns, limit_ns);
}
