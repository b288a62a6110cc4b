/* tcp_ooo.h - bytes that came out of order.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_OOO_H
#define PENSTOCK_TCP_OOO_H

#include "dataplane/net/tcp/tcp_conn.h"

/* Keeps what is new of `bytes`; returns how many. `*is_full` when memory ended it. */
uint32_t tcp_ooo_insert(struct tcp *t, struct tcp_conn *c, uint32_t seq, struct bytes bytes,
			bool *is_full);
/* What rcv_nxt has reached joins the residue. */
void tcp_ooo_join(struct tcp_conn *c);
void tcp_ooo_give(struct tcp_conn *c);

#endif
