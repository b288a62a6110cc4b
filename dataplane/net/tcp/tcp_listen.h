/* tcp_listen.h - LISTEN and SYN-RECEIVED: segments of no connection, and of half-open ones.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_LISTEN_H
#define PENSTOCK_TCP_LISTEN_H

#include "dataplane/net/tcp/tcp_conn.h"

/* A segment for no connection. `iss_min` is a number below which a new connection must not start,
 * or null. The connection that it opens with a cookie, whose first it then is; null when it opens
 * none, and its end is counted. */
struct tcp_conn *tcp_listen_segment(struct tcp *t, struct tcp_segment *s,
				    const uint32_t *iss_min);
/* The connection that the segment opens, whose first it then is; null when it opens none, and its
 * end is counted. */
struct tcp_conn *tcp_half_open_segment(struct tcp *t, struct tcp_half_open *half,
				       struct tcp_segment *s);
void tcp_half_open_timers(struct tcp *t);

#endif
