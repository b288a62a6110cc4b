/* rpc_listeners.h - listener.reload. Core: control. */
#ifndef PENSTOCK_RPC_LISTENERS_H
#define PENSTOCK_RPC_LISTENERS_H

#include "control/rpc/rpc_private.h"

void rpc_listener_reload(struct rpc_call *call);

#endif
