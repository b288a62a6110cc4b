/* group_rebalance.h - from one generation to the next.
 *
 *     rebalance_begin ─▶ members come again ─▶ rebalance_try ─▶ a generation ─▶ they sync
 *          │                                        ▲                               │
 *          └── Empty before: a delay ── time ───────┘       rebalance_finish ◀── stored
 *
 * One timer of the group's serves its state: the delay or the join phase in Preparing, the
 * syncs that are owed in Completing and Stable, the next look in Empty.
 *
 * Answers that point into the group are made last: nothing of it is freed behind them before
 * the caller has taken them. Core: coordinator.
 */
#ifndef PENSTOCK_GROUP_REBALANCE_H
#define PENSTOCK_GROUP_REBALANCE_H

#include "control/coordinator/groups/group.h"

/* A member has come, changed or gone: the group rebalances, or goes on with it. */
void rebalance_follow(struct groups *g, uint64_t now_ns, struct group *group);
/* In any case; all who wait for an assignment have to come again. */
void rebalance_begin(struct groups *g, uint64_t now_ns, struct group *group);
/* The join phase is over if all have come, and no delay runs. */
void rebalance_try(struct groups *g, uint64_t now_ns, struct group *group);
/* It is over if all have come, delay or not: somebody who was waited for is gone. */
void rebalance_after_loss(struct groups *g, uint64_t now_ns, struct group *group);

/* The assignments are stored, or they are not. */
void rebalance_finish(struct groups *g, uint64_t now_ns, struct group *group, int16_t error);

/* Its timer: what that means is its state's. */
void rebalance_due(struct groups *g, uint64_t now_ns, struct group *group);
/* The session of one of its members, or of one it gave an id. */
void rebalance_session_over(struct groups *g, uint64_t now_ns, struct group_member *m);

#endif
