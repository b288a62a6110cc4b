/* waiting_admit.c - what there is in, sessions that waited for it out; see waiting_admit.h. */
#include "dataplane/session/waiting_admit.h"
#include "dataplane/base/require.h"
#include "dataplane/session/ingest_parts.h"

enum {
	ADMITTED_PER_TURN = 128, /* of each list */
	LANES_PER_TURN = 64,     /* of each writer */
};

/* ---- what there is --------------------------------------------------------------------- */

static uint32_t slab_left(const struct slab *s)
{
	return s->count - s->in_use;
}

static uint32_t reads_left(const struct reading *rd, unsigned writer)
{
	return HANDOFF_READS_MAX - rd->writers[writer]->outstanding[HANDOFF_READ];
}

/* For lists of sessions that each need chunks for so many bytes. */
static uint64_t bytes_left_of(const struct ingest *in, enum wait_for what)
{
	if (what == WAIT_LARGE)
		return (uint64_t)answer_large_left(&in->answers) * CHUNK_BYTES;
	bool is_small = what == WAIT_PARTS_SMALL ||
			(what >= WAIT_REQUEST_SMALL && what < WAIT_PARTS);
	const struct chunk_pool *p =
		what >= WAIT_PARTS ? &in->reading.parts
				   : &in->servers[(what - WAIT_REQUEST) % CALL_SERVERS].requests;
	uint32_t left = is_small ? chunk_pool_left(p) : chunk_pool_left_large(p);
	return (uint64_t)left * p->chunk_bytes;
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
		return slab_left(&in->reading.fetches);
	default:
		if (what >= WAIT_CALL && what < WAIT_FETCH)
			return calls_left(&in->servers[what - WAIT_CALL]);
		if (what >= WAIT_READ)
			return min_u32(slab_left(&in->reading.reads),
				       reads_left(&in->reading, what - WAIT_READ));
		require(what >= WAIT_APPEND && what < WAIT_CREDIT);
		return min_u32(slab_left(&in->batching.appends),
			       HANDOFF_APPENDS_MAX - in->batching.taken[what - WAIT_APPEND]);
	}
}

/* ---- out ------------------------------------------------------------------------------- */

static struct session *first_of(const struct list *list)
{
	return list_entry(list->next, struct session, blocked);
}

/* It may be on the ready list already, for bytes that came while it waited: it moves to the
 * front. */
static void admit(struct waits *w, struct session *s, enum wait_for what, struct list *ready)
{
	struct stream *stream = s->stream;
	session_unblock(w, s);
	s->admitted = (uint8_t)what;
	list_remove(&stream->ready);
	list_append(ready, &stream->ready);
	stream->events |= STREAM_READABLE;
}

/* What is counted as left is not taken here: each admitted session takes its own when it is
 * cut, before anybody new is. */
static void admit_counted(struct ingest *in, enum wait_for what, struct list *ready)
{
	struct list *list = &in->waits.lines[what];
	if (list_is_empty(list))
		return;
	uint32_t left = min_u32(left_of(in, what), ADMITTED_PER_TURN);
	for (; left > 0 && !list_is_empty(list); left--)
		admit(&in->waits, first_of(list), what, ready);
}

/* Those at the front of `list` for whom `room` bytes are enough; what is left of them. */
static uint64_t admit_bytes(struct waits *w, struct list *list, enum wait_for what,
			    uint64_t room, struct list *ready)
{
	for (unsigned i = 0; i < ADMITTED_PER_TURN && !list_is_empty(list); i++) {
		struct session *s = first_of(list);
		if (s->waits_bytes > room)
			break;
		room -= s->waits_bytes;
		admit(w, s, what, ready);
	}
	return room;
}

/* The oldest incomplete batch goes on as soon as the reserve has room for its next bytes. */
static bool reserve_is_enough(const struct waits *w, const struct lanes *lanes)
{
	const struct list *list = &w->lines[WAIT_RESERVE];
	return !list_is_empty(list) &&
	       lane_has_credit(lanes, w->reserve_lane, first_of(list)->waits_bytes, true);
}

