/* tcp_recovery.h - losses of a flight repaired: RFC 6675 by the clock of RFC 8985, the window by
 * RFC 6937 and 9438.
 *
 *     ┌────── lost ──────▶ RECOVERY ── `recover` acknowledged ──┐
 *   OPEN                      │ timeout                         ├─▶ OPEN
 *     └──── timeout ──────▶ TIMEOUT ── `recover` acknowledged ──┘
 *     ◀── all that was sent again had come (RFC 2883, 3522): as if nothing had been
 *
 * What is lost is sent again by tcp_out.c, as the window lets it. Core: poller.
 */
#ifndef PENSTOCK_TCP_RECOVERY_H
#define PENSTOCK_TCP_RECOVERY_H

#include "dataplane/net/tcp/tcp_flight.h"

/* [seq, end) has been sent, some of it perhaps again. */
void tcp_recovery_sent(struct tcp *t, const struct tcp_conn *c, uint32_t seq, uint32_t end);
/* What the segment acknowledges, up to snd_una and behind gaps. */
void tcp_recovery_ack(struct tcp *t, struct tcp_conn *c, const struct tcp_segment *s);
/* The timer, when it is not that of RFC 6298: gaps have had their time, or the tail is probed. */
void tcp_recovery_timer(struct tcp *t, struct tcp_conn *c);
/* That of RFC 6298: all is lost. */
void tcp_recovery_timeout(struct tcp *t, struct tcp_conn *c);

#endif
