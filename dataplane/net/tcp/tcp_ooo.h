/* tcp_ooo.h - bytes that came out of order.
 *
 * They are not acknowledged, and may go at any time, to come again; a peer that was told of them
 * by SACK finds out by its timeout (RFC 2018 8). They give way to whoever needs memory: to bytes in
 * order always, to other early bytes when these are younger. Of the oldest gaps the one that holds
 * most goes first; one of half a minute goes in any case.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_OOO_H
#define PENSTOCK_TCP_OOO_H

#include "dataplane/net/tcp/tcp_conn.h"

/* Keeps what is new of `bytes`; returns how many. `*is_full` when memory ended it. */
uint32_t tcp_ooo_insert(struct tcp *t, struct tcp_conn *c, uint32_t seq, struct bytes bytes,
			bool *is_full);
/* What rcv_nxt has reached joins the residue. */
void tcp_ooo_join(struct tcp_conn *c);
void tcp_ooo_give(struct tcp_conn *c);
/* Early bytes of another connection than `c` give way. False: there are none. */
bool tcp_ooo_reclaim(struct tcp *t, const struct tcp_conn *c);
/* What is too old goes; once a turn. */
void tcp_ooo_age(struct tcp *t);
/* What of it adjoins, as at most `max` blocks: first the one that what came last is in, then those
 * that lie farthest ahead, which are likely the ones before it (RFC 2018 4). Returns how many. */
unsigned tcp_ooo_blocks(const struct tcp_conn *c, struct tcp_sack *ret, unsigned max);
/* [seq, end) has come a second time: the peer is told, if it speaks SACK (RFC 2883). */
void tcp_twice_note(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t end);

#endif