/* Lanes of the writer that got credit back, as far as its own reaches; one that has sessions
 * left who would find some is looked at again in the next turn. */
static void admit_lanes(struct waits *w, struct lanes *lanes, unsigned writer,
			struct list *ready)
{
	struct list *relieved = &lanes->relieved[writer];
	struct list again;
	uint64_t room = writer_room(lanes, writer);
	list_init(&again);
	for (unsigned i = 0; i < LANES_PER_TURN && room > 0 && !list_is_empty(relieved); i++) {
		struct lane *lane = list_entry(relieved->next, struct lane, relieved);
		uint64_t own = lane_room(lanes, lane);
		uint64_t both = min_u64(own, room);
		uint64_t left = admit_bytes(w, &lane->blocked, WAIT_LANE, both, ready);
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
	if (likely(in->waits.blocked == 0))
		return;
	list_init(&ready);
	if (reserve_is_enough(&in->waits, &in->batching.lanes))
		admit(&in->waits, first_of(&in->waits.lines[WAIT_RESERVE]), WAIT_RESERVE,
		      &ready);
	/* A fetch that waits to read has been in the line for chunks, and goes before it. */
	for (unsigned w = 0; w < in->writer_count; w++)
		admit_counted(in, WAIT_READ + w, &ready);
	for (unsigned what = WAIT_LARGE; what < WAIT_ANSWER; what++)
		admit_bytes(&in->waits, &in->waits.lines[what], what, bytes_left_of(in, what),
			    &ready);
	for (unsigned what = WAIT_ANSWER; what < WAIT_APPEND; what++)
		admit_counted(in, what, &ready);
	for (unsigned w = 0; w < in->writer_count; w++) {
		admit_counted(in, WAIT_APPEND + w, &ready);
		admit_bytes(&in->waits, &in->waits.lines[WAIT_CREDIT + w], WAIT_CREDIT + w,
			    writer_room(&in->batching.lanes, w), &ready);
		admit_lanes(&in->waits, &in->batching.lanes, w, &ready);
	}
	list_splice(&ready, &in->sessions.ready);
	list_splice(&in->sessions.ready, &ready);
}

static bool has_any(const struct ingest *in, enum wait_for what)
{
	return !list_is_empty(&in->waits.lines[what]) && left_of(in, what) > 0;
}

static bool is_first_served(const struct list *list, uint64_t room)
{
	return !list_is_empty(list) && first_of(list)->waits_bytes <= room;
}

/* The first lane in its line stands for all: those behind were looked at in the same turn. */
static bool lane_can_admit(const struct lanes *lanes, unsigned writer)
{
	const struct list *relieved = &lanes->relieved[writer];
	if (list_is_empty(relieved))
		return false;
	const struct lane *lane = list_entry(relieved->next, struct lane, relieved);
	uint64_t room = min_u64(lane_room(lanes, lane), writer_room(lanes, writer));
	return list_is_empty(&lane->blocked) || first_of(&lane->blocked)->waits_bytes <= room;
}

/* The same questions as waiting_admit() asks, without an answer that changes anything: a core
 * that slept over one would leave sessions until a packet wakes it. */
bool waiting_can_admit(const struct ingest *in)
{
	if (in->waits.blocked == 0)
		return false;
	if (reserve_is_enough(&in->waits, &in->batching.lanes))
		return true;
	for (unsigned what = WAIT_ANSWER; what < WAIT_APPEND; what++)
		if (has_any(in, what))
			return true;
	for (unsigned what = WAIT_LARGE; what < WAIT_ANSWER; what++)
		if (is_first_served(&in->waits.lines[what], bytes_left_of(in, what)))
			return true;
	for (unsigned w = 0; w < in->writer_count; w++) {
		if (has_any(in, WAIT_APPEND + w) || has_any(in, WAIT_READ + w))
			return true;
		if (is_first_served(&in->waits.lines[WAIT_CREDIT + w],
				    writer_room(&in->batching.lanes, w)))
			return true;
		if (lane_can_admit(&in->batching.lanes, w))
			return true;
	}
	return false;
}
