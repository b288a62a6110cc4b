/* answer.c - answers owed to peers, in the order of their requests; see answer.h. */
#include "dataplane/session/answer.h"
#include "dataplane/base/require.h"

void answer_queue(struct session *s, struct answer *a)
{
	list_append(&s->answers, &a->node);
	s->answers_count++;
	s->stream->is_answer_due |= !a->is_silent;
}

struct answer *answer_take(struct ingest *in, struct session *s, bool is_silent)
{
	struct answer *a = slab_take(&in->answers);
	if (!a)
		return NULL;
	a->session = s;
	a->protocol = session_protocol(s);
	a->started_ns = in->now_ns;
	a->is_silent = is_silent;
	answer_queue(s, a);
	return a;
}

struct answer *answer_take_text(struct ingest *in, struct session *s, bool is_silent,
				size_t size)
{
	require(size > 0 && size <= ANSWER_TEXT_BYTES);
	struct answer *a = answer_chunks_left(in) ? answer_take(in, s, is_silent) : NULL;
	if (!a)
		return NULL;
	a->text_bytes = (uint8_t)size;
	in->texts_owed++;
	return a;
}

struct waiter *answer_wait(struct ingest *in, struct answer *answer, struct append_msg *append)
{
	struct waiter *w = &answer->first;
	if (answer->first_in_use)
		w = slab_take(&in->waiters);
	else
		answer->first_in_use = true;
	if (!w)
		return NULL;
	void **list = &append->waiters[append->waiter_count++ % APPEND_WAITER_LISTS];
	w->answer = answer;
	w->next = *list;
	*list = w;
	answer->waiting++;
	return w;
}

void answer_unwait(struct ingest *in, struct append_msg *append)
{
	struct waiter *w = append_take_waiter(append);
	struct answer *answer = w->answer;
	answer->waiting--;
	if (w == &answer->first)
		answer->first_in_use = false;
	else
		slab_give(&in->waiters, w);
}

static void answer_give(struct ingest *in, struct answer *a)
{
	if (a->text_bytes)
		in->texts_owed--;
	else
		chain_give(&a->bytes);
	list_remove(&a->node);
	slab_give(&in->answers, a);
}

/* The last end of an answer nobody is there to read. */
static void answer_drop(struct ingest *in, struct answer *a)
{
	stats_add(&in->stats, STAT_frame_drop_connection, a->frames);
	answer_give(in, a);
}

void answer_done(struct ingest *in, struct answer *answer)
{
	require(answer->waiting > 0);
	if (--answer->waiting > 0)
		return;
	if (answer->session)
		answers_send(in, answer->session);
	else
		answer_drop(in, answer);
}

static void latency_note(struct ingest *in, uint64_t ns)
{
	stats_add(&in->stats, STAT_answers_latency_ns, ns);
	stats_latency(&in->stats, ns);
}

static void answer_send(struct ingest *in, struct session *s, struct answer *a)
{
	stats_add(&in->stats, STAT_frames_accepted, a->frames);
	if (!a->is_silent) {
		stats_add(&in->stats, STAT_answers_sent, 1);
		stats_add(&in->stats, STAT_answers_error, a->is_error);
		if (!a->may_wait)
			latency_note(in, in->now_ns - a->started_ns);
		if (a->text_bytes)
			stream_send_text(s->stream, (struct bytes){a->text, a->text_bytes},
					 &in->answer_small);
		else
			stream_send(s->stream, &a->bytes);
	}
	if (a->closes)
		session_abort(in, s);
	s->answers_count--;
	answer_give(in, a);
}

/* For its predecessors' answers with bytes it has not cut, for the last answer with a close, or
 * for either with a timer that is then to be looked at. */
static bool session_waits(const struct session *s)
{
	return s->is_closing || s->has_ended || s->is_timed ||
	       stream_readable(s->stream) > 0;
}

void answers_send(struct ingest *in, struct session *s)
{
	bool any = false;
	while (!list_is_empty(&s->answers) && !s->is_aborted) {
		struct answer *a = list_entry(s->answers.next, struct answer, node);
		/* One answer may overshoot the room: it is bounded, the queue is not. */
		if (a->waiting > 0 || (!a->is_silent && stream_send_room(s->stream) == 0))
			break;
		answer_send(in, s, a);
		any = true;
	}
	if (list_is_empty(&s->answers))
		s->stream->is_answer_due = false;
	if (any && session_waits(s))
		stream_wake(s->stream, STREAM_READABLE);
}

void answers_orphan(struct ingest *in, struct session *s)
{
	for (struct list *node; (node = list_take_first(&s->answers));) {
		struct answer *a = list_entry(node, struct answer, node);
		a->session = NULL;
		if (a->waiting == 0)
			answer_drop(in, a);
	}
	s->answers_count = 0;
	s->stream->is_answer_due = false;
}
