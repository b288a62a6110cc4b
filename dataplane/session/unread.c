/* unread.c - long answers that are sent in, readers out; see unread.h. */
#include "dataplane/session/unread.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/session/session.h"

#include <errno.h>

enum { FAULT_MS = 10000 };

int unread_init(struct unread *u, uint32_t connections)
{
	memset(u, 0, sizeof *u);
	list_init(&u->readers);
	u->all = map_take(sizeof *u->all * (size_t)connections);
	u->places = connections;
	return u->all ? 0 : -ENOMEM;
}

void unread_fini(struct unread *u)
{
	map_give(u->all, sizeof *u->all * (size_t)u->places);
	u->all = NULL;
}

static struct reader *reader_of(const struct unread *u, const struct session *s)
{
	require(stream_place(s->stream) < u->places);
	return &u->all[stream_place(s->stream)];
}

/* Who has taken all that it was sent before begins anew, and is looked at last. */
void unread_begin(struct unread *u, struct session *s, size_t bytes, uint64_t now_ns)
{
	struct stream_sending now = stream_sending(s->stream);
	struct reader *r = reader_of(u, s);
	if (!r->session) {
		*r = (struct reader){.session = s};
		list_init(&r->node);
		s->stream->is_read = true;
	}
	r->given += bytes;
	bool is_listed = !list_is_empty(&r->node);
	if (is_listed && now.held > 0)
		return;
	u->count += !is_listed;
	list_remove(&r->node);
	list_append(&u->readers, &r->node);
	r->looked_ms = r->rate_ms = (uint32_t)(now_ns / NS_PER_MS);
	r->taken = r->rate_taken = now.taken;
	r->want_ms = r->want_bytes = 0;
}

void unread_end(struct unread *u, struct session *s)
{
	if (likely(!s->stream->is_read))
		return;
	struct reader *r = reader_of(u, s);
	require(r->session == s);
	u->count -= !list_is_empty(&r->node);
	list_remove(&r->node);
	r->session = NULL;
	s->stream->is_read = false;
}

bool unread_is_held(const struct unread *u, const struct session *s)
{
	return s->stream->is_read && !list_is_empty(&reader_of(u, s)->node) &&
	       stream_sending(s->stream).held > 0;
}

void unread_note_fault(struct unread *u, uint32_t source, uint32_t now_ms)
{
	u->fault_ms[source] = max_u32(now_ms, 1);
}

bool unread_has_fault(const struct unread *u, uint32_t source, uint32_t now_ms)
{
	uint32_t fault_ms = u->fault_ms[source];
	return fault_ms && now_ms - fault_ms < FAULT_MS;
}

uint64_t unread_taken(const struct unread *u, const struct session *s)
{
	if (!s->stream->is_read)
		return 0;
	uint64_t given = reader_of(u, s)->given, held = stream_sending(s->stream).held;
	return given > held ? given - held : 0;
}
