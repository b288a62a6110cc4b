/* quiescent.h - how control learns that no poller uses an old snapshot any more: DPDK's
 * rte_rcu_qsbr on memory of our own, one reader per poller, and one for the coordinator.
 *
 *     poller: turn ... quiescent_pass()          sleep: quiescent_leave() ... quiescent_join()
 *     control: publish, quiescent_token() ... each turn quiescent_is_over()? free the old one
 *
 * The barriers are the library's: the release in quiescent_pass() pairs with the acquire in
 * quiescent_is_over(). A file of its own because DPDK's headers and base/clock.h both define
 * NS_PER_S.
 */
#ifndef PENSTOCK_QUIESCENT_H
#define PENSTOCK_QUIESCENT_H

#include "dataplane/base/base.h"

struct rte_rcu_qsbr;

/* For `readers` of them, all outside until they join. Null when there is no memory.
 * Core: control. */
struct rte_rcu_qsbr *quiescent_create(unsigned readers);
void quiescent_destroy(struct rte_rcu_qsbr *q, unsigned readers);

/* Core: the reader's own. One that has left is not waited for. */
void quiescent_join(struct rte_rcu_qsbr *q, unsigned reader);
void quiescent_leave(struct rte_rcu_qsbr *q, unsigned reader);
void quiescent_pass(struct rte_rcu_qsbr *q, unsigned reader);

/* Core: control. Everything unpublished before the token was drawn is unused once its
 * period is over; asking never waits. */
uint64_t quiescent_token(struct rte_rcu_qsbr *q);
bool quiescent_is_over(struct rte_rcu_qsbr *q, uint64_t token);

#endif
