/* tcp_reserve.h - bytes in order that a session has left, and the last receive memory.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_RESERVE_H
#define PENSTOCK_TCP_RESERVE_H

#include "dataplane/net/tcp/tcp_conn.h"

void tcp_reserve_init(struct tcp *t);
/* Keeps bytes in order that the session has left. False, and nothing kept: no memory for it. */
bool tcp_residue_append(struct tcp *t, struct tcp_conn *c, const void *data, uint32_t size);

#endif
