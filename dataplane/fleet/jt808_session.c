/* jt808_session.c - JT/T 808 on one connection: bytes in, messages and what is none out; who may
 * speak; answers prepared and settled. The rules are in docs/JT808.md.
 *
 *     consumed | message message BAD fill message | WAIT
 *              └ offset                           └ frame_at: no delimiter has come behind it
 *
 * What a message is allowed depends on those before it. So a turn's cut ends with an
 * authentication: what comes behind it is cut when it is known what came of it.
 */
#include "dataplane/base/crc32c.h"
#include "dataplane/base/require.h"
#include "dataplane/base/siphash.h"
#include "dataplane/fleet/jt808_facts.h"
#include "dataplane/fleet/unanswered.h"
#include "dataplane/fleet/vehicle.h"
#include "dataplane/session/protocols.h"
#include "dataplane/wire/fleet/jt808_answer.h"
#include "dataplane/wire/fleet/jt808_body.h"

enum { CODE_BYTES = 16 };
static_assert((int)CODE_BYTES <= (int)JT808_CODE_BYTES_MAX, "it can be sent");
static_assert((int)JT808_PHONE_DIGITS_MAX <= (int)RECORD_KEY_BYTES_MAX, "a key");

/* A phone number, padded on the left as that of 2019: the same in every edition. */
struct phone {
	uint8_t bcd[JT808_PHONE_BYTES_MAX];
};

struct jt808_session {
	struct session session;
	struct phone phone; /* that has authenticated */
	bool is_authenticated;
	uint16_t serial;    /* of what we send next */
};

static struct jt808_session *jt808_of(struct session *s)
{
	return container_of(s, struct jt808_session, session);
}

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
	return id_and_serial << 32 | crc32c(message.data, message.size);
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
	struct unanswered unanswered;
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

static void cut_message(struct cut *c, const struct jt808_piece *p)
{
	struct turn_bytes *t = &c->in->turn_bytes;
	bool keeps_zeroes = c->js->session.listener->phone_zeroes == PHONE_ZEROES_KEEP;
	struct bytes message = message_of(t, p);
	uint8_t *digits = message.data ? turn_bytes_take(t, JT808_PHONE_DIGITS_MAX) : NULL;
	if (!digits) {
		c->is_over = true;
		return;
	}
	struct jt808_message m = jt808_read(message);
	struct frame *f = cut_push(c, message, p);
	f->key = (struct bytes){digits, jt808_phone_text((char *)digits, m.phone, keeps_zeroes)};
	if (is_answered(&m))
		f->name = name_of(&m, message);
	f->verdict = (uint16_t)refusal_of(c->in, c->js, &m);
	if (f->verdict) {
		f->kind = FRAME_ANSWER;
	} else if (f->name && !unanswered_add(&c->unanswered, f->name)) {
		f->kind = FRAME_ANSWER;
		f->verdict = STAT_frames_resent;
	}
	c->is_over = m.id == JT808_AUTHENTICATION;
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
	struct cut c = {
		.in = in,
		.js = jt808_of(s),
		.frames = frames,
		.stream = s->stream,
		.frames_end = vehicle_frames_end(&in->waits, s, frames),
		.readable = stream_readable(s->stream),
		.is_open = s->own & VEHICLE_IS_OPEN,
	};
	if (vehicle_is_early(s, c.readable))
		return;
	if (c.readable > 0 && !waiting_is_turn(&in->waits, s, WAIT_ANSWER)) {
		session_wait(&in->waits, s, WAIT_ANSWER);
		return;
	}
	unanswered_init(&c.unanswered, s);
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

/* Of a message that came in one, and can be read. */
static bool is_plain(const struct jt808_message *m)
{
	return m->parts == 0 && m->encryption == 0;
}

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
 * need. One that is all escapes lies in a chunk. Null: no memory. */
static struct answer *answer_place(struct answers *as, struct session *s, struct bytes frame)
{
	if (frame.size < ANSWER_TEXT_BYTES) {
		struct answer *a = answer_take_text(as, s, false, frame.size);
		if (a)
			memcpy(a->text, frame.data, frame.size);
		return a;
	}
	bool has_room = (size_t)answer_chunks_left(as) * CHUNK_SMALL_BYTES >= frame.size;
	struct answer *a = has_room ? answer_take(as, s, false) : NULL;
	if (a) {
		answer_charge(as, s);
		require(chain_append(&a->bytes, &as->small, frame.data, frame.size));
	}
	return a;
}

static bool answer_make(struct ingest *in, struct jt808_session *js, const struct frame *f,
			const struct jt808_message *m, struct answer **ret)
{
	enum stat_id refusal = is_refused(f) ? (enum stat_id)f->verdict : 0;
	uint8_t out[JT808_REGISTRATION_ANSWER_BYTES_MAX];
	static_assert(JT808_FRAME_BYTES(4) < (int)sizeof out, "media without a list");
	size_t size = answer_write(in, js, m, refusal, out);
	*ret = answer_place(&in->answers, &js->session, (struct bytes){out, size});
	if (!*ret) {
		session_wait(&in->waits, &js->session, WAIT_ANSWER);
		return false;
	}
	js->serial++;
	(*ret)->request = refusal ? 0 : f->name;
	(*ret)->frames = !refusal;
	(*ret)->is_error = refusal;
	return true;
}

static bool jt808_accept(struct ingest *in, struct session *s, const struct frame *f,
			 struct answer **ret)
{
	struct jt808_session *js = jt808_of(s);
	struct jt808_message m = jt808_read(f->value);
	*ret = NULL;
	if (is_answered(&m) && f->verdict != STAT_frames_resent &&
	    !answer_make(in, js, f, &m, ret))
		return false;
	stats_add(&in->stats, STAT_frames_received, 1);
	/* The frame has its end now when its answer is not that. */
	if (f->verdict)
		stats_add(&in->stats, (enum stat_id)f->verdict, 1);
	if (f->verdict == STAT_frame_reject_identity)
		vehicle_keep(in, s, f);
	else if (!f->verdict && !*ret)
		stats_add(&in->stats, STAT_frames_accepted, 1);
	if (m.id == JT808_AUTHENTICATION && !f->verdict) {
		js->phone = phone_of(&m);
		js->is_authenticated = true;
	}
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
	.close = vehicle_close,
};
