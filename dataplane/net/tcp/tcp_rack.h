/* tcp_rack.h - losses by time (RFC 8985): what was sent before something that has come, and has
 * not come a little later, is lost. What nothing was sent behind is asked for by a probe.
 *
 *     sent   1    2    3    4                     a round trip and a quarter
 *     come   1         3    4  ── 2 was overtaken ───────────────────────────▶ 2 is lost
 *                                 reordered paths: the quarters grow, up to a whole round trip
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_RACK_H
#define PENSTOCK_TCP_RACK_H

#include "dataplane/net/tcp/tcp_flight.h"

/* Round trips, and what they say of the path's order. */
void tcp_rack_learn(const struct tcp_conn *c, struct tcp_flight *f, const struct tcp_news *news);
/* Takes as lost what was overtaken and has had its time; when the next of it has, is in `rack`. */
void tcp_rack_detect(const struct tcp *t, const struct tcp_conn *c, struct tcp_flight *f);
/* A recovery has ended: the path may have become orderly again. */
void tcp_rack_recovered(struct tcp_flight *f);

/* The tail: is there one that a probe is to ask for, and how long after it was sent. */
bool tcp_tail_is_watched(const struct tcp_conn *c, const struct tcp_flight *f);
uint32_t tcp_tail_ms(const struct tcp_conn *c, const struct tcp_flight *f);
/* True when the acknowledgement says that the probe has filled a gap: something was lost. */
bool tcp_tail_was_lost(const struct tcp_conn *c, struct tcp_flight *f, uint32_t ack,
		       const struct tcp_news *news);

#endif
