/* jt808_session.c - JT/T 808 on one connection: bytes in, messages and what is none out; who may
 * speak; answers prepared and settled. The rules are in docs/JT808.md.
 *
 *     consumed | message message BAD fill message | WAIT
 *              └ offset                           └ frame_at: no delimiter has come behind it
 *
 * What a message is allowed depends on those before it. So a turn's cut ends with an
 * authentication: what comes behind it is cut when it is known what came of it.
 */
#include "dataplane/fleet/jt808_session.h"
#include "dataplane/base/require.h"
#include "dataplane/base/siphash.h"
#include "dataplane/fleet/jt808_facts.h"
#include "dataplane/fleet/unanswered.h"
#include "dataplane/fleet/vehicle.h"
#include "dataplane/session/protocols.h"
#include "dataplane/wire/fleet/jt808_answer.h"
#include "dataplane/wire/fleet/jt808_body.h"

#include <xxhash.h>

enum { CODE_BYTES = 16 };
static_assert((int)CODE_BYTES <= (int)JT808_CODE_BYTES_MAX, "it can be sent");
static_assert((int)JT808_PHONE_DIGITS_MAX <= (int)RECORD_KEY_BYTES_MAX, "a key");

static struct phone phone_of(const struct jt808_message *m)
{
	struct phone p = {0};
	memcpy(p.bcd + sizeof p.bcd - m->phone.size, m->phone.data, m->phone.size);
	return p;
}

/* ---- who may speak ---------------------------------------------------------------------- */

/* A phone's code is computed whenever it is needed, and kept nowhere. */
static void code_of(const struct poller_settings *settings, const struct jt808_message *m,
		    char out[CODE_BYTES])
{
	struct siphash_key key = {settings->code_key[0], settings->code_key[1]};
	struct phone phone = phone_of(m);
	uint64_t sum = siphash(key, phone.bcd, sizeof phone.bcd);
	for (unsigned i = 0; i < CODE_BYTES; i++)
		out[i] = "0123456789abcdef"[sum >> (60 - 4 * i) & 15];
}

static bool code_holds(const struct poller_settings *settings, const struct jt808_message *m)
{
	struct jt808_authentication a;
	char code[CODE_BYTES];
	if (!jt808_authentication_read(m, &a) || a.code.size != CODE_BYTES)
		return false;
	code_of(settings, m, code);
	uint8_t difference = 0; /* no sooner known for a better guess */
	for (unsigned i = 0; i < CODE_BYTES; i++)
		difference |= (uint8_t)code[i] ^ a.code.data[i];
	return difference == 0;
}

/* May this be taken of this session, as things are (7.2)? */
static bool is_allowed(const struct ingest *in, const struct jt808_session *js,
		       const struct jt808_message *m)
{
	if (js->session.listener->authentication == AUTHENTICATION_ANY)
		return true;
	if (m->id == JT808_AUTHENTICATION)
		return code_holds(&in->settings, m);
	if (m->id == JT808_REGISTRATION || m->id == JT808_TERMINAL_ANSWER)
		return true;
	struct phone phone = phone_of(m);
	return js->is_authenticated && memcmp(&phone, &js->phone, sizeof phone) == 0;
}

/* Is the phone in the listener's list, which has no zeroes before the first other digit? */
static bool is_listed(const struct vehicle_list *list, const struct jt808_message *m)
{
	char digits[JT808_PHONE_DIGITS_MAX];
	if (!list)
		return true;
	size_t size = jt808_phone_text(digits, m->phone, false);
	return vehicle_list_has(list, NAME_VEHICLE, (struct bytes){(uint8_t *)digits, size});
}

/* Why the message is not taken; 0: it is. */
static enum stat_id refusal_of(const struct ingest *in, const struct jt808_session *js,
			       const struct jt808_message *m)
{
	if (!is_listed(vehicle_list_of(in, &js->session), m))
		return STAT_frame_reject_identity;
	return is_allowed(in, js, m) ? 0 : STAT_frame_reject_authentication;
}

