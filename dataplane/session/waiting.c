/* waiting.c - sessions in that found nothing left, those out whom there is something for; see
 * waiting.h. */
#include "dataplane/session/waiting.h"
#include "dataplane/base/require.h"
#include "dataplane/session/answer.h"

enum {
	ADMITTED_PER_TURN = 128, /* of each list */
	LANES_PER_TURN = 64,     /* of each writer */
};

void waiting_init(struct ingest *in)
{
	for (unsigned i = 0; i < WAITS; i++)
		list_init(&in->waiting[i]);
}

/* ---- in -------------------------------------------------------------------------------- */

/* Whom it is behind, of those at the front: the ones that were admitted with it, and found too
 * little, too. */
static struct list *place_of(const struct session *s, struct list *list)
{
	struct list *place = list->next;
	while (place != list &&
	       (int32_t)(list_entry(place, struct session, blocked)->ticket - s->ticket) < 0)
		place = place->next;
	return place;
}

/* Credit, an append, an answer: what a T-Box frame takes, too. */
static bool is_for_frames(enum wait_for what)
{
	return what < WAIT_LARGE || what == WAIT_ANSWER || what == WAIT_WAITER ||
	       (what >= WAIT_APPEND && what < WAIT_READ);
}

static void wait_on(struct ingest *in, struct session *s, struct list *list, enum wait_for what)
{
	bool keeps_place = s->admitted == what;
	require(!session_is_blocked(s));
	if (!keeps_place)
		s->ticket = in->tickets++;
	list_append(keeps_place ? place_of(s, list) : list, &s->blocked);
	s->waits_for = (uint8_t)what;
	s->admitted = WAIT_NOTHING;
	s->is_skipped = true;
	in->sessions_blocked++;
	in->frames_blocked += is_for_frames(what);
	stats_add(&in->stats, STAT_sessions_blocked, 1);
}

void session_wait(struct ingest *in, struct session *s, enum wait_for what)
{
	wait_on(in, s, &in->waiting[what], what);
}

void session_wait_bytes(struct ingest *in, struct session *s, enum wait_for what, uint32_t bytes)
{
	s->waits_bytes = bytes;
	session_wait(in, s, what);
}

bool credit_take(struct ingest *in, struct session *s, struct lane *lane, uint32_t bytes,
		 bool is_oldest)
{
	enum wait_for writers = WAIT_CREDIT + lane->writer;
	bool others_wait = !list_is_empty(&lane->blocked) && s->admitted != WAIT_LANE;
	bool is_turn = is_oldest || (!others_wait && waiting_is_turn(in, s, writers));
	if (is_turn && lane_reserve(&in->lanes, lane, bytes, is_oldest))
		return true;
	s->waits_bytes = bytes;
	if (is_oldest) {
		in->reserve_lane = lane;
		session_wait(in, s, WAIT_RESERVE);
		return false;
	}
	if (lane_room(&in->lanes, lane) < bytes || others_wait)
		wait_on(in, s, &lane->blocked, WAIT_LANE);
	else
		session_wait(in, s, writers);
	return false;
}

void session_unblock(struct ingest *in, struct session *s)
{
	if (!session_is_blocked(s))
		return;
	list_remove(&s->blocked);
	in->sessions_blocked--;
	in->frames_blocked -= is_for_frames(s->waits_for);
	s->waits_for = WAIT_NOTHING;
}

/* ---- what there is --------------------------------------------------------------------- */

static uint32_t slab_left(const struct slab *s)
{
	return s->count - s->in_use;
}

static uint32_t reads_left(const struct ingest *in, unsigned writer)
{
	return HANDOFF_READS_MAX - in->writers[writer]->outstanding[HANDOFF_READ];
}

/* For lists of sessions that each need chunks for so many bytes. */
static uint64_t bytes_left_of(const struct ingest *in, enum wait_for what)
{
	const struct chunk_pool *p = what == WAIT_LARGE
					     ? &in->answers.large
					     : &in->servers[what - WAIT_REQUEST].requests;
	return (uint64_t)chunk_pool_left(p) * p->chunk_bytes;
}

static uint32_t calls_left(const struct call_server *s)
{
	return handoff_has_room(s->handoff, HANDOFF_CALL) ? slab_left(&s->calls) : 0;
}

/* How many sessions of the list find one of what they wait for. */
static uint32_t left_of(const struct ingest *in, enum wait_for what)
{
	switch (what) {
	case WAIT_ANSWER:
		return min_u32(slab_left(&in->answers.slab), answer_chunks_left(&in->answers));
	case WAIT_WAITER:
		return slab_left(&in->answers.waiters);
	case WAIT_FETCH:
		return slab_left(&in->fetches);
	default:
		if (what >= WAIT_CALL && what < WAIT_FETCH)
			return calls_left(&in->servers[what - WAIT_CALL]);
		if (what >= WAIT_READ)
			return min_u32(slab_left(&in->reads), reads_left(in, what - WAIT_READ));
		require(what >= WAIT_APPEND && what < WAIT_CREDIT);
		return min_u32(slab_left(&in->appends),
			       HANDOFF_APPENDS_MAX - in->appends_taken[what - WAIT_APPEND]);
	}
}

/* ---- out ------------------------------------------------------------------------------- */

static struct session *first_of(const struct list *list)
{
	return list_entry(list->next, struct session, blocked);
}

static void admit(struct ingest *in, struct session *s, enum wait_for what, struct list *ready)
{
	struct stream *stream = s->stream;
	session_unblock(in, s);
	s->admitted = (uint8_t)what;
	list_remove(&stream->ready);
	list_append(ready, &stream->ready);
	stream->events |= STREAM_READABLE;
}

