/* tcp_ack.h - what an acknowledgement means: its fifth step, RTT and congestion.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_ACK_H
#define PENSTOCK_TCP_ACK_H

#include "dataplane/net/tcp/tcp_conn.h"

/* Fifth step. False: the segment has met its end and is counted. */
bool tcp_check_ack(struct tcp *t, struct tcp_conn *c, struct tcp_segment *s);
void tcp_conn_cut_cwnd(struct tcp_conn *c);
uint32_t tcp_initial_window(uint32_t mss);
void tcp_rtt_sample(struct tcp_conn *c, uint32_t rtt_ms);
/* RFC 6298 2.3, without the backoff. */
uint32_t tcp_rto_ms(const struct tcp *t, const struct tcp_conn *c);

#endif
