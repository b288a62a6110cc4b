/* tcp_timer.h - the one timer of a connection.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_TIMER_H
#define PENSTOCK_TCP_TIMER_H

#include "dataplane/net/tcp/tcp_conn.h"

void tcp_rtx_arm(struct tcp *t, struct tcp_conn *c);
void tcp_rtx_disarm(struct tcp_conn *c);
/* The acknowledgement that is due waits no longer. */
bool tcp_ack_is_late(const struct tcp *t, const struct tcp_conn *c);
/* Sees to it that the connection is looked at when its next deadline comes, or before. */
void tcp_timer_update(struct tcp *t, struct tcp_conn *c);
void tcp_timers(struct tcp *t);

#endif
