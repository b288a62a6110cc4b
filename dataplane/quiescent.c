/* quiescent.c - rte_rcu_qsbr on memory of our own; see quiescent.h. */
#include "dataplane/quiescent.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <rte_rcu_qsbr.h>

/* Readers are registered here, all of them, and count from the moment they join. */
struct rte_rcu_qsbr *quiescent_create(unsigned readers)
{
	struct rte_rcu_qsbr *q = map_take(rte_rcu_qsbr_get_memsize(readers));
	if (!q)
		return NULL;
	require(rte_rcu_qsbr_init(q, readers) == 0);
	for (unsigned r = 0; r < readers; r++)
		require(rte_rcu_qsbr_thread_register(q, r) == 0);
	return q;
}

void quiescent_destroy(struct rte_rcu_qsbr *q, unsigned readers)
{
	map_give(q, rte_rcu_qsbr_get_memsize(readers));
}

void quiescent_join(struct rte_rcu_qsbr *q, unsigned reader)
{
	rte_rcu_qsbr_thread_online(q, reader);
}

void quiescent_leave(struct rte_rcu_qsbr *q, unsigned reader)
{
	rte_rcu_qsbr_thread_offline(q, reader);
}

void quiescent_pass(struct rte_rcu_qsbr *q, unsigned reader)
{
	rte_rcu_qsbr_quiescent(q, reader);
}

uint64_t quiescent_token(struct rte_rcu_qsbr *q)
{
	return rte_rcu_qsbr_start(q);
}

/* Without waiting: control asks again in its next turn. */
bool quiescent_is_over(struct rte_rcu_qsbr *q, uint64_t token)
{
	return rte_rcu_qsbr_check(q, token, false) == 1;
}
