/* tcp_half_open.h - handshakes under way: entries taken, repeated, given back.
 *
 *     SYN ─▶ take ─▶ line 0 ─ 1 s ─▶ line 1 ─ 2 s ─▶ line 2 ... ─▶ forgotten after 31 s
 *                      └────────── give: opened, reset, or forgotten
 *
 * All entries of a line were repeated as often, and wait equally long: a line in order of entry is
 * in order of time, and an entry needs no timer.
 *
 * A part of them only is for any SYN, and of that a source prefix (/24, of IPv6 /64) has a share:
 * who comes beyond gets a cookie (tcp_cookie.h), which takes no entry. What is left is for those
 * whose numbers must begin behind an old connection's, which a cookie cannot promise.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_HALF_OPEN_H
#define PENSTOCK_TCP_HALF_OPEN_H

#include "dataplane/net/tcp/tcp_conn.h"

void tcp_half_open_init(struct tcp *t);
/* Whether a SYN from there may have an entry. */
bool tcp_half_open_has_room(const struct tcp *t, const struct address *from);
/* An entry for the SYN, in the table and in line 0; null when all are taken. */
struct tcp_half_open *tcp_half_open_take(struct tcp *t, const struct tcp_segment *syn);
void tcp_half_open_give(struct tcp *t, struct tcp_half_open *half);
/* The SYN-ACK is sent again: the entry goes to the next line. */
void tcp_half_open_repeat(struct tcp *t, struct tcp_half_open *half);
/* One that has waited long enough for the time being; null when there is none. */
struct tcp_half_open *tcp_half_open_due(struct tcp *t);
/* Until one has, at most `limit_ms`. */
uint32_t tcp_half_open_idle_ms(const struct tcp *t, uint32_t now_ms, uint32_t limit_ms);

#endif
