/* fence.c - FENCE messages in, given back when their connections' batches are; see fence.h. */
#include "dataplane/session/fence.h"
#include "dataplane/batch/batch.h"
#include "dataplane/session/delivery.h"
#include "dataplane/session/session.h"

void fences_init(struct fences *f)
{
	*f = (struct fences){0};
	list_init(&f->closing);
	list_init(&f->next);
	list_init(&f->now);
}

static struct session *fenced_session(struct delivery *d, const struct inbox_msg *m)
{
	struct stream *stream = d->stream_find(d->transport, m->ticket.stream);
	return stream ? stream->session : NULL;
}

/* The outcome is decided here and kept in the message, which comes back later. */
void fence_begin(struct delivery *d, struct inbox_msg *give)
{
	struct session *s = fenced_session(d, give);
	give->outcome = s ? INBOX_DONE : INBOX_GONE;
	if (s)
		session_abort(s);
	list_append(&d->fences.closing, &give->node);
}

/* Also those whose connection was gone when they came: it may have left batches behind. */
static void closed_move(struct delivery *d)
{
	struct fences *f = &d->fences;
	for (struct list *node = f->closing.next, *next; node != &f->closing; node = next) {
		next = node->next;
		if (fenced_session(d, list_entry(node, struct inbox_msg, node)))
			continue;
		list_remove(node);
		list_append(&f->next, node);
	}
}

static void over_give(struct delivery *d)
{
	for (struct list *node; (node = list_take_first(&d->fences.now));) {
		struct inbox_msg *m = list_entry(node, struct inbox_msg, node);
		delivery_give(d, m, (enum inbox_outcome)m->outcome);
	}
}

/* Those of `now` wait for the epoch before this one; those of `next` until a new epoch can
 * begin, for then this one is what they wait for. */
void fences_turn(struct delivery *d, struct batching *b)
{
	struct fences *f = &d->fences;
	closed_move(d);
	/* As long as the epoch before has batches, it cannot come again. */
	if (!batching_is_settled(b))
		return;
	over_give(d);
	if (list_is_empty(&f->next))
		return;
	batching_new_epoch(b);
	list_splice(&f->now, &f->next);
	if (batching_is_settled(b))
		over_give(d);
}
