/* tcp_stream.c - what sessions see of a connection: the operations of stream.h. */
#include "dataplane/base/require.h"
#include "dataplane/net/tcp/tcp_conn.h"
#include "dataplane/net/tcp/tcp_extra.h"
#include "dataplane/net/tcp/tcp_send.h"

static size_t conn_readable_bytes(const struct stream *s)
{
	return tcp_conn_unread(tcp_conn_of(s));
}

/* The cursor remembers the piece that was shown last, so that a session that reads on does not
 * walk the chain from its head each time. */
static struct bytes residue_piece(const struct tcp_conn *c, size_t at)
{
	struct tcp *t = tcp_of(c);
	struct tcp_cursor cursor = {.conn = c, .span = c->span_first};
	if (t->cursor.conn == c && t->cursor.chunk && t->cursor.chunk_before <= at)
		cursor = t->cursor;
	else
		cursor.chunk = tcp_extra(c)->residue.head;
	for (; at - cursor.chunk_before >= cursor.chunk->len; cursor.chunk = cursor.chunk->next)
		cursor.chunk_before += cursor.chunk->len;
	size_t from = at - cursor.chunk_before;
	t->cursor = cursor;
	return (struct bytes){chunk_at(cursor.chunk) + from, cursor.chunk->len - from};
}

/* The contiguous bytes at `at`, counted from the first byte of the residue. */
static struct bytes conn_piece(const struct tcp_conn *c, size_t at)
{
	struct tcp *t = tcp_of(c);
	uint32_t residue_bytes = tcp_conn_residue_bytes(c);
	if (at < residue_bytes)
		return residue_piece(c, at);
	at -= residue_bytes;
	struct tcp_cursor cursor = {.conn = c, .span = c->span_first};
	if (t->cursor.conn == c && t->cursor.before <= at)
		cursor = t->cursor;
	for (; cursor.span != TCP_SPAN_NONE; cursor.span = t->spans[cursor.span].next) {
		const struct tcp_span *span = &t->spans[cursor.span];
		size_t from = at - cursor.before;
		if (from < span->size) {
			t->cursor = cursor;
			return (struct bytes){span->data + from, span->size - from};
		}
		cursor.before += span->size;
	}
	return (struct bytes){0};
}

/* Copies `size` bytes from `at` together; null when the turn's scratch is full. */
static const uint8_t *conn_gather(const struct tcp_conn *c, size_t at, size_t size)
{
	struct tcp *t = tcp_of(c);
	if (size > t->options.scratch_size - t->scratch_used)
		return NULL;
	uint8_t *to = t->options.scratch + t->scratch_used;
	for (size_t done = 0; done < size;) {
		struct bytes piece = conn_piece(c, at + done);
		size_t n = min_size(piece.size, size - done);
		memcpy(to + done, piece.data, n);
		done += n;
	}
	t->scratch_used += size;
	return to;
}

/* Bytes that lie apart are gathered. When the scratch is full, less than was asked for is
 * shown. */
static struct bytes conn_peek(struct stream *s, size_t from, size_t want)
{
	struct tcp_conn *c = tcp_conn_of(s);
	size_t unread = tcp_conn_unread(c);
	if (from >= unread)
		return (struct bytes){0};
	want = min_size(want, unread - from);
	size_t at = *tcp_conn_taken(c) + from;
	struct bytes piece = conn_piece(c, at);
	if (piece.size >= want)
		return (struct bytes){piece.data, want};
	const uint8_t *gathered = conn_gather(c, at, want);
	return gathered ? (struct bytes){gathered, want} : piece;
}

static struct bytes conn_span(struct stream *s, size_t from, size_t want)
{
	struct tcp_conn *c = tcp_conn_of(s);
	if (from >= tcp_conn_unread(c))
		return (struct bytes){0};
	struct bytes piece = conn_piece(c, *tcp_conn_taken(c) + from);
	return (struct bytes){piece.data, min_size(piece.size, want)};
}

static void conn_need(struct stream *s, size_t bytes)
{
	struct tcp_conn *c = tcp_conn_of(s);
	size_t chunk_bytes = tcp_of(c)->options.receive->chunk_bytes;
	size_t chunks = min_size((bytes + chunk_bytes - 1) / chunk_bytes, UINT16_MAX);
	if (chunks > 0)
		tcp_extra_take(c)->needed_chunks = (uint16_t)chunks;
	tcp_conn_flag(c, CONN_NEED, chunks > 0);
	tcp_conn_mark(c);
}

static void conn_consume(struct stream *s, size_t n)
{
	struct tcp_conn *c = tcp_conn_of(s);
	require(n <= tcp_conn_unread(c));
	if (n > 0)
		*tcp_conn_taken(c) += (uint32_t)n;
	tcp_conn_mark(c);
}

static size_t conn_send_room(const struct stream *s)
{
	const struct tcp_conn *c = tcp_conn_of(s);
	size_t bound = tcp_of(c)->options.settings.send_buffer_bytes;
	size_t held = tcp_send_bytes(c);
	return held < bound ? bound - held : 0;
}

/* Who is in the line for the port has been let by the peer, and waits for us. */
static void conn_sending(const struct stream *s, struct stream_sending *ret)
{
	const struct tcp_conn *c = tcp_conn_of(s);
	*ret = (struct stream_sending){
		.held = tcp_send_bytes(c),
		.taken = c->snd_una,
		.still_ms = tcp_of(c)->now_ms - c->progress_ms,
		.is_shut = c->flags & CONN_PERSIST,
		.is_ours = c->flags & CONN_OUTPUT,
	};
}

/* A session hears of its connection's end in its own turn: until then what it sends goes
 * nowhere. */
static void conn_send_chain(struct stream *s, struct chain *give)
{
	struct tcp_conn *c = tcp_conn_of(s);
	if (s->is_closed || c->state == TCP_STATE_CLOSED) {
		chain_give(give);
		return;
	}
	tcp_send_chain(c, give);
	tcp_conn_mark(c);
}

static void conn_send_text(struct stream *s, struct bytes text, struct chunk_pool *pool)
{
	struct tcp_conn *c = tcp_conn_of(s);
	if (s->is_closed || c->state == TCP_STATE_CLOSED)
		return;
	tcp_send_text(c, text, pool);
	tcp_conn_mark(c);
}

static void conn_close(struct stream *s, enum stream_close_how how)
{
	struct tcp_conn *c = tcp_conn_of(s);
	if (s->is_closed)
		return;
	s->is_closed = true;
	s->events = 0;
	list_remove(&s->ready);
	tcp_conn_mark(c);
	if (c->state == TCP_STATE_CLOSED)
		return;
	if (how == STREAM_CLOSE_RESET)
		tcp_conn_lose(tcp_of(c), c, true);
	else if (c->state == TCP_STATE_ESTABLISHED)
		c->state = TCP_STATE_FIN_WAIT_1;
	else
		c->state = TCP_STATE_LAST_ACK;
}

const struct stream_ops tcp_stream_ops = {
	.readable = conn_readable_bytes,
	.peek = conn_peek,
	.span = conn_span,
	.need = conn_need,
	.consume = conn_consume,
	.send_room = conn_send_room,
	.sending = conn_sending,
	.send = conn_send_chain,
	.send_text = conn_send_text,
	.close = conn_close,
};
