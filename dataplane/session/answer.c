/* answer.c - answers owed to peers, in the order of their requests; see answer.h. */
#include "dataplane/session/answer.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/entropy.h"
#include "dataplane/base/require.h"

enum {
	/* Of the small chunks: what one connection, and one source, may hold while others want. */
	SMALL_SHARE_PART = 256,
	SOURCE_SHARE_PART = 8,
};

static int large_init(struct answers *as, const struct answers_bounds *bounds)
{
	const uint32_t counts[ANSWER_REGIONS] = {
		[ANSWER_COMMON] = bounds->large_chunks,
		[ANSWER_SMALL] = bounds->region_chunks,
		[ANSWER_SOURCE] = bounds->region_chunks,
		[ANSWER_KNOWN] = 2 * bounds->region_chunks,
	};
	for (unsigned i = 0; i < ANSWER_REGIONS; i++) {
		struct chunk_pool *p = &as->large[i];
		int error = counts[i] ? chunk_pool_init(p, CHUNK_BYTES, counts[i]) : 0;
		error = error || !counts[i] ? error : chunk_pool_charge(p, &as->owners);
		if (error)
			return error;
	}
	return 0;
}

int answers_init(struct answers *as, const struct answers_bounds *bounds, struct stats *stats,
		 const struct moment *now)
{
	uint64_t key;
	as->stats = stats;
	as->now = now;
	entropy_fill(&key, sizeof key);
	int error = slab_init(&as->slab, sizeof(struct answer), bounds->answers);
	error = error ? error
		      : slab_init(&as->waiters, sizeof(struct waiter), bounds->waiters);
	error = error ? error
		      : chunk_pool_init(&as->small, CHUNK_SMALL_BYTES, bounds->small_chunks);
	error = error ? error : owners_init(&as->owners, bounds->connections, key);
	error = error ? error : chunk_pool_charge(&as->small, &as->owners);
	error = error ? error : unread_init(&as->unread, bounds->connections);
	return error ? error : large_init(as, bounds);
}

void answers_fini(struct answers *as)
{
	slab_fini(&as->slab);
	slab_fini(&as->waiters);
	chunk_pool_fini(&as->small);
	for (unsigned i = 0; i < ANSWER_REGIONS; i++)
		chunk_pool_fini(&as->large[i]);
	owners_fini(&as->owners);
	unread_fini(&as->unread);
}

static uint64_t small_bytes(const struct answers *as)
{
	return (uint64_t)as->small.count * CHUNK_SMALL_BYTES;
}

bool answer_is_greedy(struct answers *as, const struct session *s)
{
	if (likely(!answer_small_is_short(as)))
		return false;
	uint32_t held = answer_bytes_held(as, s);
	if (held <= UNREAD_BYTES_MIN)
		return false;
	answer_charge(as, s);
	return held > small_bytes(as) / SMALL_SHARE_PART ||
	       owners_of_source(&as->owners) > small_bytes(as) / SOURCE_SHARE_PART;
}

/* A silent answer promises the peer nothing: an acknowledgement that waited for it would wait
 * for nothing. */
void answer_queue(struct session *s, struct answer *a)
{
	list_append(&s->answers, &a->node);
	s->answers_count++;
	s->stream->is_answer_due |= !a->is_silent;
}

struct answer *answer_take(struct answers *as, struct session *s, bool is_silent)
{
	struct answer *a = slab_take(&as->slab);
	if (!a)
		return NULL;
	a->session = s;
	a->protocol = session_protocol(s);
	a->started_ns = as->now->ns;
	a->is_silent = is_silent;
	answer_queue(s, a);
	return a;
}

/* The chunk is only counted until the text is sent: an answer that waits for the disk touches
 * none of its lines. */
struct answer *answer_take_text(struct answers *as, struct session *s, bool is_silent,
				size_t size)
{
	require(size > 0 && size <= ANSWER_TEXT_BYTES);
	struct answer *a = answer_chunks_left(as) ? answer_take(as, s, is_silent) : NULL;
	if (!a)
		return NULL;
	a->text_bytes = (uint8_t)size;
	as->texts_owed++;
	return a;
}

