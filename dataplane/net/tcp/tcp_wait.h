/* tcp_wait.h - TIME-WAIT: entries in, the last ACK again or their end out.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_WAIT_H
#define PENSTOCK_TCP_WAIT_H

#include "dataplane/net/tcp/tcp_conn.h"

/* Both sides have closed: leaves an entry behind and acknowledges the peer's FIN. */
void tcp_wait_enter(struct tcp *t, struct tcp_conn *c);
/* True: the entry is gone, and the segment a SYN that LISTEN is to look at; the new connection's
 * first number is not to be below `*iss_min`. */
bool tcp_wait_segment(struct tcp *t, struct tcp_wait *w, struct tcp_segment *s,
		      uint32_t *iss_min);
void tcp_wait_timers(struct tcp *t);

#endif
