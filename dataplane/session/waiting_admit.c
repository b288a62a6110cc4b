/* waiting_admit.c - what there is in, sessions that waited for it out; see waiting_admit.h. */
#include "dataplane/session/waiting_admit.h"
#include "dataplane/base/require.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/session/session_place.h"

enum {
	ADMITTED_PER_TURN = 128, /* of each list */
	LANES_PER_TURN = 64,     /* of each writer */
	COMMON_TURNS = 4,        /* of the lines for long answers */
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

/* The common region is everybody's. */
static uint64_t large_left_of(const struct ingest *in, enum answer_region region)
{
	uint32_t left = max_u32(answer_large_left(&in->answers, region),
				answer_large_left(&in->answers, ANSWER_COMMON));
	return (uint64_t)left * CHUNK_BYTES;
}

/* For lists of sessions that each need chunks for so many bytes. */
static uint64_t bytes_left_of(const struct ingest *in, enum wait_for what)
{
	if (what < WAIT_REQUEST)
		return large_left_of(in, what - WAIT_LARGE);
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

static uint32_t appends_left(const struct batching *b, unsigned line)
{
	unsigned kind = line / WRITERS_MAX, writer = line % WRITERS_MAX;
	uint32_t left = appends_max_of((enum credit_kind)kind) - b->taken[writer][kind];
	return min_u32(slab_left(&b->appends), left);
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
		return appends_left(&in->batching, what - WAIT_APPEND);
	}
}

/* ---- out ------------------------------------------------------------------------------- */

static struct session *first_of(const struct list *list)
{
	return list_entry(list->next, struct session_place, blocked)->session;
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

/* Lanes of the writer that got credit back, as far as its own reaches; one that has sessions
 * left who would find some is looked at again in the next turn. */
static void admit_lanes(struct waits *w, struct lanes *lanes, unsigned writer,
			enum credit_kind kind, struct list *ready)
{
	struct list *relieved = &lanes->relieved[writer][kind];
	struct list again;
	uint64_t room = writer_room(lanes, writer, kind);
	list_init(&again);
	for (unsigned i = 0; i < LANES_PER_TURN && room > 0 && !list_is_empty(relieved); i++) {
		struct lane_credit *credit =
			list_entry(relieved->next, struct lane_credit, relieved);
		uint64_t own = lane_room(lanes, credit);
		uint64_t both = min_u64(own, room);
		uint64_t left =
			admit_bytes(w, &credit->blocked, WAIT_LANE + kind, both, ready);
		room -= both - left;
		own -= both - left;
		list_remove(&credit->relieved);
		/* Who is lost before it takes what it was admitted for gives nothing back. */
		bool is_promised = left < both;
		if (!list_is_empty(&credit->blocked) &&
		    (is_promised || first_of(&credit->blocked)->waits_bytes <= own))
			list_append(&again, &credit->relieved);
	}
	list_splice(relieved, &again);
}

/* What goes to a writer: places and credit, of one kind. */
static void admit_to_writer(struct ingest *in, unsigned writer, enum credit_kind kind,
			    struct list *ready)
{
	struct lanes *lanes = &in->batching.lanes;
	enum wait_for credit = wait_for_credit(kind, writer);
	admit_counted(in, wait_for_append(kind, writer), ready);
	admit_bytes(&in->waits, &in->waits.lines[credit], credit,
		    writer_room(lanes, writer, kind), ready);
	admit_lanes(&in->waits, lanes, writer, kind, ready);
}

static uint64_t incoming_room_bytes(const struct ingest *in, unsigned region)
{
	return (uint64_t)incoming_room(&in->batching.incoming, region) * CHUNK_BYTES;
}

static void give_way(struct ingest *in, struct incoming_batch *b)
{
	incoming_end(&in->batching.incoming, b);
	session_abort(b->session);
	stats_add(&in->stats, STAT_sessions_gave_way, 1);
}

/* Somebody waits for what a slow one holds: it gives way, one a turn. */
static void incoming_relieve(struct ingest *in)
{
	struct incoming *m = &in->batching.incoming;
	struct incoming_batch *b = incoming_slowest(m, (uint32_t)(in->now.ns / NS_PER_MS));
	if (b)
		give_way(in, b);
}

/* Where all of them wait for each other the newest gives way: the oldest will be done first. */
static void halves_relieve(struct ingest *in, struct halves *h)
{
	uint32_t now_ms = (uint32_t)(in->now.ns / NS_PER_MS);
	struct incoming_batch *b = incoming_half_slowest(&h->batches, now_ms);
	if (halves_are_stuck(h, in->now.ns) && !b)
		b = incoming_half_newest(&h->batches);
	if (!b)
		return;
	halves_moved(h);
	give_way(in, b);
}

/* The same of what is kept of large requests, while others wait for such memory. */
static void requests_relieve(struct ingest *in)
{
	const struct list *lines = in->waits.lines;
	for (unsigned s = 0; s < CALL_SERVERS; s++) {
		struct call_server *server = &in->servers[s];
		if (list_is_empty(&lines[WAIT_REQUEST + s]))
			halves_moved(&server->halves);
		else
			halves_relieve(in, &server->halves);
	}
	struct reading *rd = &in->reading;
	if (list_is_empty(&lines[WAIT_PARTS]) && list_is_empty(&lines[WAIT_PARTS_SMALL]))
		halves_moved(&rd->halves);
	else
		halves_relieve(in, &rd->halves);
}

static void admit_incoming(struct ingest *in, struct list *ready)
{
	bool any = false;
	for (unsigned region = 0; region < INCOMING_REGIONS; region++) {
		enum wait_for what = WAIT_INCOMING + region;
		struct list *line = &in->waits.lines[what];
		admit_bytes(&in->waits, line, what, incoming_room_bytes(in, region), ready);
		any |= !list_is_empty(line);
	}
	if (any)
		incoming_relieve(in);
}

static void admit_line(struct ingest *in, enum wait_for what, struct list *ready)
{
	admit_bytes(&in->waits, &in->waits.lines[what], what, bytes_left_of(in, what), ready);
}

/* Whose line is first takes of the common region what it needs. Who stands in that one's own holds
 * much already, or asks for much and nobody knows him: he is first once in COMMON_TURNS. */
static void admit_large(struct ingest *in, struct list *ready)
{
	bool is_first = in->waits.large_turns++ % COMMON_TURNS == 0;
	if (is_first)
		admit_line(in, WAIT_LARGE + ANSWER_COMMON, ready);
	for (unsigned region = ANSWER_COMMON + 1; region < ANSWER_REGIONS; region++)
		admit_line(in, WAIT_LARGE + region, ready);
	if (!is_first)
		admit_line(in, WAIT_LARGE + ANSWER_COMMON, ready);
}

void waiting_admit(struct ingest *in)
{
	struct list ready;
	if (likely(in->waits.blocked == 0))
		return;
	list_init(&ready);
	admit_incoming(in, &ready);
	/* A fetch that waits to read has been in the line for chunks, and goes before it. */
	for (unsigned w = 0; w < in->writer_count; w++)
		admit_counted(in, WAIT_READ + w, &ready);
	admit_large(in, &ready);
	for (unsigned what = WAIT_REQUEST; what < WAIT_ANSWER; what++)
		admit_line(in, what, &ready);
	requests_relieve(in);
	for (unsigned what = WAIT_ANSWER; what < WAIT_APPEND; what++)
		admit_counted(in, what, &ready);
	for (unsigned w = 0; w < in->writer_count; w++)
		for (unsigned kind = 0; kind < CREDIT_KINDS_WAITING; kind++)
			admit_to_writer(in, w, (enum credit_kind)kind, &ready);
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
static bool lane_can_admit(const struct lanes *lanes, unsigned writer, enum credit_kind kind)
{
	const struct list *relieved = &lanes->relieved[writer][kind];
	if (list_is_empty(relieved))
		return false;
	const struct lane_credit *credit =
		list_entry(relieved->next, struct lane_credit, relieved);
	uint64_t room =
		min_u64(lane_room(lanes, credit), writer_room(lanes, writer, kind));
	return list_is_empty(&credit->blocked) ||
	       first_of(&credit->blocked)->waits_bytes <= room;
}

static bool writer_can_admit(const struct ingest *in, unsigned writer, enum credit_kind kind)
{
	const struct lanes *lanes = &in->batching.lanes;
	return has_any(in, wait_for_append(kind, writer)) ||
	       is_first_served(&in->waits.lines[wait_for_credit(kind, writer)],
			       writer_room(lanes, writer, kind)) ||
	       lane_can_admit(lanes, writer, kind);
}

/* The same questions as waiting_admit() asks, without an answer that changes anything: a core
 * that slept over one would leave sessions until a packet wakes it. */
bool waiting_can_admit(const struct ingest *in)
{
	if (in->waits.blocked == 0)
		return false;
	for (unsigned region = 0; region < INCOMING_REGIONS; region++)
		if (is_first_served(&in->waits.lines[WAIT_INCOMING + region],
				    incoming_room_bytes(in, region)))
			return true;
	for (unsigned what = WAIT_ANSWER; what < WAIT_APPEND; what++)
		if (has_any(in, what))
			return true;
	for (unsigned what = WAIT_LARGE; what < WAIT_ANSWER; what++)
		if (is_first_served(&in->waits.lines[what], bytes_left_of(in, what)))
			return true;
	for (unsigned w = 0; w < in->writer_count; w++) {
		if (has_any(in, WAIT_READ + w))
			return true;
		for (unsigned kind = 0; kind < CREDIT_KINDS_WAITING; kind++)
			if (writer_can_admit(in, w, (enum credit_kind)kind))
				return true;
	}
	return false;
}