static bool is_refused(const struct frame *f)
{
	return f->verdict == STAT_frame_reject_authentication ||
	       f->verdict == STAT_frame_reject_identity;
}

/* ---- what is answered ------------------------------------------------------------------- */

/* What a terminal says of its own accord; the rest is an answer, or comes from a platform. */
static bool is_answered(const struct jt808_message *m)
{
	enum { FROM_PLATFORM = 0x8000 };
	return m->id != JT808_TERMINAL_ANSWER && !(m->id & FROM_PLATFORM);
}

/* What is sent again is the same byte for byte (6.1.2). Its own check code is one byte, and its
 * serial may stand still: two reports would often be taken for one. */
static uint64_t name_of(const struct jt808_message *m, struct bytes message)
{
	uint64_t id_and_serial = (uint64_t)m->id << 16 | m->serial;
	return id_and_serial << 32 | (uint32_t)XXH3_64bits(message.data, message.size);
}

static uint16_t serial_of(uint64_t name)
{
	return (uint16_t)(name >> 32);
}

/* A record that is one report of the batch of that name. */
static bool is_report(const struct frame *f, const struct jt808_message *m)
{
	return f->name && (uint16_t)(f->name >> 48) != m->id;
}

/* Of a message that came in one, and can be read. */
static bool is_plain(const struct jt808_message *m)
{
	return m->parts == 0 && m->encryption == 0;
}

/* ---- cutting ---------------------------------------------------------------------------- */

/* One call of cut. */
struct cut {
	struct ingest *in;
	struct jt808_session *js;
	struct frame_vec *frames;
	struct stream *stream;
	unsigned frames_end; /* `frames` may hold so many */
	size_t readable;
	size_t at;        /* bytes cut so far */
	bool is_open;     /* the byte before them is a delimiter */
	bool is_over;     /* the rest is cut in another turn */
	size_t wait_bytes; /* 0: nothing is waited for */
	struct unanswered *unanswered;
	unsigned parts; /* of messages in parts, that are taken when what was cut is */
};

static bool has_room(const struct cut *c)
{
	return c->frames->count < c->frames_end && c->at < c->readable && !c->is_over;
}

static struct frame *cut_push(struct cut *c, struct bytes value, const struct jt808_piece *p)
{
	struct frame *f = &c->frames->frames[c->frames->count++];
	*f = (struct frame){
		.session = &c->js->session,
		.value = value,
		.consumed = (uint32_t)p->size,
	};
	c->at += p->size;
	return f;
}

/* The message as it is stored: where it lies, or without its escapes; null: no memory in this
 * turn. */
static struct bytes message_of(struct turn_bytes *t, const struct jt808_piece *p)
{
	if (p->escapes == 0)
		return p->content;
	/* As many as the content, of which jt808_unescape() leaves the last ones alone. */
	uint8_t *out = turn_bytes_take(t, p->content.size);
	return (struct bytes){out, out ? jt808_unescape(out, p->content) : 0};
}

/* All of the message that `m` is the last part of; null: it is not, or all is said of it in a later
 * turn (c->is_over): no memory in this one, or parts before it have been cut and not been taken
 * yet, so that nobody knows whether it is the last. */
static struct bytes whole_of(struct cut *c, const struct jt808_message *m)
{
	struct jt808_message_parts *t = jt808_parts_find(&c->js->parts, m);
	unsigned missing = jt808_parts_missing(t, m);
	if (missing == 0 || missing > 1 + c->parts)
		return (struct bytes){0};
	size_t size = jt808_parts_whole_bytes(t, m);
	uint8_t *out = c->parts ? NULL : turn_bytes_take(&c->in->turn_bytes, size);
	c->is_over = true;
	if (!out)
		return (struct bytes){0};
	jt808_parts_gather(c->in->jt808_parts, t, m, out);
	return (struct bytes){out, size};
}

