/* tcp_path.h - connections whose path holds less than the port: smaller segments, for a while. */
#ifndef PENSTOCK_TCP_PATH_H
#define PENSTOCK_TCP_PATH_H

#include "dataplane/net/tcp/tcp_conn.h"

/* What routers said in this turn (ip->too_big). */
void tcp_path_input(struct tcp *t);
/* Nothing was acknowledged for the whole retransmission timeout. */
void tcp_path_timed_out(struct tcp *t, struct tcp_conn *c);
/* A segment of the size that the connection sends now has arrived. */
void tcp_path_passed(struct tcp_conn *c);
/* Paths may have become wider since. */
void tcp_path_timers(struct tcp *t);

#endif
