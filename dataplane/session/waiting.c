/* waiting.c - sessions in that found nothing left, each at its place in a line; see waiting.h. */
#include "dataplane/session/waiting.h"
#include "dataplane/base/require.h"

void waiting_init(struct waits *w, struct stats *stats)
{
	w->stats = stats;
	list_init(&w->incomplete);
	for (unsigned i = 0; i < WAITS; i++)
		list_init(&w->lines[i]);
}

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

/* Who was admitted and still finds too little keeps its number, and with it its place. */
static void wait_on(struct waits *w, struct session *s, struct list *list, enum wait_for what)
{
	bool keeps_place = s->admitted == what;
	require(!session_is_blocked(s));
	if (!keeps_place)
		s->ticket = w->tickets++;
	list_append(keeps_place ? place_of(s, list) : list, &s->blocked);
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
		 uint32_t bytes, bool is_oldest)
{
	enum wait_for writers = WAIT_CREDIT + lane->writer;
	bool others_wait = !list_is_empty(&lane->blocked) && s->admitted != WAIT_LANE;
	bool is_turn = is_oldest || (!others_wait && waiting_is_turn(w, s, writers));
	if (is_turn && lane_reserve(lanes, lane, bytes, is_oldest))
		return true;
	s->waits_bytes = bytes;
	if (is_oldest) {
		w->reserve_lane = lane;
		session_wait(w, s, WAIT_RESERVE);
		return false;
	}
	if (lane_room(lanes, lane) < bytes || others_wait)
		wait_on(w, s, &lane->blocked, WAIT_LANE);
	else
		session_wait(w, s, writers);
	return false;
}

/* Also for a session that is about to go: whoever is behind it moves up, and nothing was taken
 * for it. */
void session_unblock(struct waits *w, struct session *s)
{
	if (!session_is_blocked(s))
		return;
	list_remove(&s->blocked);
	w->blocked--;
	w->frames_blocked -= is_for_frames(s->waits_for);
	s->waits_for = WAIT_NOTHING;
}