/* Does it become several records? */
static bool is_split(const struct cut *c, const struct jt808_message *m, struct jt808_batch *ret)
{
	return c->js->session.listener->batch == BATCH_SPLIT && m->id == JT808_BATCH &&
	       is_plain(m) && jt808_batch_read(m, ret) && ret->count > 0;
}

/* As many of its reports as this turn has room for, behind those of earlier turns: the last one
 * takes the batch's bytes along. */
static void cut_reports(struct cut *c, const struct jt808_piece *p, const struct frame *like,
			const struct jt808_message *m, struct jt808_batch *b)
{
	for (unsigned i = 0; i < b->count; i++) {
		struct bytes report = jt808_batch_next(b);
		bool is_last = i + 1u == b->count;
		size_t size = jt808_batch_report_bytes(m, report);
		if (i < c->js->reports && c->at == 0)
			continue;
		bool has_room = c->frames->count < c->frames_end;
		uint8_t *out = has_room ? turn_bytes_take(&c->in->turn_bytes, size) : NULL;
		c->is_over |= !out || c->js->session.is_closing;
		if (!out)
			return;
		jt808_batch_report(out, m, report);
		struct jt808_piece bytes = {.size = is_last ? p->size : 0};
		struct frame *f = cut_push(c, (struct bytes){out, size}, &bytes);
		f->key = like->key;
		f->name = like->name;
		f->has_more = !is_last;
	}
}

/* One whose first reports have gone on stands among the unanswered already. */
static bool is_resent(struct cut *c, uint64_t name)
{
	bool goes_on = c->js->reports > 0 && c->at == 0;
	return name && !goes_on && !unanswered_add(c->unanswered, name);
}

/* What its session has nothing against: a record, one that is there already, or a part. */
static void cut_accepted(struct cut *c, const struct jt808_piece *p, const struct frame *like,
			 const struct jt808_message *m, struct bytes whole)
{
	struct jt808_batch batch;
	struct frame f = *like;
	if (is_resent(c, f.name)) {
		f.kind = FRAME_ANSWER;
		f.verdict = STAT_frames_resent;
	} else if (is_split(c, m, &batch)) {
		cut_reports(c, p, like, m, &batch);
		return;
	} else if (whole.data) {
		f.value = whole;
		f.is_gathered = true;
	} else if (m->parts > 0 && is_answered(m)) {
		f.kind = FRAME_ANSWER;
		f.verdict = STAT_frames_joined;
		c->parts++;
	}
	*cut_push(c, f.value, p) = f;
}

static void cut_message(struct cut *c, const struct jt808_piece *p)
{
	struct turn_bytes *t = &c->in->turn_bytes;
	bool keeps_zeroes = c->js->session.listener->phone_zeroes == PHONE_ZEROES_KEEP;
	struct bytes message = message_of(t, p), whole = {0};
	uint8_t *digits = message.data ? turn_bytes_take(t, JT808_PHONE_DIGITS_MAX) : NULL;
	if (!digits) {
		c->is_over = true;
		return;
	}
	struct jt808_message m = jt808_read(message);
	if (m.parts > 0 && is_answered(&m))
		whole = whole_of(c, &m);
	if (c->is_over && !whole.data)
		return;
	size_t key_bytes = jt808_phone_text((char *)digits, m.phone, keeps_zeroes);
	struct frame f = {
		.session = &c->js->session,
		.value = message,
		.key = {digits, key_bytes},
		.consumed = (uint32_t)p->size,
		.name = is_answered(&m) ? name_of(&m, message) : 0,
	};
	f.verdict = (uint16_t)refusal_of(c->in, c->js, &m);
	if (f.verdict) {
		f.kind = FRAME_ANSWER;
		*cut_push(c, message, p) = f;
	} else {
		cut_accepted(c, p, &f, &m, whole);
	}
	c->is_over |= m.id == JT808_AUTHENTICATION;
}

