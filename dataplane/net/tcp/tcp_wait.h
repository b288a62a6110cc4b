/* tcp_wait.h - TIME-WAIT: entries in, the last ACK again or a new connection out.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_WAIT_H
#define PENSTOCK_TCP_WAIT_H

#include "dataplane/net/tcp/tcp_conn.h"

/* Both sides have closed: leaves an entry behind and acknowledges the peer's FIN. */
void tcp_wait_enter(struct tcp *t, struct tcp_conn *c);
void tcp_wait_segment(struct tcp *t, struct tcp_wait *w, struct tcp_segment *s);
void tcp_wait_timers(struct tcp *t);

#endif
