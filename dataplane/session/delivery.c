/* delivery.c - messages of the inbox in, each to its session; see delivery.h. */
#include "dataplane/session/delivery.h"
#include "dataplane/base/require.h"
#include "dataplane/session/ingest_parts.h"

void delivery_init(struct delivery *d, struct stats *stats)
{
	d->stats = stats;
	list_init(&d->packets);
	fences_init(&d->fences);
}

/* Null: the connection is gone, or about to go. */
static struct session *session_find(struct delivery *d, uint64_t handle)
{
	struct stream *stream = d->stream_find(d->transport, handle);
	struct session *s = stream && !stream->is_closed ? stream->session : NULL;
	return s && !s->is_aborted ? s : NULL;
}

/* Nobody who waits for the same memory is overtaken. */
static bool bytes_copy(struct answers *as, struct waits *w, struct bytes b, struct chain *ret)
{
	size_t small = (size_t)answer_chunks_left(as) * CHUNK_SMALL_BYTES;
	size_t large = (size_t)answer_large_left(as, ANSWER_COMMON) * CHUNK_BYTES;
	if (b.size <= min_size(small, CHUNK_BYTES) && list_is_empty(&w->lines[WAIT_ANSWER]))
		return chain_append(ret, &as->small, b.data, b.size);
	return b.size <= large && list_is_empty(&w->lines[WAIT_LARGE + ANSWER_COMMON]) &&
	       chain_append(ret, &as->large[ANSWER_COMMON], b.data, b.size);
}

/* The sender is told that there is no room, and the session does not wait for it: nobody's
 * request is behind these bytes. */
static enum inbox_outcome send_untold(struct answers *as, struct waits *w, struct session *s,
				      struct bytes b)
{
	struct chain copy = {0};
	answer_charge(as, s);
	if (b.size > stream_send_room(s->stream) || !bytes_copy(as, w, b, &copy))
		return INBOX_FULL;
	stream_send(s->stream, &copy);
	return INBOX_DONE;
}

/* A SEND with a ticket may find its session still there and its request gone: the protocol
 * compares the numbers, and gives the message back. */
static void take_send(struct ingest *in, struct inbox_msg *m)
{
	struct session *s = session_find(&in->delivery, m->ticket.stream);
	if (s && m->ticket.request && session_protocol(s)->deliver)
		session_protocol(s)->deliver(in, s, m);
	else if (s && !m->ticket.request)
		delivery_give(&in->delivery, m,
			      send_untold(&in->answers, &in->waits, s, m->bytes));
	else
		delivery_give(&in->delivery, m, INBOX_GONE);
}

static void take_close(struct delivery *d, struct inbox_msg *m)
{
	struct session *s = session_find(d, m->ticket.stream);
	if (s)
		session_abort(s);
	delivery_give(d, m, s ? INBOX_DONE : INBOX_GONE);
}

static void take_message(struct ingest *in, struct inbox_msg *m)
{
	switch ((enum handoff_kind)m->msg.kind) {
	case HANDOFF_SEND:
		take_send(in, m);
		return;
	case HANDOFF_CLOSE:
		take_close(&in->delivery, m);
		return;
	case HANDOFF_FENCE:
		fence_begin(&in->delivery, m);
		return;
	case HANDOFF_PACKET:
		list_append(&in->delivery.packets, &m->node);
		return;
	default:
		require(!"a message for an inbox");
	}
}

/* Fences are looked at in every turn, messages or not: what they wait for comes back from
 * writers. */
bool delivery_input(struct ingest *in)
{
	unsigned total = 0;
	for (unsigned s = 0; s < in->delivery.inbox.count; s++) {
		struct handoff_msg *msgs[INBOX_PER_TURN];
		unsigned n = handoff_pull(in->delivery.inbox.senders[s], msgs, INBOX_PER_TURN);
		for (unsigned i = 0; i < n; i++)
			take_message(in, container_of(msgs[i], struct inbox_msg, msg));
		total += n;
	}
	stats_add(&in->stats, STAT_inbox_messages, total);
	fences_turn(&in->delivery, &in->batching);
	return total > 0;
}

bool delivery_is_idle(const struct delivery *d)
{
	return list_is_empty(&d->packets) && !fences_are_closing(&d->fences) &&
	       !inbox_has_any(&d->inbox);
}
