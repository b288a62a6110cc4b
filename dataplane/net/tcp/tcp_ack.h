/* tcp_ack.h - what an acknowledgement means: its fifth step.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_ACK_H
#define PENSTOCK_TCP_ACK_H

#include "dataplane/net/tcp/tcp_conn.h"

/* Of a segment that has passed every check. False: it ended the connection, and is counted. */
bool tcp_take_ack(struct tcp *t, struct tcp_conn *c, struct tcp_segment *s);

#endif
