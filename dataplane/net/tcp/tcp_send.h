/* tcp_send.h - what is to be sent, until it is acknowledged.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_SEND_H
#define PENSTOCK_TCP_SEND_H

#include "dataplane/net/tcp/tcp_conn.h"

/* A copy; `pool` has a chunk for it, which is taken if need be. */
void tcp_send_text(struct tcp_conn *c, struct bytes text, struct chunk_pool *pool);
void tcp_send_chain(struct tcp_conn *c, struct chain *give);
/* The first `size` bytes are acknowledged. */
void tcp_send_consume(struct tcp_conn *c, uint32_t size);
/* Copies [from, from + size), counted from snd_una. */
void tcp_send_copy(const struct tcp_conn *c, uint32_t from, uint8_t *out, uint32_t size);
void tcp_send_give(struct tcp_conn *c);

#endif
