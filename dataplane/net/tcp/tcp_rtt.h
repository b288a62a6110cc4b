/* tcp_rtt.h - how long the path takes.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_RTT_H
#define PENSTOCK_TCP_RTT_H

#include "dataplane/net/tcp/tcp_conn.h"

/* A segment that was sent once was acknowledged after so long. */
void tcp_rtt_sample(struct tcp_conn *c, uint32_t rtt_ms);
/* Retransmission timeout, before any backoff. */
uint32_t tcp_rto_ms(const struct tcp *t, const struct tcp_conn *c);

#endif
