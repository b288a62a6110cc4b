/* session_place.c - a session that begins to wait in, its place out; see session_place.h. */
#include "dataplane/session/session_place.h"
#include "dataplane/base/require.h"

struct session_place *session_take_place(struct sessions *ss, struct session *s)
{
	if (s->place)
		return s->place;
	s->place = slab_take(&ss->places);
	require(s->place);
	s->place->session = s;
	list_init(&s->place->blocked);
	timer_init(&s->place->timer);
	return s->place;
}

void session_rest(struct sessions *ss, struct session *s)
{
	bool is_wanted = session_is_blocked(s) || s->admitted != WAIT_NOTHING || s->is_timed ||
			 s->is_watched || (s->own & SESSION_OWN_WAITS);
	if (!s->place || is_wanted)
		return;
	slab_give(&ss->places, s->place);
	s->place = NULL;
}
