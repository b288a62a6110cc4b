/* rpc_call.h - one line in, its method run, the answer queued.
 *
 * Core: control.
 */
#ifndef PENSTOCK_RPC_CALL_H
#define PENSTOCK_RPC_CALL_H

#include "control/rpc/rpc_private.h"

/* ---- */
/* Runs one line; the answer, if there is one now, is queued. */
void rpc_run_line(struct rpc *r, struct rpc_client *c, const char *line, size_t size);
/* Queues the answer of a call, and forgets what it holds. */
void rpc_answer(struct rpc_call *call);
/* The call ends in an error. */
__attribute__((format(printf, 3, 4))) void rpc_fail(struct rpc_call *call, int error,
						    const char *format, ...);

enum { RPC_TIME_BYTES = 40 };
/* 2026-11-21T10:15:00.123Z; of 0, "". */
char *rpc_time(int64_t wall_ms, char ret[RPC_TIME_BYTES]);
/* As JSON names it. */
const char *rpc_type_name(json_type type);

#endif
