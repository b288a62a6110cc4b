/* session.c - ready streams in; sessions attached, fed and detached; see session.h. */
#include "dataplane/session/session.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/session/protocols.h"
#include "dataplane/session/session_place.h"

enum { TIMERS_PER_TURN = 64 };

const struct protocol *const protocols[PROTOCOLS] = {
	[PROTOCOL_KAFKA] = &protocol_kafka,
	[PROTOCOL_GBT32960] = &protocol_gbt32960,
	[PROTOCOL_JT808] = &protocol_jt808,
};

int sessions_init(struct sessions *ss, uint32_t count, struct stats *stats,
		  const struct moment *now)
{
	int error = 0;
	ss->stats = stats;
	ss->now = now;
	list_init(&ss->ready);
	wheel_init(&ss->wheel, now->ns);
	for (unsigned i = 0; i < PROTOCOLS && !error; i++)
		if (protocols[i])
			error = slab_init(&ss->slabs[i], protocols[i]->session_bytes, count);
	if (error)
		return error;
	return slab_init(&ss->places, sizeof(struct session_place), PROTOCOLS * count);
}

void sessions_fini(struct sessions *ss)
{
	for (unsigned i = 0; i < PROTOCOLS; i++)
		slab_fini(&ss->slabs[i]);
	slab_fini(&ss->places);
}

/* Who finds no session is reset, not left to wait: no bytes of such a stream would ever be
 * read. */
static void session_attach(struct sessions *ss, const struct listener *listener,
			   struct stream *stream)
{
	struct session *s = slab_take(&ss->slabs[listener->protocol]);
	if (!s) {
		stats_add(ss->stats, STAT_sessions_refused, 1);
		stream_close(stream, STREAM_CLOSE_RESET);
		return;
	}
	s->stream = stream;
	s->listener = listener;
	list_init(&s->answers);
	stream->session = s;
	session_protocol(s)->open(s);
	if (ss->is_draining)
		s->is_closing = true;
}

/* The frame whose record still waited ends with its connection. */
static void session_drop_kept(struct kept_records *kept, struct stats *stats,
			      struct session *s)
{
	kept_give(kept, s);
	stats_add(stats, STAT_frames_received, 1);
	stats_add(stats, STAT_frame_drop_connection, 1);
}

static void session_detach(struct ingest *in, struct session *s)
{
	if (s->has_kept)
		session_drop_kept(&in->kept, &in->stats, s);
	session_protocol(s)->close(in, s);
	answers_orphan(&in->answers, s);
	unread_end(&in->answers.unread, s);
	session_unblock(&in->waits, s);
	session_disarm(&in->sessions, s);
	s->stream->session = NULL;
	if (s->place)
		slab_give(&in->sessions.places, s->place);
	slab_give(&in->sessions.slabs[s->listener->protocol], s);
}

void session_reset(struct ingest *in, struct session *s)
{
	struct stream *stream = s->stream;
	session_detach(in, s);
	stream_close(stream, STREAM_CLOSE_RESET);
}

/* Closes in order: everything the peer is owed has been sent. Who is ended for his faults, and has
 * not taken much of what he was sent, does not keep its memory. */
static void session_end(struct ingest *in, struct session *s)
{
	struct stream *stream = s->stream;
	if (s->is_aborted && unread_is_held(&in->answers.unread, s)) {
		session_reset(in, s);
		return;
	}
	session_detach(in, s);
	stream_close(stream, STREAM_CLOSE_FLUSH);
}

static bool session_is_done(const struct session *s)
{
	if (s->is_aborted)
		return true;
	if (!list_is_empty(&s->answers))
		return false;
	return s->is_closing ||
	       (s->has_ended && stream_readable(s->stream) == 0 && !s->has_kept);
}

/* Who does not read his answers is not read either: they would take everybody's memory. Who holds
 * too much of it is woken when he has taken all of that. */
static bool session_may_cut(struct answers *as, struct session *s)
{
	if (session_is_blocked(s) || s->is_aborted)
		return false;
	if (s->is_answering)
		return true;
	if (s->is_closing || stream_send_room(s->stream) == 0)
		return false;
	bool is_greedy = answer_is_greedy(as, s);
	if (unlikely(is_greedy))
		s->stream->is_awaited = true;
	return !is_greedy;
}

/* Its frame's record comes again; what lies behind is cut in a later turn. */
static void session_resume(struct kept_records *kept, struct session *s,
			   struct frame_vec *frames)
{
	kept_push(kept, s, frames);
	stream_wake(s->stream, STREAM_READABLE);
}

