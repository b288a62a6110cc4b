/* kafka_call.c - requests for control out, its replies in; see kafka_call.h. */
#include "dataplane/kafka/kafka_call.h"

/* All the request's bytes are here. */
static enum kafka_progress call_send(struct ingest *in, struct kafka_session *ks)
{
	struct session *s = &ks->base;
	bool may_call = waiting_is_turn(in, s, WAIT_CALL) &&
			handoff_has_room(in->control, HANDOFF_CALL);
	struct call *c = may_call ? slab_take(&in->calls) : NULL;
	if (!c)
		return kafka_wait(in, ks, WAIT_CALL);
	c->answer = waiting_is_turn(in, s, WAIT_ANSWER) ? answer_take(in, s, false) : NULL;
	if (!c->answer) {
		slab_give(&in->calls, c);
		return kafka_wait(in, ks, WAIT_ANSWER);
	}
	c->answer->waiting = 1;
	c->answer->frames = 1;
	c->msg = (struct handoff_msg){.kind = HANDOFF_CALL, .sender = in->poller};
	c->listener = ks->base.stream->listener;
	c->stream = ks->base.stream->handle;
	c->request_bytes = (uint32_t)ks->request.size;
	chain_join(&c->request, &ks->request);
	ks->is_begun = false;
	ks->is_alone = true;
	ks->step = NULL;
	session_disarm(in, s);
	handoff_send(in->control, &c->msg);
	return KAFKA_GO;
}

enum kafka_progress kafka_call_step(struct ingest *in, struct kafka_session *ks)
{
	struct stream *stream = ks->base.stream;
	while (ks->left > 0) {
		struct bytes b = stream_span(stream, 0, min_u32(ks->left, CHUNK_BYTES));
		if (b.size == 0)
			return KAFKA_NEED_BYTES;
		if (!kafka_request_append(in, ks, &ks->request, b))
			return KAFKA_WAIT;
		kafka_consume(ks, (uint32_t)b.size);
	}
	return call_send(in, ks);
}

/* Control frees the reply; the ring has room, for every call has its place in the budget. */
static void call_release(struct ingest *in, struct call *c)
{
	if (!c->reply) {
		slab_give(&in->calls, c);
		return;
	}
	c->is_release = true;
	c->answer = NULL;
	handoff_send(in->control, &c->msg);
}

/* Control wants the connection closed: the request was no good. */
static void answer_reject(struct ingest *in, struct answer *a)
{
	stats_add(&in->stats, STAT_frame_reject_request, a->frames);
	a->frames = 0;
	a->is_silent = true;
	a->closes = true;
}

static uint64_t pool_bytes(const struct chunk_pool *p)
{
	return (uint64_t)p->count * p->chunk_bytes;
}

/* False: it waits for room. */
static bool reply_append(struct ingest *in, struct session *s, struct call *c)
{
	bool fits = kafka_answer_take(in, s, &c->answer->bytes, c->reply, c->reply_bytes);
	s->is_answering = !fits;
	return fits;
}

void kafka_call_reply(struct ingest *in, struct call *c)
{
	struct answer *a = c->answer;
	if (a->session) {
		struct kafka_session *ks = kafka_session_of(a->session);
		ks->held = NULL;
		if (!c->reply || c->reply_bytes > pool_bytes(&in->answer_large)) {
			answer_reject(in, a);
		} else if (!reply_append(in, &ks->base, c)) {
			ks->held = c;
			return;
		}
	}
	call_release(in, c);
	answer_done(in, a);
}

void kafka_call_done(struct ingest *in, struct call *c)
{
	if (c->is_release) {
		slab_give(&in->calls, c);
		return;
	}
	chain_give(&c->request);
	kafka_call_reply(in, c);
}

void kafka_call_close(struct ingest *in, struct kafka_session *ks)
{
	struct call *c = ks->held;
	if (!c)
		return;
	struct answer *a = c->answer;
	ks->held = NULL;
	call_release(in, c);
	kafka_answer_forget(in, a);
}
