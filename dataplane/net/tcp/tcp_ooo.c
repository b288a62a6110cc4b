/* tcp_ooo.c - bytes behind a gap in; once it is filled, chunks of the residue out.
 *
 * A chunk of the queue holds adjoining bytes; the sequence number of the first lies in its first
 * four bytes, so that the chunk joins the residue as it is. The queue is a ring, of which the
 * connection knows the last: most of what comes goes behind it. */
#include "dataplane/net/tcp/tcp_ooo.h"

enum {
	OOO_SEQ_BYTES = sizeof(uint32_t),
	OOO_CHUNKS_MAX = UINT16_MAX,
	/* This part of the receive pool is for bytes in order only: what fills a gap must
	 * find a chunk, or nothing is ever freed. */
	OOO_RESERVE_SHARE = 8,
};

static uint32_t ooo_seq(const struct chunk *k)
{
	uint32_t seq;
	memcpy(&seq, k->data, sizeof seq);
	return seq;
}

static uint32_t ooo_end(const struct chunk *k)
{
	return ooo_seq(k) + k->len;
}

/* The chunk behind `prev` (null: the first), null at the end. */
static struct chunk *ooo_next(const struct tcp_conn *c, const struct chunk *prev)
{
	if (!prev)
		return c->ooo ? c->ooo->next : NULL;
	return prev == c->ooo ? NULL : prev->next;
}

/* Takes the first out of the ring. */
static struct chunk *ooo_take_first(struct tcp_conn *c)
{
	struct chunk *first = c->ooo->next;
	if (first == c->ooo)
		c->ooo = NULL;
	else
		c->ooo->next = first->next;
	c->ooo_chunks--;
	tcp_conn_flag(c, CONN_GAP, c->ooo);
	return first;
}

void tcp_ooo_give(struct tcp_conn *c)
{
	while (c->flags & CONN_GAP)
		chunk_give(ooo_take_first(c));
}

/* Puts `k` behind `prev` (null: in front). */
static void ooo_link(struct tcp_conn *c, struct chunk *prev, struct chunk *k)
{
	const struct chunk *was_last = c->ooo;
	if (!was_last) {
		k->next = k;
	} else {
		struct chunk *before = prev ? prev : c->ooo;
		k->next = before->next;
		before->next = k;
	}
	if (!was_last || prev == was_last)
		c->ooo = k;
	c->ooo_chunks++;
	c->flags |= CONN_GAP;
}

/* An empty chunk for bytes from `seq` on, linked behind `prev` (null: in front). */
static struct chunk *ooo_take(struct tcp *t, struct tcp_conn *c, struct chunk *prev,
			      uint32_t seq)
{
	uint32_t chunks_max =
		t->options.settings.out_of_order_bytes / t->options.receive->chunk_bytes;
	struct chunk_pool *pool = t->options.receive;
	if (c->ooo_chunks >= min_u32(chunks_max, OOO_CHUNKS_MAX) ||
	    chunk_pool_left(pool) <= pool->count / OOO_RESERVE_SHARE)
		return NULL;
	struct chunk *k = chunk_take(pool);
	if (!k)
		return NULL;
	memcpy(k->data, &seq, sizeof seq);
	k->off = OOO_SEQ_BYTES;
	ooo_link(c, prev, k);
	return k;
}

/* Keeps bytes that nothing kept overlaps, behind `*prev`; returns how many. */
static uint32_t ooo_store(struct tcp *t, struct tcp_conn *c, struct chunk **prev,
			  uint32_t seq, struct bytes bytes)
{
	uint32_t stored = 0;
	while (stored < bytes.size) {
		struct chunk *k = *prev;
		if (!k || ooo_end(k) != seq + stored || chunk_room(k) == 0)
			k = ooo_take(t, c, *prev, seq + stored);
		if (!k)
			return stored;
		uint32_t n = min_u32((uint32_t)bytes.size - stored, chunk_room(k));
		memcpy(chunk_at(k) + k->len, bytes.data + stored, n);
		k->len += n;
		stored += n;
		*prev = k;
	}
	return stored;
}

/* Behind the last where that is possible, else from the first on. Of bytes that come twice the
 * first copy stays. */
uint32_t tcp_ooo_insert(struct tcp *t, struct tcp_conn *c, uint32_t seq,
			   struct bytes bytes, bool *is_full)
{
	bool is_behind = c->ooo && seq_le(ooo_seq(c->ooo), seq);
	struct chunk *prev = is_behind ? c->ooo : NULL;
	uint32_t size = (uint32_t)bytes.size;
	uint32_t stored = 0;
	uint32_t at = 0;
	if (is_behind && seq_lt(seq, ooo_end(c->ooo)))
		at = min_u32(ooo_end(c->ooo) - seq, size);
	*is_full = false;
	while (at < size && !*is_full) {
		struct chunk *next = ooo_next(c, prev);
		if (next && seq_le(ooo_seq(next), seq + at)) {
			if (seq_lt(seq + at, ooo_end(next)))
				at = ooo_end(next) - seq;
			prev = next;
			continue;
		}
		uint32_t gap =
			next ? min_u32(size - at, ooo_seq(next) - (seq + at)) : size - at;
		uint32_t n = ooo_store(t, c, &prev, seq + at,
				       (struct bytes){bytes.data + at, gap});
		*is_full = n < gap;
		stored += n;
		at += n;
	}
	return stored;
}

/* Chunks go to the residue as they are; what has come in order meanwhile is given back. */
void tcp_ooo_join(struct tcp_conn *c)
{
	while (c->ooo && seq_le(ooo_seq(c->ooo->next), c->rcv_nxt)) {
		struct chunk *k = ooo_take_first(c);
		uint32_t old = c->rcv_nxt - ooo_seq(k);
		if (old >= k->len) {
			chunk_give(k);
			continue;
		}
		k->off += old;
		k->len -= old;
		c->rcv_nxt += k->len;
		chain_push(&c->residue, k);
		c->flags |= CONN_RESIDUE;
	}
}
