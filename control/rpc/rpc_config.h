/* rpc_config.h - the methods config.*: the gateway's own settings.
 *
 * Core: control.
 */
#ifndef PENSTOCK_RPC_CONFIG_H
#define PENSTOCK_RPC_CONFIG_H

#include "control/rpc/rpc_private.h"

void rpc_config_get(struct rpc_call *call);
void rpc_config_set(struct rpc_call *call);

#endif