static enum stat_id verdict_of(const struct cut *c, const struct jt808_piece *piece)
{
	switch ((enum jt808_cause)piece->cause) {
	case JT808_GARBAGE:
		return STAT_frame_reject_garbage;
	case JT808_TOO_LONG:
		return STAT_frame_reject_too_long;
	case JT808_ESCAPING:
		return STAT_frame_reject_escape;
	case JT808_CHECK:
		return STAT_frame_reject_bcc;
	case JT808_LENGTH:
	case JT808_PARTS:
		return STAT_frame_reject_header;
	case JT808_INCOMPLETE:
		break;
	}
	return c->js->session.has_ended ? STAT_frame_reject_truncated
					   : STAT_frame_reject_timeout;
}

static void cut_piece(struct cut *c, struct bytes bytes, const struct jt808_piece *p)
{
	if (p->kind == JT808_FRAME) {
		cut_message(c, p);
		return;
	}
	struct frame *f = cut_push(c, bytes, p);
	f->kind = FRAME_NONE;
	f->verdict = p->kind == JT808_BAD ? (uint16_t)verdict_of(c, p) : 0;
}

/* What stands at the end of all that has come: is it given up? */
static bool is_abandoned(const struct cut *c)
{
	return vehicle_abandon_before(&c->js->session, c->at) > 0;
}

/* The pieces of one window that begins at `at`; false when none of it could be cut. */
static bool cut_window(struct cut *c, struct bytes window)
{
	size_t start = c->at;
	bool shows_all = start + window.size == c->readable;
	struct jt808_scan scan;
	struct jt808_piece piece;
	jt808_scan_init(&scan, window, c->is_open, c->js->session.listener->frame_bytes_max);
	while (has_room(c) && jt808_scan_next(&scan, &piece)) {
		if (piece.kind == JT808_WAIT && !scan.is_last && shows_all && is_abandoned(c)) {
			scan.is_last = true;
			continue;
		}
		if (piece.kind == JT808_WAIT) {
			c->wait_bytes = shows_all ? piece.size : 0;
			break;
		}
		size_t before = c->at;
		cut_piece(c, (struct bytes){window.data + (before - start), piece.size}, &piece);
		if (c->at > before)
			c->is_open = window.data[c->at - start - 1] == JT808_DELIMITER;
	}
	return c->at > start;
}

/* Where the bytes lie, and gathered where a content straddles packets: a window that shows the
 * longest frame and a byte more decides about it. */
static bool cut_some(struct cut *c)
{
	size_t left = c->readable - c->at;
	if (cut_window(c, stream_span(c->stream, c->at, left)) || c->wait_bytes || c->is_over)
		return c->wait_bytes == 0;
	size_t want = min_size(left, JT808_WIRE_BYTES_MAX + 1);
	struct bytes window = stream_peek(c->stream, c->at, want);
	return window.size == want && cut_window(c, window) && c->wait_bytes == 0;
}

static void jt808_cut(struct ingest *in, struct session *s, struct frame_vec *frames)
{
	struct unanswered unanswered;
	struct cut c = {
		.in = in,
		.js = jt808_of(s),
		.frames = frames,
		.stream = s->stream,
		.frames_end = vehicle_frames_end(&in->waits, s, frames),
		.readable = stream_readable(s->stream),
		.is_open = s->own & VEHICLE_IS_OPEN,
		.unanswered = &unanswered,
	};
	if (vehicle_is_early(s, c.readable))
		return;
	if (c.readable > 0 && !waiting_is_turn(&in->waits, s, WAIT_ANSWER)) {
		session_wait(&in->waits, s, WAIT_ANSWER);
		return;
	}
	unanswered_init(&unanswered, s);
	while (has_room(&c) && cut_some(&c))
		;
	struct vehicle_wait wait = {c.at, c.wait_bytes, c.readable};
	if (c.wait_bytes)
		vehicle_wait(&in->sessions, s, &wait);
	else
		vehicle_cut_all(&in->sessions, s, c.at, c.readable);
}

/* Delimiters that are passed over belong to the run before them, if there is one, and count
 * nowhere. */
