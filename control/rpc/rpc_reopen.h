/* rpc_reopen.h - the methods partition.reopen and logdir.reopen.
 *
 * Core: control.
 */
#ifndef PENSTOCK_RPC_REOPEN_H
#define PENSTOCK_RPC_REOPEN_H

#include "control/rpc/rpc_private.h"

void rpc_partition_reopen(struct rpc_call *call);
void rpc_logdir_reopen(struct rpc_call *call);

#endif
