/* tcp_ooo.c - bytes behind a gap in; once it is filled, chunks of the residue out.
 *
 * A chunk of the queue holds adjoining bytes; the sequence number of the first lies in its first
 * four bytes, so that the chunk joins the residue as it is. The queue is a ring, of which the
 * connection knows the last: most of what comes goes behind it. */
#include "dataplane/net/tcp/tcp_ooo.h"
#include "dataplane/base/require.h"
#include "dataplane/net/tcp/tcp_extra.h"

enum {
	OOO_SEQ_BYTES = sizeof(uint32_t),
	OOO_CHUNKS_MAX = UINT16_MAX,
	/* This part of the receive pool is for bytes in order only: what fills a gap must
	 * find a chunk, or nothing is ever freed. */
	OOO_RESERVE_SHARE = 8,
	/* Pieces smaller than so many bytes that adjoin nothing: a connection has a few. */
	OOO_TINY_BYTES = 64,
	OOO_TINY_MAX = 8,
	/* Looked at to find whose bytes go. */
	OOO_SAMPLE = 16,
	OOO_AGE_MS = 30000,
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

/* Null: there are none. */
static struct chunk *ooo_last(const struct tcp_conn *c)
{
	return c->flags & CONN_GAP ? tcp_extra(c)->ooo : NULL;
}

/* The chunk behind `prev` (null: the first), null at the end. */
static struct chunk *ooo_next(const struct tcp_conn *c, const struct chunk *prev)
{
	const struct chunk *last = ooo_last(c);
	if (!prev)
		return last ? last->next : NULL;
	return prev == last ? NULL : prev->next;
}

/* Takes the first out of the ring. */
static struct chunk *ooo_take_first(struct tcp_conn *c)
{
	struct tcp_extra *e = tcp_extra(c);
	struct chunk *first = e->ooo->next;
	if (first == e->ooo)
		e->ooo = NULL;
	else
		e->ooo->next = first->next;
	e->ooo_chunks--;
	tcp_conn_flag(c, CONN_GAP, e->ooo);
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
	struct tcp_extra *e = tcp_extra(c);
	const struct chunk *was_last = e->ooo;
	if (!was_last) {
		k->next = k;
	} else {
		struct chunk *before = prev ? prev : e->ooo;
		k->next = before->next;
		before->next = k;
	}
	if (!was_last || prev == was_last)
		e->ooo = k;
	e->ooo_chunks++;
	c->flags |= CONN_GAP;
}

static uint32_t ooo_chunks(const struct tcp_conn *c)
{
	return c->flags & CONN_GAP ? tcp_extra(c)->ooo_chunks : 0;
}

/* ---- whose bytes go -------------------------------------------------------------------- */

static struct tcp_gap *gap_at(struct tcp *t, unsigned n)
{
	return &t->gaps[(t->gap_first + n) % TCP_GAPS_LINE];
}

/* Null: that gap was closed, or its connection has gone. */
static struct tcp_conn *gap_conn(struct tcp *t, const struct tcp_gap *gap)
{
	struct tcp_conn *c = tcp_conn_at(t, gap->index);
	return (c->flags & CONN_GAP) && tcp_extra(c)->gap_ms == gap->since_ms ? c : NULL;
}

static void gap_leave(struct tcp *t)
{
	t->gap_first = (t->gap_first + 1) % TCP_GAPS_LINE;
	t->gap_count--;
}

static void gap_drop(struct tcp *t, struct tcp_conn *c)
{
	tcp_ooo_give(c);
	tcp_extra_rest(c);
	tcp_count(t, STAT_tcp_early_dropped);
}

/* The oldest; null: none has early bytes. */
static struct tcp_conn *gap_oldest(struct tcp *t)
{
	for (; t->gap_count > 0; gap_leave(t)) {
		struct tcp_conn *c = gap_conn(t, gap_at(t, 0));
		if (c)
			return c;
	}
	return NULL;
}

bool tcp_ooo_reclaim(struct tcp *t, const struct tcp_conn *c)
{
	struct tcp_conn *most = NULL;
	if (!gap_oldest(t))
		return false;
	for (unsigned i = 0; i < min_u32(OOO_SAMPLE, t->gap_count); i++) {
		struct tcp_conn *other = gap_conn(t, gap_at(t, i));
		if (other && other != c && (!most || ooo_chunks(other) > ooo_chunks(most)))
			most = other;
	}
	if (most)
		gap_drop(t, most);
	return most;
}

void tcp_ooo_age(struct tcp *t)
{
	for (unsigned i = 0; i < OOO_SAMPLE; i++) {
		struct tcp_conn *c = gap_oldest(t);
		if (!c || (uint16_t)(t->now_ms - tcp_extra(c)->gap_ms) < OOO_AGE_MS)
			return;
		gap_drop(t, c);
	}
}

/* At the end of the line; when that is full, the first of it leaves, and its bytes go. */
static void gap_begin(struct tcp *t, struct tcp_conn *c)
{
	uint16_t now_ms = (uint16_t)t->now_ms;
	tcp_extra_take(c)->gap_ms = now_ms;
	struct tcp_conn *oldest = t->gap_count == TCP_GAPS_LINE ? gap_oldest(t) : NULL;
	if (oldest && t->gap_count == TCP_GAPS_LINE)
		gap_drop(t, oldest);
	if (t->gap_count == TCP_GAPS_LINE)
		gap_leave(t);
	*gap_at(t, t->gap_count++) = (struct tcp_gap){tcp_conn_index(c), now_ms};
}

/* ---- early bytes in -------------------------------------------------------------------- */

static bool is_short(const struct chunk_pool *pool)
{
	return chunk_pool_left(pool) <= pool->count / OOO_RESERVE_SHARE;
}

/* An empty chunk for bytes from `seq` on, of a piece of `bytes`, linked behind `prev` (null: in
 * front). */
static struct chunk *ooo_take(struct tcp *t, struct tcp_conn *c, struct chunk *prev,
			      uint32_t seq, uint32_t bytes)
{
	uint32_t chunks_max =
		t->options.settings.out_of_order_bytes / t->options.receive->chunk_bytes;
	struct chunk_pool *pool = t->options.receive;
	bool is_tiny = bytes < OOO_TINY_BYTES && ooo_chunks(c) >= OOO_TINY_MAX;
	if (ooo_chunks(c) >= min_u32(chunks_max, OOO_CHUNKS_MAX) || is_tiny)
		return NULL;
	if (is_short(pool) && !(tcp_ooo_reclaim(t, c) && !is_short(pool)))
		return NULL;
	struct chunk *k = chunk_take(pool);
	if (!k)
		return NULL;
	if (!(c->flags & CONN_GAP))
		gap_begin(t, c);
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
			k = ooo_take(t, c, *prev, seq + stored,
				     (uint32_t)bytes.size);
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
	struct chunk *last = ooo_last(c);
	bool is_behind = last && seq_le(ooo_seq(last), seq);
	struct chunk *prev = is_behind ? last : NULL;
	uint32_t size = (uint32_t)bytes.size;
	uint32_t stored = 0;
	uint32_t at = 0;
	if (is_behind && seq_lt(seq, ooo_end(last)))
		at = min_u32(ooo_end(last) - seq, size);
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
	if (c->flags & CONN_GAP)
		tcp_extra(c)->ooo_recent = seq;
	return stored;
}

/* Chunks go to the residue as they are; what has come in order meanwhile is given back. */
void tcp_ooo_join(struct tcp_conn *c)
{
	while ((c->flags & CONN_GAP) && seq_le(ooo_seq(ooo_next(c, NULL)), c->rcv_nxt)) {
		struct chunk *k = ooo_take_first(c);
		uint32_t old = c->rcv_nxt - ooo_seq(k);
		if (old >= k->len) {
			chunk_give(k);
			continue;
		}
		k->off += old;
		k->len -= old;
		c->rcv_nxt += k->len;
		chain_push(&tcp_extra(c)->residue, k);
		c->flags |= CONN_RESIDUE;
	}
}

static bool block_has(const struct tcp_sack *b, uint32_t seq)
{
	return seq_le(b->from, seq) && seq_lt(seq, b->to);
}

/* Takes the bytes that adjoin from `*at` on; `*at` is what is behind them. */
static struct tcp_sack ooo_block(const struct tcp_conn *c, struct chunk **at)
{
	struct tcp_sack block = {ooo_seq(*at), ooo_seq(*at)};
	for (; *at && ooo_seq(*at) == block.to; *at = ooo_next(c, *at))
		block.to = ooo_end(*at);
	return block;
}

unsigned tcp_ooo_blocks(const struct tcp_conn *c, struct tcp_sack *ret, unsigned max)
{
	struct tcp_sack last[TCP_SACKS_MAX];
	unsigned seen = 0, count = 0;
	require(max > 0 && max <= TCP_SACKS_MAX);
	for (struct chunk *at = ooo_next(c, NULL); at;) {
		struct tcp_sack block = ooo_block(c, &at);
		if (block_has(&block, tcp_extra(c)->ooo_recent))
			ret[count++] = block;
		else
			last[seen++ % TCP_SACKS_MAX] = block;
	}
	while (count < max && seen > 0)
		ret[count++] = last[--seen % TCP_SACKS_MAX];
	return count;
}

void tcp_twice_note(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t end)
{
	if (!(c->flags & CONN_SACK) || seq == end)
		return;
	t->twice = (struct tcp_sack){seq, end};
	t->twice_conn = tcp_conn_index(c);
	c->flags |= CONN_TWICE;
}