static void jt808_reject(struct ingest *in, struct session *s, const struct frame *f)
{
	bool is_open = f->value.data[f->value.size - 1] == JT808_DELIMITER;
	if (f->verdict || s->own & VEHICLE_IN_RUN)
		vehicle_reject(in, s, f);
	s->own = (uint8_t)((s->own & ~VEHICLE_IS_OPEN) | (is_open ? VEHICLE_IS_OPEN : 0));
}

/* ---- answers ---------------------------------------------------------------------------- */

static enum jt808_result result_of(const struct jt808_message *m)
{
	struct jt808_authentication authentication;
	struct jt808_registration registration;
	struct jt808_batch batch;
	uint32_t media_id;
	bool is_right = true;
	if (!is_plain(m))
		return JT808_DONE;
	if (m->id == JT808_AUTHENTICATION)
		is_right = jt808_authentication_read(m, &authentication);
	else if (m->id == JT808_REGISTRATION)
		is_right = jt808_registration_read(m, &registration);
	else if (m->id == JT808_BATCH)
		is_right = jt808_batch_read(m, &batch);
	else if (m->id == JT808_MEDIA)
		is_right = jt808_media_read(m, &media_id);
	return is_right ? JT808_DONE : JT808_WRONG;
}

/* The answer to a message whose record is stored, or to one that is refused. */
static size_t answer_write(const struct ingest *in, const struct jt808_session *js,
			   const struct jt808_message *m, enum stat_id refusal, uint8_t *out)
{
	enum jt808_result result = result_of(m);
	uint32_t media_id;
	char code[CODE_BYTES];
	if (refusal == STAT_frame_reject_identity && m->id == JT808_REGISTRATION)
		return jt808_registration_answer(out, m, js->serial, JT808_TERMINAL_UNKNOWN,
						 (struct bytes){(uint8_t *)code, 0});
	if (refusal && result == JT808_DONE)
		result = JT808_FAILED;
	if (result != JT808_DONE || !is_plain(m))
		return jt808_general_answer(out, m, js->serial, result);
	switch (m->id) {
	case JT808_REGISTRATION:
		code_of(&in->settings, m, code);
		return jt808_registration_answer(out, m, js->serial, JT808_REGISTERED,
						 (struct bytes){(uint8_t *)code, CODE_BYTES});
	case JT808_TIME_QUERY:
		return jt808_time_answer(out, m, js->serial, in->now.wall_ms);
	case JT808_MEDIA:
		require(jt808_media_read(m, &media_id));
		return jt808_media_answer(out, m, js->serial, media_id, (struct jt808_missing){0});
	}
	return jt808_general_answer(out, m, js->serial, JT808_DONE);
}

/* One of few bytes, as nearly all are: a byte is left for what jt808_general_answer_fail() may
 * need. One that is long, or all escapes, lies in chunks. */
struct answer *jt808_answer_put(struct answers *as, struct jt808_session *js, struct bytes frame)
{
	struct answer *a;
	if (frame.size < ANSWER_TEXT_BYTES) {
		a = answer_take_text(as, &js->session, false, frame.size);
		if (a)
			memcpy(a->text, frame.data, frame.size);
	} else {
		size_t room = (size_t)answer_chunks_left(as) * CHUNK_SMALL_BYTES;
		a = room >= frame.size ? answer_take(as, &js->session, false) : NULL;
		answer_charge(as, &js->session);
		if (a)
			require(chain_append(&a->bytes, &as->small, frame.data, frame.size));
	}
	js->serial += a != NULL;
	return a;
}

/* The answer to `f`, which the session waits for memory for: null. */
static struct answer *answer_make(struct ingest *in, struct jt808_session *js,
				  const struct frame *f, struct bytes frame)
{
	struct answer *a = jt808_answer_put(&in->answers, js, frame);
	if (!a)
		session_wait(&in->waits, &js->session, WAIT_ANSWER);
	else
		a->request = is_refused(f) ? 0 : f->name;
	return a;
}

/* ---- parts ------------------------------------------------------------------------------ */

