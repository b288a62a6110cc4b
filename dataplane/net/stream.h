/* stream.h - an ordered byte stream, whatever carries it: the seam between transport and
 * sessions. TCP over the port implements it (tcp_stream.c); TLS and a kernel-socket backend
 * come behind the same operations.
 *
 *     transport sets events, puts the stream on the ready list
 *     session:  peek, peek further ... consume      send(chain)      close
 *
 * Bytes: what peek() showed stays valid until the end of the turn, consumed or not; what is
 * not consumed is kept by the transport, and its window shrinks by it: a session that stops
 * consuming stops its peer. Nothing calls upward: the transport only marks events.
 *
 * Core: the poller that owns the stream. Ownership: a session may keep the pointer until it
 * has seen STREAM_LOST, or has called stream_close(); after either the transport frees the
 * stream at the end of the turn or when the peer has everything. A handle survives that.
 */
#ifndef PENSTOCK_STREAM_H
#define PENSTOCK_STREAM_H

#include "dataplane/base/chunk.h"
#include "dataplane/base/list.h"
#include "dataplane/net/pkt.h"

enum stream_event {
	STREAM_OPENED = 1 << 0,   /* handshake complete: attach a session */
	STREAM_READABLE = 1 << 1, /* new bytes, or the session asked to be called again */
	STREAM_ENDED = 1 << 2,    /* the peer will send no more (FIN), all its bytes are here */
	STREAM_LOST = 1 << 3,     /* reset or given up: no more reading or sending */
	STREAM_SENT = 1 << 4,     /* acknowledged: send_room() is no longer 0, or nothing is held */
};

enum stream_close_how {
	STREAM_CLOSE_FLUSH, /* what was sent arrives, then FIN; later bytes are refused */
	STREAM_CLOSE_RESET, /* RST at once */
};

struct stream;

/* What has become of the bytes that were given to be sent. */
struct stream_sending {
	uint32_t held;     /* not acknowledged yet */
	uint32_t taken;    /* acknowledged, in all; wraps, and begins anywhere */
	uint32_t still_ms; /* since some were, or the first of these was sent */
	bool is_shut;      /* the peer says that it has no room */
	bool is_ours;      /* some could go, and wait for the port: the peer is not slow */
};

struct stream_ops {
	size_t (*readable)(const struct stream *s);
	struct bytes (*peek)(struct stream *s, size_t from, size_t want);
	struct bytes (*span)(struct stream *s, size_t from, size_t want); /* null: peek */
	void (*need)(struct stream *s, size_t bytes); /* null: any number comes without */
	void (*consume)(struct stream *s, size_t n);
	size_t (*send_room)(const struct stream *s);
	/* null: all that is sent is taken at once */
	void (*sending)(const struct stream *s, struct stream_sending *ret);
	void (*send)(struct stream *s, struct chain *give);
	/* null: send, of a chunk */
	void (*send_text)(struct stream *s, struct bytes text, struct chunk_pool *pool);
	void (*close)(struct stream *s, enum stream_close_how how);
};

/* Of what begins with a stream, so much is touched when it sends: worth fetching ahead. */
enum { STREAM_FETCH_BYTES = 3 * CACHE_LINE_BYTES };

/* What a poller's streams of one kind have in common. */
struct transport {
	const struct stream_ops *ops;
	struct list *ready;    /* the poller's list of ready streams */
};

struct stream {
	const struct transport *transport;
	struct list ready;     /* on the transport's ready list, or alone */
	uint64_t handle;       /* generation << 32 | poller << 24 | index */
	struct session *session;
	struct endpoint peer;
	uint16_t local_port;
	uint8_t listener;      /* index of the listener that took it */
	uint8_t events;        /* enum stream_event, cleared by the session stage */
	bool is_closed : 1;     /* stream_close() was called */
	bool is_answer_due : 1; /* the session will send soon: an acknowledgement may wait for it */
	bool is_awaited : 1;    /* the session wants STREAM_SENT once nothing is held any more */
	bool is_read : 1;       /* the session's: somebody looks whether it is (unread.h) */
};
static_assert(sizeof(struct stream) == CACHE_LINE_BYTES, "a connection's first line, and no more");

/* A connection's place among its poller's: no two that live have the same. */
static inline uint32_t stream_place(const struct stream *s)
{
	return (uint32_t)s->handle & 0xffffff;
}

static inline const struct stream_ops *stream_ops(const struct stream *s)
{
	return s->transport->ops;
}

/* Bytes that can be peeked. */
static inline size_t stream_readable(const struct stream *s)
{
	return stream_ops(s)->readable(s);
}

/* min(want, readable - from) bytes from byte `from` on, contiguous. Straddling bytes are
 * gathered into the poller's scratch of the turn; a scratch that is full gives fewer (even
 * 0): leave the rest to the next turn (stream_wake). */
static inline struct bytes stream_peek(struct stream *s, size_t from, size_t want)
{
	return stream_ops(s)->peek(s, from, want);
}

/* The bytes from byte `from` on, at most `want`, as many as lie contiguous: nothing is gathered.
 * None only when there are none. */
static inline struct bytes stream_span(struct stream *s, size_t from, size_t want)
{
	const struct stream_ops *ops = stream_ops(s);
	return ops->span ? ops->span(s, from, want) : ops->peek(s, from, want);
}

/* The session cannot go on before so many bytes are readable at once: the peer may send them,
 * however small his window is. 0: it can. */
static inline void stream_need(struct stream *s, size_t bytes)
{
	const struct stream_ops *ops = stream_ops(s);
	if (ops->need)
		ops->need(s, bytes);
}

static inline void stream_consume(struct stream *s, size_t n)
{
	stream_ops(s)->consume(s, n);
}

/* Bytes that send() takes before its memory bound; a session that answers waits for it. */
static inline size_t stream_send_room(const struct stream *s)
{
	return stream_ops(s)->send_room(s);
}

static inline struct stream_sending stream_sending(const struct stream *s)
{
	struct stream_sending ret = {0};
	if (stream_ops(s)->sending)
		stream_ops(s)->sending(s, &ret);
	return ret;
}

/* Gives the chain's bytes to be sent; always taken (dropped when the stream is lost). */
static inline void stream_send(struct stream *s, struct chain *give)
{
	stream_ops(s)->send(s, give);
}

/* Sends a copy of a few bytes; `pool` has a chunk for them, which is taken if need be. */
static inline void stream_send_text(struct stream *s, struct bytes text,
				    struct chunk_pool *pool)
{
	const struct stream_ops *ops = stream_ops(s);
	struct chain chain = {0};
	if (ops->send_text) {
		ops->send_text(s, text, pool);
		return;
	}
	chain_append(&chain, pool, text.data, text.size);
	ops->send(s, &chain);
}

static inline void stream_close(struct stream *s, enum stream_close_how how)
{
	stream_ops(s)->close(s, how);
}

/* Puts the stream on the ready list with `event`: the session stage of this turn, or of the
 * next when that has passed, will look at it. */
static inline void stream_wake(struct stream *s, enum stream_event event)
{
	s->events |= (uint8_t)event;
	if (list_is_empty(&s->ready))
		list_append(s->transport->ready, &s->ready);
}

#endif
