/* kafka_peer.c - streams made of arrays: what a test sends in, what it was answered out; see
 * kafka_rig.h. */
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct peer *peer_of(const struct stream *s)
{
	return container_of(s, struct peer, stream);
}

static size_t peer_readable(const struct stream *s)
{
	return peer_of(s)->arrived.size - peer_of(s)->consumed;
}

static struct bytes peer_peek(struct stream *s, size_t from, size_t want)
{
	struct peer *p = peer_of(s);
	if (!p->arrived.data)
		return (struct bytes){0};
	return (struct bytes){p->arrived.data + p->consumed + from,
			      min_size(want, peer_readable(s) - from)};
}

/* As if every packet held an odd number of bytes. */
static struct bytes peer_span(struct stream *s, size_t from, size_t want)
{
	return peer_peek(s, from, min_size(want, 977));
}

static void peer_consume(struct stream *s, size_t n)
{
	require(n <= peer_readable(s));
	peer_of(s)->consumed += n;
}

static size_t peer_send_room(const struct stream *s)
{
	return peer_of(s)->send_room;
}

static void peer_sending(const struct stream *s, struct stream_sending *ret)
{
	const struct peer *p = container_of(s, const struct peer, stream);
	uint32_t still_ms = (uint32_t)((p->now->ns - p->took_ns) / NS_PER_MS);
	*ret = (struct stream_sending){.held = (uint32_t)p->unread.size,
				       .taken = p->taken,
				       .still_ms = still_ms,
				       .is_shut = p->is_shut};
}

static void peer_take(struct stream *s, struct chain *give)
{
	struct peer *p = peer_of(s);
	if (p->is_deaf) {
		if (p->unread.size == 0)
			p->took_ns = p->now->ns;
		chain_join(&p->unread, give);
		return;
	}
	for (const struct chunk *c = give->head; c; c = c->next)
		buffer_add(&peer_of(s)->sent, chunk_at(c), c->len);
	chain_give(give);
}

static void peer_close(struct stream *s, enum stream_close_how how)
{
	s->is_closed = true;
	if (how == STREAM_CLOSE_RESET)
		chain_give(&peer_of(s)->unread);
	peer_of(s)->is_closed = true;
	peer_of(s)->is_reset = how == STREAM_CLOSE_RESET;
}

static void peer_need(struct stream *s, size_t bytes)
{
	peer_of(s)->needed = bytes;
}

static const struct stream_ops peer_ops = {
	.need = peer_need,
	.readable = peer_readable,
	.peek = peer_peek,
	.span = peer_span,
	.consume = peer_consume,
	.send_room = peer_send_room,
	.sending = peer_sending,
	.send = peer_take,
	.close = peer_close,
};

struct peer *peer_open(struct rig *r)
{
	struct peer *p = calloc(1, sizeof *p);
	require(p != NULL);
	r->peers = (struct transport){&peer_ops, &r->in.sessions.ready};
	p->stream.transport = &r->peers;
	p->send_room = SIZE_MAX;
	p->now = &r->in.now;
	list_init(&p->stream.ready);
	p->place = stream_table_place(&r->streams, &p->stream);
	stream_wake(&p->stream, STREAM_OPENED);
	return p;
}

void peer_send(struct peer *p, const void *data, size_t size)
{
	buffer_add(&p->arrived, data, size);
	stream_wake(&p->stream, STREAM_READABLE);
}

void peer_end(struct peer *p)
{
	stream_wake(&p->stream, STREAM_ENDED);
}

void peer_takes(struct peer *p, size_t bytes)
{
	bytes = min_size(bytes, p->unread.size);
	chain_consume(&p->unread, bytes);
	p->taken += (uint32_t)bytes;
	p->took_ns = p->now->ns;
	if (p->stream.is_awaited && p->unread.size == 0) {
		p->stream.is_awaited = false;
		stream_wake(&p->stream, STREAM_SENT);
	}
}

void peer_lose(struct peer *p)
{
	chain_give(&p->unread);
	stream_wake(&p->stream, STREAM_LOST);
}

void peer_free(struct peer *p)
{
	*p->place = NULL;
	list_remove(&p->stream.ready);
	chain_give(&p->unread);
	buffer_free(&p->arrived);
	buffer_free(&p->sent);
	free(p);
}

struct bytes peer_answer(struct peer *p)
{
	if (p->sent.size < KAFKA_SIZE_BYTES)
		return (struct bytes){0};
	size_t size = be32_load(p->sent.data);
	cr_assert(p->sent.size >= KAFKA_SIZE_BYTES + size, "answers are sent whole");
	return (struct bytes){p->sent.data + KAFKA_SIZE_BYTES, size};
}

void peer_answer_done(struct peer *p, struct bytes answer)
{
	size_t used = KAFKA_SIZE_BYTES + answer.size;
	memmove(p->sent.data, p->sent.data + used, p->sent.size - used);
	p->sent.size -= used;
}

bool peer_is_answered(struct peer *p)
{
	struct bytes answer = peer_answer(p);
	if (!answer.data)
		return false;
	cr_assert(be32_load(answer.data) == RIG_CORRELATION_ID);
	peer_answer_done(p, answer);
	return true;
}
