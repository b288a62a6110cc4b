/* rpc_records.h - the method records.delete.
 *
 * Core: control.
 */
#ifndef PENSTOCK_RPC_RECORDS_H
#define PENSTOCK_RPC_RECORDS_H

#include "control/rpc/rpc_private.h"

void rpc_records_delete(struct rpc_call *call);

#endif
