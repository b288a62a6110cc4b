/* tcp_window.h - what a peer may send.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_WINDOW_H
#define PENSTOCK_TCP_WINDOW_H

#include "dataplane/net/tcp/tcp_conn.h"

/* What every window begins with. */
uint32_t tcp_window_first(const struct tcp *t);
/* Bytes came in order: a round trip may be over, and the window too small. */
void tcp_window_grow(struct tcp *t, struct tcp_conn *c);
/* The window field; `*edge` is where it puts the right edge, never left of rcv_adv. */
uint16_t tcp_window_field(const struct tcp *t, const struct tcp_conn *c, uint32_t *edge);
/* The peer may be waiting: its window had shrunk to little and can open again. */
bool tcp_window_has_reopened(const struct tcp *t, const struct tcp_conn *c);

#endif
