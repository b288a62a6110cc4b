/* tcp_data.h - its seventh and eighth step: text and FIN, in order and out of order.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_DATA_H
#define PENSTOCK_TCP_DATA_H

#include "dataplane/net/tcp/tcp_conn.h"

/* Seventh and eighth step; counts the segment, now or when it is settled. */
void tcp_segment_text(struct tcp *t, struct tcp_conn *c, struct tcp_segment *s);

#endif
