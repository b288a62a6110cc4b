/* tcp_extra.h - what a connection keeps only at times, beside it: unread and early bytes, a FIN
 * that is not its turn yet, a loss that is not behind it, a SYN that insists.
 *
 *     a flag of CONN_EXTRA_USES is about to be set ─▶ tcp_extra_take ─▶ tcp_extra(c)
 *     the last of them is cleared ─▶ tcp_extra_rest, with the turn at the latest
 *
 * There are as many as connections, so that none is in want of one, and no more of them are touched
 * than were in use at a time.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_EXTRA_H
#define PENSTOCK_TCP_EXTRA_H

#include "dataplane/net/tcp/tcp_conn.h"

/* The one it has, or a new one, zeroed. */
struct tcp_extra *tcp_extra_take(struct tcp_conn *c);
/* Nothing is kept in the one it has. */
void tcp_extra_give(struct tcp_conn *c);

/* Gives back what it needs no more. */
static inline void tcp_extra_rest(struct tcp_conn *c)
{
	if (unlikely(c->flags & CONN_EXTRA) && !(c->flags & CONN_EXTRA_USES))
		tcp_extra_give(c);
}

#endif