/* What a part's frame ends as, and its terminal is told. */
struct part_end {
	enum stat_id stat;
	enum jt808_result result;
};

static struct part_end part_end_of(struct ingest *in, struct jt808_session *js,
				   struct jt808_message_parts **t, const struct jt808_message *m)
{
	switch (jt808_parts_judge(*t, m)) {
	case JT808_PART_AGAIN:
		return (struct part_end){STAT_frames_resent, JT808_DONE};
	case JT808_PART_WRONG:
		return (struct part_end){STAT_frame_reject_parts, JT808_WRONG};
	case JT808_PART_NEW:
		break;
	}
	if (jt808_parts_room(in->jt808_parts, &js->parts, t, m))
		return (struct part_end){STAT_frames_joined, JT808_DONE};
	return (struct part_end){STAT_frame_drop_parts, JT808_FAILED};
}

/* One of several: kept, and answered at once. */
static bool accept_part(struct ingest *in, struct jt808_session *js, const struct frame *f,
			struct answer **ret)
{
	struct jt808_message m = jt808_read(f->value);
	struct jt808_message_parts *t = jt808_parts_find(&js->parts, &m);
	struct part_end end = part_end_of(in, js, &t, &m);
	uint8_t out[JT808_GENERAL_ANSWER_BYTES_MAX];
	size_t size = jt808_general_answer(out, &m, js->serial, end.result);
	*ret = answer_make(in, js, f, (struct bytes){out, size});
	if (!*ret)
		return false;
	(*ret)->is_error = end.result != JT808_DONE;
	stats_add(&in->stats, STAT_frames_received, 1);
	stats_add(&in->stats, end.stat, 1);
	if (end.stat == STAT_frames_joined)
		jt808_parts_put(in->jt808_parts, &js->session, &js->parts, t, &m);
	else if (end.result == JT808_WRONG && t)
		jt808_parts_give_up(in->jt808_parts, t, STAT_record_reject_parts);
	return true;
}

/* ---- outcomes --------------------------------------------------------------------------- */

/* The answer to a message of which a record is to be stored, or which is refused. */
static bool answer_message(struct ingest *in, struct jt808_session *js, const struct frame *f,
			   const struct jt808_message *m, struct answer **ret)
{
	uint8_t out[JT808_REGISTRATION_ANSWER_BYTES_MAX];
	static_assert(JT808_FRAME_BYTES(4) < (int)sizeof out, "media without a list");
	enum stat_id refusal = is_refused(f) ? (enum stat_id)f->verdict : 0;
	size_t size = answer_write(in, js, m, refusal, out);
	*ret = answer_make(in, js, f, (struct bytes){out, size});
	if (!*ret)
		return false;
	(*ret)->frames = !refusal;
	(*ret)->is_error = refusal;
	return true;
}

/* ---- batches ---------------------------------------------------------------------------- */

static void batch_end(struct jt808_session *js)
{
	answer_release(js->batch);
	js->batch = NULL;
	js->reports = 0;
}

/* The batch's answer is made with its first report, waits for each, and, until the last has gone
 * on, for that: so it is cut to its end also when its session closes. Whoever takes a further
 * outcome leaves one for each frame of the turn. */
static bool accept_report(struct ingest *in, struct jt808_session *js, const struct frame *f,
			  struct jt808_message *m, struct answer **ret)
{
	struct slab *waiters = &in->answers.waiters;
	uint8_t out[JT808_GENERAL_ANSWER_BYTES_MAX];
	if (waiters->count - waiters->in_use < FRAMES_PER_TURN) {
		session_wait(&in->waits, &js->session, WAIT_WAITER);
		return false;
	}
	if (!js->batch) {
		m->id = JT808_BATCH;
		size_t size = jt808_general_answer(out, m, js->serial, JT808_DONE);
		js->batch = answer_make(in, js, f, (struct bytes){out, size});
		if (!js->batch)
			return false;
		answer_hold(js->batch);
		js->batch->frames = 1;
		stats_add(&in->stats, STAT_frames_received, 1);
	}
	*ret = js->batch;
	js->reports++;
	if (!f->has_more)
		batch_end(js);
	js->session.is_answering = js->reports > 0;
	return true;
}

