/* tcp_cookie.h - SYN cookies (RFC 4987 3.6): a SYN-ACK whose numbers are all that is kept of the
 * handshake; the peer gives them back with his acknowledgement.
 *
 *     initial number │ 10, 18 of a keyed hash    │ 1 of the time │ 3: his MSS, rounded down
 *     timestamp      │ the clock's upper 28 bits │ 4: his window scale, 15: none
 *
 * Only who offers timestamps has his window scaled. What the hash covers: the tuple, the period
 * of 32 s, the MSS, and whether timestamps are spoken. To its 18 bits his initial number is added:
 * a segment of his from up to 256 KiB further on never opens, for bytes before it would be missing.
 * The other 10 tell such a one, which has overtaken the last step and comes again, from nearly all
 * strangers'.
 *
 * A cookie lasts for the rest of its period and the next one, and is looked for only that long
 * after the last that was sent: in quiet times a stranger's acknowledgement costs no hash, and can
 * open nothing.
 *
 * It opens once: a copy of the last step, whose connection has ended meanwhile, would bring its
 * bytes again. The last 61,440 that opened are remembered, of 4,096 places 15 each.
 *
 * Core: poller. No state but these, and the time of the last one.
 */
#ifndef PENSTOCK_TCP_COOKIE_H
#define PENSTOCK_TCP_COOKIE_H

#include "dataplane/net/tcp/tcp_conn.h"

/* Of a handshake whose offer is filled in, makes the numbers: iss, and the timestamp. */
void tcp_cookie_make(struct tcp *t, struct tcp_half_open *half, uint32_t *ts_value);
/* Whether `s` acknowledges a cookie that has not opened yet; the handshake as it was then. */
bool tcp_cookie_open(const struct tcp *t, const struct tcp_segment *s,
		     struct tcp_half_open *ret);
/* It has opened, and does so no more. */
void tcp_cookie_spend(struct tcp *t, const struct tcp_half_open *half);
/* Whether `s` acknowledges a cookie, and is not the first behind its SYN. */
bool tcp_cookie_is_early(const struct tcp *t, const struct tcp_segment *s);

#endif
