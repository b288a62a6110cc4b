/* rpc_stats.h - the method stats.get.
 *
 * Core: control.
 */
#ifndef PENSTOCK_RPC_STATS_H
#define PENSTOCK_RPC_STATS_H

#include "control/rpc/rpc_private.h"

void rpc_stats_get(struct rpc_call *call);

#endif
