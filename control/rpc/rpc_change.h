/* rpc_change.h - calls that change something: a job of the registry, and an answer when it is
 * over.
 *
 * Core: control.
 */
#ifndef PENSTOCK_RPC_CHANGE_H
#define PENSTOCK_RPC_CHANGE_H

#include "control/rpc/rpc_private.h"

enum { CONFIG_KEYS_MAX = 64, CONFIG_TEXT_BYTES = 64 };

/* The parameter `config`: key to value. */
struct rpc_config {
	struct registry_setting settings[CONFIG_KEYS_MAX];
	char texts[CONFIG_KEYS_MAX][CONFIG_TEXT_BYTES];
	unsigned count;
};

/* False, and the call failed. */
bool rpc_read_config(struct rpc_call *call, struct rpc_config *ret);
/* `error` is one of enum kafka_error. */
void rpc_refuse(struct rpc_call *call, int16_t error, const char *message);
/* Asks the registry; `show` makes the answer, null: it is {}. */
void rpc_begin(struct rpc_call *call, struct registry_request *request, rpc_show *show,
	       void (*ask)(struct registry *, const struct registry_request *));
/* The same for what is no request of a topic's: the call waits until the job is over, which calls
 * rpc_job_done() with what this returns. */
struct rpc_wait *rpc_await(struct rpc_call *call, rpc_show *show);
void rpc_job_done(void *wait, const struct registry_result *result);

#endif
