/* tcp_cwnd.h - how much the path may hold: the congestion window.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_CWND_H
#define PENSTOCK_TCP_CWND_H

#include "dataplane/net/tcp/tcp_conn.h"

/* What a connection begins with, and again after a silence. */
uint32_t tcp_cwnd_first(uint32_t mss);
/* So many bytes were acknowledged, and nothing was lost. */
void tcp_cwnd_grow(struct tcp_conn *c, uint32_t acked);
/* Something was lost: ssthresh is set; the window itself is the caller's. */
void tcp_cwnd_cut(struct tcp_conn *c);
/* In recovery: a duplicate says that one segment more has left the path. Where SACK says which have
 * left, that is counted instead. */
void tcp_cwnd_inflate(struct tcp_conn *c);

#endif
