/* gen_tcp_private.h - what the halves of the generator's TCP share; nobody else includes
 * it.
 *
 *     gen_tcp.c  table, sending, sweep      gen_tcp_in.c  segments of the target
 */
#ifndef PENSTOCK_GEN_TCP_PRIVATE_H
#define PENSTOCK_GEN_TCP_PRIVATE_H

#include "dataplane/wire/net/tcp_header.h"
#include "perf/gen_tcp.h"

/* Sequence numbers wrap. */
static inline bool seq_is_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/* To be looked at when the turn ends. */
void gen_conn_touch(struct gen_tcp *t, struct gen_conn *c);
/* A segment without data; false: no buffer, it is tried again. */
bool gen_conn_signal(struct gen_tcp *t, struct gen_conn *c, uint8_t flags);
/* Sends again from the first byte that is not acknowledged. */
void gen_conn_go_back(struct gen_tcp *t, struct gen_conn *c);
void gen_conn_lose(struct gen_tcp *t, struct gen_conn *c, enum gen_loss why);
void gen_conn_close(struct gen_tcp *t, struct gen_conn *c);

/* Its place in our table, and the load's name for it. */
static inline uint32_t gen_conn_index(const struct gen_tcp *t, const struct gen_conn *c)
{
	return (uint32_t)(c - t->conns);
}

static inline uint32_t gen_conn_number(const struct gen_tcp *t, const struct gen_conn *c)
{
	return t->options.first + gen_conn_index(t, c);
}

#endif