/* ---- outcomes --------------------------------------------------------------------------- */

/* What the session knows from now on. */
static void learn(struct ingest *in, struct jt808_session *js, const struct frame *f,
		  const struct jt808_message *m)
{
	struct jt808_message_parts *t = f->is_gathered ? jt808_parts_find(&js->parts, m) : NULL;
	if (t)
		jt808_parts_finish(in->jt808_parts, t, f->name);
	if (m->id == JT808_AUTHENTICATION && !f->verdict) {
		js->phone = phone_of(m);
		js->is_authenticated = true;
	}
}

/* A message that came in parts is answered by the serial of the last of them. */
static bool accept_message(struct ingest *in, struct jt808_session *js, const struct frame *f,
			   struct answer **ret)
{
	struct jt808_message m =
		f->is_gathered ? jt808_whole_read(f->value) : jt808_read(f->value);
	if (is_report(f, &m))
		return accept_report(in, js, f, &m, ret);
	struct jt808_message asks = m;
	asks.serial = f->is_gathered ? serial_of(f->name) : m.serial;
	if (is_answered(&m) && f->verdict != STAT_frames_resent &&
	    !answer_message(in, js, f, &asks, ret))
		return false;
	stats_add(&in->stats, STAT_frames_received, 1);
	/* The frame has its end now when its answer is not that. */
	if (f->verdict)
		stats_add(&in->stats, (enum stat_id)f->verdict, 1);
	else if (!*ret)
		stats_add(&in->stats, STAT_frames_accepted, 1);
	if (f->verdict == STAT_frame_reject_identity)
		vehicle_keep(in, &js->session, f);
	learn(in, js, f, &m);
	return true;
}

static bool jt808_accept(struct ingest *in, struct session *s, const struct frame *f,
			 struct answer **ret)
{
	*ret = NULL;
	bool is_part = f->verdict == STAT_frames_joined;
	if (!(is_part ? accept_part(in, jt808_of(s), f, ret)
		      : accept_message(in, jt808_of(s), f, ret)))
		return false;
	s->own = (uint8_t)((s->own & ~VEHICLE_IN_RUN) | VEHICLE_IS_OPEN);
	return true;
}

/* Success was prepared. Of the answers only the general one can say that it failed; the terminal
 * that hears nothing sends again. */
static void jt808_resolve(struct waiter *w, const struct append_msg *done)
{
	enum { ID_AT = 1 };
	struct answer *a = w->answer;
	if (!done->error || !a->session)
		return;
	jt808_parts_forget(&jt808_of(a->session)->parts, a->request);
	bool can_fail = a->text_bytes && be16_load(a->text + ID_AT) == JT808_GENERAL_ANSWER;
	if (can_fail)
		a->text_bytes = (uint8_t)jt808_general_answer_fail(a->text, a->text_bytes);
	else
		a->is_silent = true;
}

/* ---- the row ---------------------------------------------------------------------------- */

static void jt808_open(struct session *s)
{
	require(s->listener->frame_bytes_max >= JT808_MESSAGE_BYTES_MIN + 2);
}

static void jt808_close(struct ingest *in, struct session *s)
{
	struct jt808_session *js = jt808_of(s);
	jt808_parts_close(in->jt808_parts, &js->parts);
	if (js->batch)
		batch_end(js);
	vehicle_close(in, s);
}

const struct protocol protocol_jt808 = {
	.name = "JT808",
	.session_bytes = sizeof(struct jt808_session),
	.open = jt808_open,
	.cut = jt808_cut,
	.expire = vehicle_expire,
	.accept = jt808_accept,
	.describe = jt808_describe,
	.reject = jt808_reject,
	.resolve = jt808_resolve,
	.close = jt808_close,
};
