/* waiting.c - sessions in that found nothing left, each at its place in a line; see waiting.h. */
#include "dataplane/session/waiting.h"
#include "dataplane/base/require.h"
#include "dataplane/session/session_place.h"

void waiting_init(struct waits *w, struct sessions *sessions, struct stats *stats)
{
	w->sessions = sessions;
	w->stats = stats;
	for (unsigned i = 0; i < WAITS; i++)
		list_init(&w->lines[i]);
}

static const struct session_place *taken_by(const struct list *blocked)
{
	return list_entry(blocked, struct session_place, blocked);
}

/* Whom it is behind, of those at the front: the ones that were admitted with it, and found too
 * little, too. */
static struct list *place_of(const struct session_place *own, struct list *list)
{
	struct list *place = list->next;
	while (place != list && (int32_t)(taken_by(place)->ticket - own->ticket) < 0)
		place = place->next;
	return place;
}

static uint64_t source_of(const struct list *blocked)
{
	return address_source(&taken_by(blocked)->session->stream->peer.address);
}

/* So many sessions at the front of a line are looked at, and of so many sources. */
enum { PLACES_MAX = 64, SOURCES_MAX = 16 };

static unsigned count_own(uint64_t source, const struct list *list)
{
	unsigned own = 0, places = 0;
	for (const struct list *at = list->next; at != list && places < PLACES_MAX; places++) {
		own += source_of(at) == source;
		at = at->next;
	}
	return own;
}

/* Behind as many of each other source as there are of its own, so that the sources take turns,
 * however many connections one has. Where that is far behind, at the end. */
static struct list *place_in_turn(const struct session *s, struct list *list)
{
	struct {
		uint64_t source;
		unsigned count;
	} seen[SOURCES_MAX];
	unsigned own = count_own(address_source(&s->stream->peer.address), list);
	unsigned sources = 0, places = 0;
	for (struct list *at = list->next; at != list && places < PLACES_MAX; places++) {
		uint64_t source = source_of(at);
		unsigned i = 0;
		while (i < sources && seen[i].source != source)
			i++;
		if (i == SOURCES_MAX)
			return list;
		if (i == sources) {
			seen[sources].source = source;
			seen[sources++].count = 0;
		}
		if (seen[i].count++ > own)
			return at;
		at = at->next;
	}
	return list;
}

/* What is slow to get, for each has to be opened, or a peer has to take what he was sent: the
 * sources share it. */
static bool is_shared(enum wait_for what)
{
	return what == WAIT_LANE + CREDIT_PACKED ||
	       (what >= WAIT_LARGE && what < WAIT_LARGE + ANSWER_REGIONS) ||
	       (what >= wait_for_append(CREDIT_PACKED, 0) &&
		what < wait_for_append(CREDIT_PACKED + 1, 0)) ||
	       (what >= wait_for_credit(CREDIT_PACKED, 0) &&
		what < wait_for_credit(CREDIT_PACKED + 1, 0));
}

/* Credit, an append, an answer: what a T-Box frame takes, too. */
static bool is_for_frames(enum wait_for what)
{
	return what == WAIT_LANE + CREDIT_FRAMES || what == WAIT_ANSWER ||
	       what == WAIT_WAITER ||
	       (what >= wait_for_append(CREDIT_FRAMES, 0) &&
		what < wait_for_append(CREDIT_FRAMES + 1, 0)) ||
	       (what >= wait_for_credit(CREDIT_FRAMES, 0) &&
		what < wait_for_credit(CREDIT_FRAMES + 1, 0));
}

/* Who was admitted and still finds too little keeps its number, and with it its place. */
static void wait_on(struct waits *w, struct session *s, struct list *list, enum wait_for what)
{
	struct session_place *own = session_take_place(w->sessions, s);
	bool keeps_place = s->admitted == what;
	require(!session_is_blocked(s));
	if (!keeps_place)
		own->ticket = w->tickets++;
	struct list *place = list;
	if (keeps_place)
		place = place_of(own, list);
	else if (is_shared(what))
		place = place_in_turn(s, list);
	list_append(place, &own->blocked);
	s->waits_for = (uint8_t)what;
	s->admitted = WAIT_NOTHING;
	s->is_skipped = true;
	w->blocked++;
	w->frames_blocked += is_for_frames(what);
	stats_add(w->stats, STAT_sessions_blocked, 1);
}

void session_wait(struct waits *w, struct session *s, enum wait_for what)
{
	wait_on(w, s, &w->lines[what], what);
}

void session_wait_bytes(struct waits *w, struct session *s, enum wait_for what, uint32_t bytes)
{
	s->waits_bytes = bytes;
	session_wait(w, s, what);
}

/* Whoever lacks the lane's own credit waits with the lane, which is looked at when it gets some
 * back; whoever lacks the writer's waits with the writer, where any lane may give it. */
bool credit_take(struct waits *w, struct lanes *lanes, struct session *s, struct lane *lane,
		 enum credit_kind kind, uint32_t bytes)
{
	struct lane_credit *credit = &lane->credit[kind];
	enum wait_for own = WAIT_LANE + kind;
	enum wait_for writers = wait_for_credit(kind, lane->writer);
	bool others_wait = !list_is_empty(&credit->blocked) && s->admitted != own;
	bool is_turn = !others_wait && waiting_is_turn(w, s, writers);
	if (is_turn && lane_reserve(lanes, lane, kind, bytes))
		return true;
	s->waits_bytes = bytes;
	if (lane_room(lanes, credit) < bytes || others_wait)
		wait_on(w, s, &credit->blocked, own);
	else
		session_wait(w, s, writers);
	return false;
}

static bool may_take(const struct waits *w, const struct incoming *m, const struct session *s,
		     enum incoming_region region, uint32_t chunks)
{
	return waiting_is_turn(w, s, WAIT_INCOMING + region) &&
	       chunks <= incoming_room(m, region);
}

/* A chunk's worth at a time, as long as there is plenty: a peer that announces much and sends
 * little holds no more than one. */
uint32_t incoming_take(struct waits *w, struct incoming *m, struct session *s,
		       struct incoming_batch *b, uint32_t bytes)
{
	enum wait_for common = WAIT_INCOMING + INCOMING_COMMON;
	if (likely(m->used[INCOMING_COMMON] < m->piecemeal && waiting_is_turn(w, s, common))) {
		incoming_charge(m, b, INCOMING_COMMON, 1);
		return min_u32(bytes, CHUNK_BYTES);
	}
	uint32_t chunks = (bytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
	enum incoming_region region = INCOMING_COMMON;
	if (!may_take(w, m, s, region, chunks))
		region = incoming_region_of(m, b, bytes);
	if (may_take(w, m, s, region, chunks)) {
		incoming_charge(m, b, region, chunks);
		return bytes;
	}
	session_wait_bytes(w, s, WAIT_INCOMING + region, chunks * CHUNK_BYTES);
	return 0;
}

/* Also for a session that is about to go: whoever is behind it moves up, and nothing was taken
 * for it. */
void session_unblock(struct waits *w, struct session *s)
{
	if (!session_is_blocked(s))
		return;
	list_remove(&s->place->blocked);
	w->blocked--;
	w->frames_blocked -= is_for_frames(s->waits_for);
	s->waits_for = WAIT_NOTHING;
}
