/* tcp_in.h - a segment of a connection, through the steps of RFC 9293 3.10.7.4.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_IN_H
#define PENSTOCK_TCP_IN_H

#include "dataplane/net/tcp/tcp_conn.h"

void tcp_conn_segment(struct tcp *t, struct tcp_conn *c, struct tcp_segment *s);
/* An ACK with our own numbers, a few per second (RFC 5961 7). */
void tcp_challenge(struct tcp *t, struct tcp_conn *c);

#endif
