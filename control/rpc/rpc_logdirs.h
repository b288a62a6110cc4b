/* rpc_logdirs.h - the method logdir.list: the log directories, how full they are, what is wrong.
 *
 * Core: control.
 */
#ifndef PENSTOCK_RPC_LOGDIRS_H
#define PENSTOCK_RPC_LOGDIRS_H

#include "control/rpc/rpc_private.h"

void rpc_logdir_list(struct rpc_call *call);

#endif
