/* tcp_sack.h - what a peer says has come behind a gap (RFC 2018), or twice (RFC 2883).
 *
 * A block counts when it lies between what is acknowledged and what was sent. Anything else is
 * nobody's who received it: it is counted, and changes nothing. Core: poller.
 */
#ifndef PENSTOCK_TCP_SACK_H
#define PENSTOCK_TCP_SACK_H

#include "dataplane/net/tcp/tcp_flight.h"

void tcp_sack_take(struct tcp *t, const struct tcp_conn *c, const struct tcp_segment *s,
		   struct tcp_news *news);

#endif