/* The waiters go to the append's lists in turn, so that ack.c can see and fetch the next ones
 * before it comes to them. */
struct waiter *answer_wait(struct answers *as, struct answer *answer,
			   struct append_msg *append)
{
	struct waiter *w = &answer->first;
	if (answer->first_in_use)
		w = slab_take(&as->waiters);
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

void answer_unwait(struct answers *as, struct append_msg *append)
{
	struct waiter *w = append_take_waiter(append);
	struct answer *answer = w->answer;
	answer->waiting--;
	if (w == &answer->first)
		answer->first_in_use = false;
	waiter_give(as, w);
}

static void answer_give(struct answers *as, struct answer *a)
{
	if (a->text_bytes)
		as->texts_owed--;
	else
		chain_give(&a->bytes);
	list_remove(&a->node);
	slab_give(&as->slab, a);
}

/* The last end of an answer nobody is there to read. */
static void answer_drop(struct answers *as, struct answer *a)
{
	stats_add(as->stats, STAT_frame_drop_connection, a->frames);
	answer_give(as, a);
}

/* An answer that is complete may stand behind one that is not: it is the queue's head that is
 * looked at, not the answer. */
void answer_done(struct answers *as, struct answer *answer)
{
	require(answer->waiting > 0);
	if (--answer->waiting > 0)
		return;
	if (answer->session)
		answers_send(as, answer->session);
	else
		answer_drop(as, answer);
}

static void latency_note(struct answers *as, uint64_t ns)
{
	stats_add(as->stats, STAT_answers_latency_ns, ns);
	stats_latency(as->stats, ns);
}

/* Much of it: from now on somebody looks whether it is taken. */
static void chain_send(struct answers *as, struct session *s, struct chain *bytes)
{
	if (answer_bytes_held(as, s) >= UNREAD_BYTES_MIN)
		unread_begin(&as->unread, s, bytes->size, as->now->ns);
	stream_send(s->stream, bytes);
}

static void answer_send(struct answers *as, struct session *s, struct answer *a)
{
	stats_add(as->stats, STAT_frames_accepted, a->frames);
	if (!a->is_silent) {
		stats_add(as->stats, STAT_answers_sent, 1);
		stats_add(as->stats, STAT_answers_error, a->is_error);
		if (!a->may_wait)
			latency_note(as, as->now->ns - a->started_ns);
		answer_charge(as, s);
		if (a->text_bytes)
			stream_send_text(s->stream, (struct bytes){a->text, a->text_bytes},
					 &as->small);
		else
			chain_send(as, s, &a->bytes);
	}
	if (a->closes)
		session_abort(s);
	s->answers_count--;
	answer_give(as, a);
}

/* For its predecessors' answers with bytes it has not cut, for the last answer with a close, or
 * for either with a timer that is then to be looked at. */
static bool session_waits(const struct session *s)
{
	return s->is_closing || s->has_ended || s->is_timed ||
	       stream_readable(s->stream) > 0;
}

void answers_send(struct answers *as, struct session *s)
{
	bool any = false;
	while (!list_is_empty(&s->answers) && !s->is_aborted) {
		struct answer *a = list_entry(s->answers.next, struct answer, node);
		/* One answer may overshoot the room: it is bounded, the queue is not. */
		if (a->waiting > 0 || (!a->is_silent && stream_send_room(s->stream) == 0))
			break;
		answer_send(as, s, a);
		any = true;
	}
	/* Nothing more will carry an acknowledgement along. */
	if (list_is_empty(&s->answers))
		s->stream->is_answer_due = false;
	if (any && session_waits(s))
		stream_wake(s->stream, STREAM_READABLE);
}

/* Whatever is still waited for leads to the answer, which forgets the session here: the session
 * can go at once. */
void answers_orphan(struct answers *as, struct session *s)
{
	for (struct list *node; (node = list_take_first(&s->answers));) {
		struct answer *a = list_entry(node, struct answer, node);
		a->session = NULL;
		if (a->waiting == 0)
			answer_drop(as, a);
	}
	s->answers_count = 0;
	s->stream->is_answer_due = false;
}
