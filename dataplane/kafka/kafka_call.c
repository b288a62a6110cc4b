/* kafka_call.c - requests for control and the coordinator out, their replies in; see
 * kafka_call.h. */
#include "dataplane/kafka/kafka_call.h"
#include "dataplane/base/require.h"
#include "dataplane/kafka/kafka_step.h"
#include "dataplane/session/ingest_parts.h"

static struct call_server *server_of(struct call_server *servers,
				     const struct kafka_session *ks)
{
	return &servers[ks->server];
}

static struct ticket ticket_next(struct kafka_session *ks)
{
	ks->calls += ks->calls == UINT32_MAX ? 2 : 1; /* 0 is no number */
	return (struct ticket){.stream = ks->base.stream->handle, .request = ks->calls};
}

/* The answer that the call is to complete, or null. */
static struct answer *call_answer(const struct call_msg *c)
{
	require(c->msg.kind == HANDOFF_CALL);
	return c->owner;
}

/* All the request's bytes are here. */
static enum kafka_progress call_send(struct ingest *in, struct kafka_session *ks)
{
	struct session *s = &ks->base;
	struct call_server *server = server_of(in->servers, ks);
	bool may_call = waiting_is_turn(&in->waits, s, WAIT_CALL + ks->server) &&
			handoff_has_room(server->handoff, HANDOFF_CALL);
	struct call_msg *c = may_call ? slab_take(&server->calls) : NULL;
	if (!c)
		return kafka_wait(&in->waits, ks, WAIT_CALL + ks->server);
	struct answer *a = waiting_is_turn(&in->waits, s, WAIT_ANSWER)
				   ? answer_take(&in->answers, s, false)
				   : NULL;
	if (!a) {
		slab_give(&server->calls, c);
		return kafka_wait(&in->waits, ks, WAIT_ANSWER);
	}
	a->waiting = 1;
	a->frames = 1;
	c->owner = a;
	c->msg = (struct handoff_msg){.kind = HANDOFF_CALL, .sender = in->poller};
	c->server = ks->server;
	c->listener = ks->base.stream->listener;
	memcpy(c->source, ks->base.stream->peer.address.octets, sizeof c->source);
	c->ticket = ticket_next(ks);
	c->request_bytes = (uint32_t)ks->request.size;
	chain_join(&c->request, &ks->request);
	ks->call = c;
	ks->is_begun = false;
	ks->is_alone = true;
	ks->step = NULL;
	session_watch(&in->sessions, s);
	handoff_send(server->handoff, &c->msg);
	return KAFKA_GO;
}

/* The stream's bytes are consumed as they are copied: a request for a server may be longer than
 * its peer's window. A small one waits in the stream until it is whole. */
enum kafka_progress kafka_call_step(struct ingest *in, struct kafka_session *ks)
{
	struct stream *stream = ks->base.stream;
	if (ks->is_small && stream_readable(stream) < ks->left) {
		stream_need(stream, ks->left);
		return KAFKA_NEED_BYTES;
	}
	if (ks->is_small)
		stream_need(stream, 0);
	while (ks->left > 0) {
		struct bytes b = stream_span(stream, 0, min_u32(ks->left, CHUNK_BYTES));
		if (b.size == 0)
			return KAFKA_NEED_BYTES;
		if (!kafka_request_append(&in->waits, in->servers, ks, b))
			return KAFKA_WAIT;
		if (!ks->is_small)
			kafka_half_note(in, ks, &server_of(in->servers, ks)->halves, b.size);
		kafka_consume(ks, (uint32_t)b.size);
	}
	list_remove(&ks->incoming.node);
	return call_send(in, ks);
}

/* Its server frees the reply; the ring has room, for every call has its place in the budget. */
static void call_release(struct call_server *servers, struct call_msg *c)
{
	struct call_server *server = &servers[c->server];
	if (!c->reply) {
		slab_give(&server->calls, c);
		return;
	}
	c->is_release = true;
	c->owner = NULL;
	handoff_send(server->handoff, &c->msg);
}

/* ---- the reply -------------------------------------------------------------------------- */

/* The server wants the connection closed: the request was no good. */
static void answer_reject(struct stats *stats, struct answer *a)
{
	stats_add(stats, STAT_frame_reject_request, a->frames);
	a->frames = 0;
	a->is_silent = true;
	a->closes = true;
}

/* False: the session waits for room. */
static bool answer_fill(struct answers *as, struct waits *w, struct session *s,
			struct answer *a, struct bytes reply)
{
	if (!reply.data || reply.size > (uint64_t)answer_large_max(as) * CHUNK_BYTES) {
		answer_reject(as->stats, a);
		return true;
	}
	bool fits = kafka_answer_take(as, w, s, &a->bytes, reply.data, reply.size);
	s->is_answering = !fits;
	return fits;
}