static void admit_counted(struct ingest *in, enum wait_for what, struct list *ready)
{
	struct list *list = &in->waiting[what];
	if (list_is_empty(list))
		return;
	uint32_t left = min_u32(left_of(in, what), ADMITTED_PER_TURN);
	for (; left > 0 && !list_is_empty(list); left--)
		admit(in, first_of(list), what, ready);
}

/* Those at the front of `list` for whom `room` bytes are enough; what is left of them. */
static uint64_t admit_bytes(struct ingest *in, struct list *list, enum wait_for what,
			    uint64_t room, struct list *ready)
{
	for (unsigned i = 0; i < ADMITTED_PER_TURN && !list_is_empty(list); i++) {
		struct session *s = first_of(list);
		if (s->waits_bytes > room)
			break;
		room -= s->waits_bytes;
		admit(in, s, what, ready);
	}
	return room;
}

/* The oldest incomplete batch goes on as soon as the reserve has room for its next bytes. */
static bool reserve_is_enough(const struct ingest *in)
{
	const struct list *list = &in->waiting[WAIT_RESERVE];
	return !list_is_empty(list) && lane_has_credit(&in->lanes, in->reserve_lane,
						       first_of(list)->waits_bytes, true);
}

/* Lanes of the writer that got credit back, as far as its own reaches; one that has sessions
 * left who would find some is looked at again in the next turn. */
static void admit_lanes(struct ingest *in, unsigned writer, struct list *ready)
{
	struct list *relieved = &in->lanes.relieved[writer];
	struct list again;
	uint64_t room = writer_room(&in->lanes, writer);
	list_init(&again);
	for (unsigned i = 0; i < LANES_PER_TURN && room > 0 && !list_is_empty(relieved); i++) {
		struct lane *lane = list_entry(relieved->next, struct lane, relieved);
		uint64_t own = lane_room(&in->lanes, lane);
		uint64_t both = min_u64(own, room);
		uint64_t left = admit_bytes(in, &lane->blocked, WAIT_LANE, both, ready);
		room -= both - left;
		own -= both - left;
		list_remove(&lane->relieved);
		/* Who is lost before it takes what it was admitted for gives nothing back. */
		bool is_promised = left < both;
		if (!list_is_empty(&lane->blocked) &&
		    (is_promised || first_of(&lane->blocked)->waits_bytes <= own))
			list_append(&again, &lane->relieved);
	}
	list_splice(relieved, &again);
}

void waiting_admit(struct ingest *in)
{
	struct list ready;
	if (likely(in->sessions_blocked == 0))
		return;
	list_init(&ready);
	if (reserve_is_enough(in))
		admit(in, first_of(&in->waiting[WAIT_RESERVE]), WAIT_RESERVE, &ready);
	/* A fetch that waits to read has been in the line for chunks, and goes before it. */
	for (unsigned w = 0; w < in->writer_count; w++)
		admit_counted(in, WAIT_READ + w, &ready);
	for (unsigned what = WAIT_LARGE; what < WAIT_ANSWER; what++)
		admit_bytes(in, &in->waiting[what], what, bytes_left_of(in, what), &ready);
	for (unsigned what = WAIT_ANSWER; what < WAIT_APPEND; what++)
		admit_counted(in, what, &ready);
	for (unsigned w = 0; w < in->writer_count; w++) {
		admit_counted(in, WAIT_APPEND + w, &ready);
		admit_bytes(in, &in->waiting[WAIT_CREDIT + w], WAIT_CREDIT + w,
			    writer_room(&in->lanes, w), &ready);
		admit_lanes(in, w, &ready);
	}
	list_splice(&ready, &in->ready);
	list_splice(&in->ready, &ready);
}

static bool has_any(const struct ingest *in, enum wait_for what)
{
	return !list_is_empty(&in->waiting[what]) && left_of(in, what) > 0;
}

static bool is_first_served(const struct list *list, uint64_t room)
{
	return !list_is_empty(list) && first_of(list)->waits_bytes <= room;
}

/* The first lane in its line stands for all: those behind were looked at in the same turn. */
static bool lane_can_admit(const struct ingest *in, unsigned writer)
{
	const struct list *relieved = &in->lanes.relieved[writer];
	if (list_is_empty(relieved))
		return false;
	const struct lane *lane = list_entry(relieved->next, struct lane, relieved);
	uint64_t room = min_u64(lane_room(&in->lanes, lane), writer_room(&in->lanes, writer));
	return list_is_empty(&lane->blocked) || first_of(&lane->blocked)->waits_bytes <= room;
}

bool waiting_can_admit(const struct ingest *in)
{
	if (in->sessions_blocked == 0)
		return false;
	if (reserve_is_enough(in))
		return true;
	for (unsigned what = WAIT_ANSWER; what < WAIT_APPEND; what++)
		if (has_any(in, what))
			return true;
	for (unsigned what = WAIT_LARGE; what < WAIT_ANSWER; what++)
		if (is_first_served(&in->waiting[what], bytes_left_of(in, what)))
			return true;
	for (unsigned w = 0; w < in->writer_count; w++) {
		if (has_any(in, WAIT_APPEND + w) || has_any(in, WAIT_READ + w))
			return true;
		if (is_first_served(&in->waiting[WAIT_CREDIT + w], writer_room(&in->lanes, w)))
			return true;
		if (lane_can_admit(in, w))
			return true;
	}
	return false;
}
