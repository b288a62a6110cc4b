/* jt808_ask.c - what is missing asked for in time, or given up; see jt808_ask.h. */
#include "dataplane/fleet/jt808_ask.h"
#include "dataplane/fleet/jt808_session.h"
#include "dataplane/wire/fleet/jt808_answer.h"
#include "dataplane/wire/fleet/jt808_body.h"

enum { ASKED_PER_TURN = 64 };

/* Media has an answer of its own for it (7.9), which names it by the id that its first part begins
 * with: without that one it is asked for as any other message. */
static size_t request_write(const struct jt808_message *first, uint16_t serial,
			    struct jt808_missing missing, uint8_t *out)
{
	uint32_t media_id;
	if (first->id == JT808_MEDIA && !first->encryption && jt808_media_read(first, &media_id))
		return jt808_media_answer(out, first, serial, media_id, missing);
	return jt808_resend(out, first, serial, missing);
}

/* False: no memory for it now. */
static bool ask(struct ingest *in, const struct jt808_message_parts *t)
{
	struct jt808_session *js = jt808_of(jt808_parts_session(t));
	struct jt808_message first;
	uint16_t parts[JT808_MISSING_MAX];
	uint8_t out[JT808_MEDIA_ANSWER_BYTES_MAX];
	static_assert((int)JT808_RESEND_BYTES_MAX <= (int)JT808_MEDIA_ANSWER_BYTES_MAX, "room");
	unsigned count =
		jt808_parts_list(in->jt808_parts, t, &first, parts, JT808_MISSING_MAX);
	struct jt808_missing missing = {parts, count};
	size_t size = request_write(&first, js->serial, missing, out);
	if (!jt808_answer_put(&in->answers, js, (struct bytes){out, size}))
		return false;
	stats_add(&in->stats, STAT_parts_asked, count);
	answers_send(&in->answers, &js->session);
	return true;
}

/* Time does not run against who is not read, or does not read. */
static void attend(struct ingest *in, struct jt808_message_parts *t)
{
	struct jt808_parts *p = in->jt808_parts;
	const struct session *s = jt808_parts_session(t);
	if (session_is_held(s) || session_is_blocked(s) || s->is_closing || s->is_aborted ||
	    s->has_ended)
		jt808_parts_wait(p, t);
	else if (jt808_parts_asked(t) == s->listener->parts_retries)
		jt808_parts_give_up(p, t, STAT_record_drop_parts_late);
	else if (ask(in, t))
		jt808_parts_ask(p, t);
	else
		jt808_parts_wait(p, t);
}

void jt808_ask_work(struct ingest *in)
{
	if (likely(in->jt808_parts->slab.in_use == 0))
		return;
	for (unsigned i = 0; i < ASKED_PER_TURN; i++) {
		struct jt808_message_parts *t = jt808_parts_due(in->jt808_parts, in->listeners);
		if (!t)
			return;
		attend(in, t);
	}
}