/* A reply that finds no room keeps its call, and so its server's memory, until the session's
 * turn comes. */
static void call_reply(struct answers *as, struct waits *w, struct call_server *servers,
		       struct call_msg *c)
{
	struct answer *a = call_answer(c);
	if (a->session) {
		struct kafka_session *ks = kafka_session_of(a->session);
		struct bytes reply = {c->reply, c->reply_bytes};
		ks->held = NULL;
		if (!answer_fill(as, w, &ks->base, a, reply)) {
			ks->held = c;
			return;
		}
	}
	call_release(servers, c);
	answer_done(as, a);
}

/* The call is free, the connection still owes the answer. */
static void call_park(struct answers *as, struct call_server *servers, struct call_msg *c)
{
	struct answer *a = call_answer(c);
	call_release(servers, c);
	stats_add(as->stats, STAT_requests_parked, 1);
	if (!a)
		return; /* its SEND was faster */
	if (!a->session) {
		kafka_answer_forget(as, a);
		return;
	}
	kafka_session_of(a->session)->parked = a;
	a->may_wait = true;
}

/* Its server could not read the request, which is the last that its connection has sent. */
static void note_bad(struct bad_frames *bad, int64_t wall_ms, struct kafka_session *ks,
		     const struct call_msg *c)
{
	uint8_t first[BAD_FRAME_BYTES];
	size_t size = min_size(c->request.size, sizeof first);
	chain_copy_out(&c->request, 0, first, size);
	ks->fault = BAD_REQUEST_BODY;
	kafka_bad_request(bad, wall_ms, ks, ks->base.offset - c->request.size,
			  (struct bytes){first, size});
}

/* The server has read the request, whatever it answers, so the chunks go back first. */
void kafka_call_done(struct ingest *in, struct call_msg *c)
{
	struct answer *a = call_answer(c);
	if (c->is_release) {
		slab_give(&in->servers[c->server].calls, c);
		return;
	}
	struct kafka_session *ks = a && a->session ? kafka_session_of(a->session) : NULL;
	if (ks && !c->is_parked && !c->reply)
		note_bad(&in->bad_frames, in->now.wall_ms, ks, c);
	chain_give(&c->request);
	if (ks)
		ks->call = NULL;
	if (c->is_parked)
		call_park(&in->answers, in->servers, c);
	else
		call_reply(&in->answers, &in->waits, in->servers, c);
}

/* ---- the answer of a parked request ------------------------------------------------------ */

/* The answer that a SEND with this ticket completes, or null. The message may come before the
 * call it parks: they take different ways, and each has its own budget of a turn. */
static struct answer *answer_of(struct kafka_session *ks, struct ticket ticket)
{
	if (ticket.request != ks->calls || ks->held_send)
		return NULL;
	if (ks->call) {
		ks->parked = call_answer(ks->call);
		ks->parked->may_wait = true;
		ks->call->owner = NULL;
		ks->call = NULL;
	}
	return ks->parked;
}

/* The SEND stays here, and its bytes its sender's, until there are chunks for all of them. */
static void parked_answer(struct answers *as, struct waits *w, struct delivery *d,
			  struct kafka_session *ks, struct inbox_msg *give)
{
	struct answer *a = ks->parked;
	ks->held_send = NULL;
	if (!answer_fill(as, w, &ks->base, a, give->bytes)) {
		ks->held_send = give;
		return;
	}
	ks->parked = NULL;
	delivery_give(d, give, INBOX_DONE);
	answer_done(as, a);
}

void kafka_call_deliver(struct ingest *in, struct session *s, struct inbox_msg *give)
{
	struct kafka_session *ks = kafka_session_of(s);
	if (answer_of(ks, give->ticket))
		parked_answer(&in->answers, &in->waits, &in->delivery, ks, give);
	else
		delivery_give(&in->delivery, give, INBOX_GONE);
}

void kafka_call_resume(struct answers *as, struct waits *w, struct call_server *servers,
		       struct delivery *d, struct kafka_session *ks)
{
	if (ks->held)
		call_reply(as, w, servers, ks->held);
	else
		parked_answer(as, w, d, ks, ks->held_send);
}

/* A call that is still with its server is not touched: its answer is orphaned, and
 * kafka_call_done() finds no session. */
void kafka_call_close(struct answers *as, struct call_server *servers, struct delivery *d,
		      struct kafka_session *ks)
{
	struct answer *a = ks->parked;
	if (ks->held_send)
		delivery_give(d, ks->held_send, INBOX_GONE);
	if (ks->held) {
		a = call_answer(ks->held);
		call_release(servers, ks->held);
	}
	ks->held = NULL;
	ks->held_send = NULL;
	ks->parked = NULL;
	if (a)
		kafka_answer_forget(as, a);
}
