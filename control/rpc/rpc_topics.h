/* rpc_topics.h - the methods topic.*
 *
 * Core: control.
 */
#ifndef PENSTOCK_RPC_TOPICS_H
#define PENSTOCK_RPC_TOPICS_H

#include "control/rpc/rpc_private.h"

void rpc_topic_create(struct rpc_call *call);
void rpc_topic_list(struct rpc_call *call);
void rpc_topic_describe(struct rpc_call *call);
void rpc_topic_alter(struct rpc_call *call);
void rpc_topic_delete(struct rpc_call *call);

/* The topic that the parameter `name` means; null, and the call failed. */
const struct registry_topic *rpc_find_topic(struct rpc_call *call);

#endif
