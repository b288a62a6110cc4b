/* tcp_evict.h - who gives way to a new connection when all are taken.
 *
 * 64 connections are looked at, evenly spread over all. A source that has an eighth of them or
 * more, and over twice as many as the newcomer's, gives the one that has been silent for longest: a
 * share binds only under want, and a fleet behind one address has all there is until others come.
 * Else the longest silent of all gives way, when that is a minute.
 *
 * Nothing is kept for this: neither a count per source nor an order of idle ones, which each frame
 * would have to keep. A table of 64 is looked at whole. Core: poller.
 */
#ifndef PENSTOCK_TCP_EVICT_H
#define PENSTOCK_TCP_EVICT_H

#include "dataplane/net/tcp/tcp_conn.h"

/* Whether somebody would give way to a SYN from there, as far as was seen within this millisecond:
 * a flood of SYNs does not have each of them looked for. */
bool tcp_evict_is_likely(struct tcp *t, const struct address *from);
/* Somebody gives way, if anybody does, to a peer who has shown that he is there; the place is free
 * in the next turn. */
void tcp_evict(struct tcp *t, const struct address *from);

#endif