/* Nothing is left to do for it. If it was sent much, it stays all the same until that is taken:
 * without it nobody would look whether it ever is. */
static void session_leave(struct ingest *in, struct session *s)
{
	if (s->is_aborted || !unread_is_held(&in->answers.unread, s))
		session_end(in, s);
	else
		s->stream->is_awaited = true;
}

static void session_feed(struct ingest *in, struct session *s, struct frame_vec *frames)
{
	bool may_cut = session_may_cut(&in->answers, s);
	if (may_cut) {
		s->is_skipped = false;
		if (unlikely(s->has_kept))
			session_resume(&in->kept, s, frames);
		else
			session_protocol(s)->cut(in, s, frames);
	}
	if (session_is_done(s))
		session_leave(in, s);
	else if (s->has_ended && may_cut && !session_is_blocked(s) &&
		 list_is_empty(&s->answers))
		/* Its last frames are consumed by a later stage: look again. */
		stream_wake(s->stream, STREAM_READABLE);
}

/* Answers first: what they take of the room to send decides whether the session is cut. */
static void session_event(struct ingest *in, struct stream *stream, struct frame_vec *frames)
{
	uint8_t events = stream->events;
	stream->events = 0;
	if (events & STREAM_LOST) {
		if (stream->session)
			session_detach(in, stream->session);
		return;
	}
	if ((events & STREAM_OPENED) && !stream->session && !stream->is_closed)
		session_attach(&in->sessions, &in->listeners[stream->listener], stream);
	struct session *s = stream->session;
	if (!s)
		return;
	if (events & STREAM_ENDED)
		s->has_ended = true;
	answers_send(&in->answers, s);
	session_feed(in, s, frames);
}

void session_input(struct ingest *in, struct frame_vec *frames)
{
	/* What is woken from here on waits for the next turn. */
	struct list ready;
	kept_turn(&in->kept);
	turn_bytes_begin(&in->turn_bytes);
	list_init(&ready);
	list_splice(&ready, &in->sessions.ready);
	while (frames->count < FRAMES_PER_TURN) {
		struct list *node = list_take_first(&ready);
		if (!node)
			return;
		session_event(in, list_entry(node, struct stream, ready), frames);
	}
	/* Who was not looked at stays before who has been woken meanwhile. */
	list_splice(&ready, &in->sessions.ready);
	list_splice(&in->sessions.ready, &ready);
}

bool session_is_held(const struct session *s)
{
	return s->is_skipped || s->stream->is_awaited || stream_send_room(s->stream) == 0;
}

void session_arm(struct sessions *ss, struct session *s, uint64_t after_ms)
{
	s->is_timed = true;
	s->is_watched = false;
	wheel_arm(&ss->wheel, &session_take_place(ss, s)->timer,
		  ss->now->ns + after_ms * NS_PER_MS);
}

void session_disarm(struct sessions *ss, struct session *s)
{
	if (!s->is_timed && !s->is_watched)
		return;
	s->is_timed = false;
	s->is_watched = false;
	wheel_cancel(&ss->wheel, &s->place->timer);
}

void session_watch(struct sessions *ss, struct session *s)
{
	if (!ss->idle_ms) {
		session_disarm(ss, s);
		return;
	}
	if (!s->is_timed && !s->is_watched)
		wheel_arm(&ss->wheel, &session_take_place(ss, s)->timer,
			  ss->now->ns + ss->idle_ms * NS_PER_MS);
	s->is_timed = false;
	s->is_watched = true;
}

/* Those beyond the bound are due in the next turn; a session may arm its timer again when it
 * fires. */
void session_timers(struct ingest *in)
{
	struct timer *due[TIMERS_PER_TURN];
	unsigned count = wheel_advance(&in->sessions.wheel, in->now.ns, due, TIMERS_PER_TURN);
	for (unsigned i = 0; i < count; i++) {
		struct session *s = container_of(due[i], struct session_place, timer)->session;
		s->is_timed = false;
		session_protocol(s)->expire(in, s);
	}
}

void sessions_drain(struct sessions *ss)
{
	ss->is_draining = true;
	for (unsigned p = 0; p < PROTOCOLS; p++) {
		uint32_t index = 0;
		for (struct session *s; (s = slab_next(&ss->slabs[p], &index));) {
			s->is_closing = true;
			stream_wake(s->stream, STREAM_READABLE);
			/* What waits for a time, a parked fetch above all, waits no longer. */
			if (s->is_timed)
				session_arm(ss, s, 0);
		}
	}
}
