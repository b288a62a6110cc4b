/* fence.c - FENCE messages in, given back when their connections' batches are; see fence.h. */
#include "dataplane/session/fence.h"
#include "dataplane/batch/batch.h"
#include "dataplane/session/delivery.h"
#include "dataplane/session/ingest_parts.h"

void fences_init(struct fences *f)
{
	*f = (struct fences){0};
	list_init(&f->closing);
	list_init(&f->next);
	list_init(&f->now);
}

static struct session *fenced_session(struct ingest *in, const struct inbox_msg *m)
{
	struct stream *stream = in->stream_find(in->transport, m->ticket.stream);
	return stream ? stream->session : NULL;
}

void fence_begin(struct ingest *in, struct inbox_msg *give)
{
	struct session *s = fenced_session(in, give);
	give->outcome = s ? INBOX_DONE : INBOX_GONE;
	if (s)
		session_abort(s);
	list_append(&in->fences.closing, &give->node);
}

/* Also those whose connection was gone when they came: it may have left batches behind. */
static void closed_move(struct ingest *in)
{
	struct fences *f = &in->fences;
	for (struct list *node = f->closing.next, *next; node != &f->closing; node = next) {
		next = node->next;
		if (fenced_session(in, list_entry(node, struct inbox_msg, node)))
			continue;
		list_remove(node);
		list_append(&f->next, node);
	}
}

static void over_give(struct ingest *in)
{
	for (struct list *node; (node = list_take_first(&in->fences.now));) {
		struct inbox_msg *m = list_entry(node, struct inbox_msg, node);
		delivery_give(in, m, (enum inbox_outcome)m->outcome);
	}
}

void fences_turn(struct ingest *in)
{
	struct fences *f = &in->fences;
	struct batching *b = &in->batching;
	closed_move(in);
	/* As long as the epoch before has batches, it cannot come again. */
	if (!batching_is_settled(b))
		return;
	over_give(in);
	if (list_is_empty(&f->next))
		return;
	batching_new_epoch(b);
	list_splice(&f->now, &f->next);
	if (batching_is_settled(b))
		over_give(in);
}
