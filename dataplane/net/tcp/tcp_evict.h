/* tcp_evict.h - who gives way to a new connection when all are taken.
 *
 * 64 connections are looked at, evenly spread over all. A source (tcp_source()) that has an eighth
 * of them or more, and over twice as many as the newcomer's, gives the one that has been silent for
 * longest: a share binds only under want, and a fleet behind one address has all there is until
 * others come. Where these 64 are all there are, numbers are no estimate: two more are enough. Else
 * the longest silent gives way, when that is a minute and its source has no fewer than the
 * newcomer's: who has most takes from himself.
 *
 * Where a listener has as many as it may, one of these gives way, if any are among those looked at.
 *
 * Nothing is kept for this: neither a count per source, which would be 40 bytes for each vehicle
 * that has one of its own, nor an order of idle ones, which each frame would have to keep. Core:
 * poller.
 */
#ifndef PENSTOCK_TCP_EVICT_H
#define PENSTOCK_TCP_EVICT_H

#include "dataplane/net/tcp/tcp_conn.h"

/* Whoever's connection it is; else one of the listener that has as many as it may. */
enum { TCP_EVICT_ANY = -1 };

/* Whether somebody would give way to a SYN from there, by what was seen within this millisecond: a
 * flood of SYNs does not have connections looked at for each. */
bool tcp_evict_is_likely(struct tcp *t, const struct address *from, int listener);
/* Somebody gives way, if anybody does, to a peer who has shown that he is there. His connection is
 * opened at once, in a place that is kept for the turn: a copy of his last step finds it. */
bool tcp_evict(struct tcp *t, const struct address *from, int listener);

#endif
