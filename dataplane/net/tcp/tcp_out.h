/* tcp_out.h - segments and acknowledgements out.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_OUT_H
#define PENSTOCK_TCP_OUT_H

#include "dataplane/net/tcp/tcp_conn.h"

/* In the line of those that want to send, at its end. */
void tcp_output_push(struct tcp *t, struct tcp_conn *c);
/* An acknowledgement with this turn's output: it waits neither for an answer nor for more. */
void tcp_ack_now(struct tcp_conn *c);
/* An ACK with our own numbers, a few per second (RFC 5961 7). */
void tcp_challenge(struct tcp *t, struct tcp_conn *c);
/* An acknowledgement of data that is not in the window, but near it: sent again because ours was
 * lost, or a probe of a closed window. More often than a challenge, and not without limit. */
void tcp_ack_again(struct tcp *t, struct tcp_conn *c);
/* Whether a peer that has no connection is answered once more in this second. */
bool tcp_may_answer(struct tcp *t, const struct tcp_tuple *peer);
/* One segment that belongs to no connection; lost when the port has no buffer. */
void tcp_reply(struct tcp *t, const struct tcp_reply *reply);
uint32_t tcp_ts_now(const struct tcp *t, uint32_t offset);

#endif
