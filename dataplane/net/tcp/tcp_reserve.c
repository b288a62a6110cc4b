/* tcp_reserve.c - receive memory for what sessions leave unread; the last of it for one connection
 * at a time.
 *
 *     left unread ─▶ enough chunks? ─ yes ──────────────────────────────▶ residue
 *                          │ no                                              ▲
 *                          └─▶ a frame longer than a segment? ─▶ line ─ first ┘
 *
 * A frame whose rest does not come in one turn lies in chunks until it is whole. With all chunks
 * taken by parts of such frames none would ever be whole, until their sessions gave them up. The
 * last chunks are therefore kept for the longest frame there is: for the first in line of those
 * whose session needs more at once (stream_need) and that found no memory. It has them until its
 * session needs no more or it is lost; then the next has them, whose peer sends again what was not
 * acknowledged. A peer that holds a part and sends nothing is not in the line. */
#include "dataplane/net/tcp/tcp_reserve.h"
#include "dataplane/net/tcp/tcp_extra.h"
#include "dataplane/net/tcp/tcp_ooo.h"

enum {
	/* The longest frame or piece a session needs at once is little longer than 64 KiB. */
	RESERVE_BYTES = 96 << 10,
	/* But no more of the pool than early bytes leave (tcp_ooo.c). */
	RESERVE_SHARE = 8,
};

void tcp_reserve_init(struct tcp *t)
{
	const struct chunk_pool *p = t->options.receive;
	t->reserve_chunks = min_u32(RESERVE_BYTES / p->chunk_bytes, p->count / RESERVE_SHARE);
}

static bool needs_more(const struct tcp_conn *c)
{
	return (c->flags & CONN_NEED) && !c->stream.is_closed && c->state != TCP_STATE_CLOSED;
}

/* The first in the line; those in front of it that need it no more leave. */
static const struct tcp_conn *reserve_holder(struct tcp *t)
{
	for (; t->reserve_count > 0; t->reserve_count--, t->reserve_first++) {
		uint64_t handle = t->reserve_line[t->reserve_first % TCP_RESERVE_LINE];
		struct tcp_conn *c = slab_get(&t->conns, handle);
		if (c && needs_more(c))
			return c;
		if (c)
			c->flags &= ~(uint32_t)CONN_RESERVE;
	}
	return NULL;
}

/* Is it the connection's turn? If it is not in the line, it goes to its end; when that is full,
 * it comes again with what its peer sends again. */
static bool reserve_is_turn(struct tcp *t, struct tcp_conn *c)
{
	if (!needs_more(c))
		return false;
	const struct tcp_conn *holder = reserve_holder(t);
	if (!(c->flags & CONN_RESERVE) && t->reserve_count < TCP_RESERVE_LINE) {
		unsigned last = t->reserve_first + t->reserve_count++;
		t->reserve_line[last % TCP_RESERVE_LINE] = slab_handle(&t->conns, c);
		c->flags |= CONN_RESERVE;
		holder = holder ? holder : c;
	}
	return holder == c;
}

/* Would so many more leave less than the last of it? */
static bool is_short(const struct tcp *t, uint32_t chunks)
{
	return chunk_pool_left(t->options.receive) < t->reserve_chunks + chunks;
}

bool tcp_residue_append(struct tcp *t, struct tcp_conn *c, const void *data, uint32_t size)
{
	struct chunk_pool *p = t->options.receive;
	uint32_t chunks = size / p->chunk_bytes + 1;
	while (unlikely(is_short(t, chunks)) && tcp_ooo_reclaim(t, c))
		;
	if (unlikely(is_short(t, chunks)) && !reserve_is_turn(t, c))
		return false;
	if (!chain_append(&tcp_extra_take(c)->residue, p, data, size))
		return false;
	c->flags |= CONN_RESIDUE;
	return true;
}
