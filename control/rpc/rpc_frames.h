/* rpc_frames.h - the method frames.bad.
 *
 * Core: control.
 */
#ifndef PENSTOCK_RPC_FRAMES_H
#define PENSTOCK_RPC_FRAMES_H

#include "control/rpc/rpc_private.h"

void rpc_frames_bad(struct rpc_call *call);

#endif
