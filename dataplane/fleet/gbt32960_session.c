/* gbt32960_session.c - GB/T 32960.3, 2016 and 2025, on one connection: bytes in, frames and
 * what is none out; answers prepared and settled. The rules are in docs/GBT32960.md.
 *
 * A stream that holds nothing but good frames is looked at frame by frame, where it lies.
 * At the first byte that begins none, the rest of the turn goes through windows of the
 * scanner, whose cost does not depend on what the bytes claim.
 *
 *     consumed | good good good | BAD ... good ... | WAIT
 *              └ offset         └ windows          └ frame_at, frame_bytes: not looked at
 *                                                    again before so much has arrived
 */
#include "dataplane/base/require.h"
#include "dataplane/fleet/gbt32960_facts.h"
#include "dataplane/fleet/gbt32960_permit.h"
#include "dataplane/fleet/vehicle.h"
#include "dataplane/session/answer_room.h"
#include "dataplane/session/protocols.h"
#include "dataplane/wire/fleet/gbt32960.h"

/* One call of cut. */
struct cut {
	struct session *session;
	struct frame_vec *frames;
	struct stream *stream;
	unsigned frames_end; /* `frames` may hold so many; the rest is cut in another turn */
	uint8_t refused;     /* start byte of the edition that the listener does not take, or 0 */
	const struct vehicle_list *list; /* of whom may speak; null: anybody */
	size_t readable;
	size_t at;       /* bytes cut so far */
	bool is_waiting; /* a candidate stands at `at`: */
	size_t wait_bytes;
};

static uint8_t refused_of(const struct listener *l)
{
	static const uint8_t refused[] = {
		[EDITIONS_ALL] = 0,
		[EDITIONS_2016] = GBT32960_2025,
		[EDITIONS_2025] = GBT32960_2016,
	};
	return refused[l->editions];
}

static bool has_room(const struct cut *c)
{
	return c->frames->count < c->frames_end && c->at < c->readable;
}

static struct frame *cut_push(struct cut *c, struct bytes bytes, enum frame_kind kind,
			      enum stat_id verdict)
{
	struct frame *f = &c->frames->frames[c->frames->count++];
	*f = (struct frame){
		.session = c->session,
		.value = bytes,
		.consumed = (uint32_t)bytes.size,
		.verdict = (uint16_t)verdict,
		.kind = (uint8_t)kind,
	};
	c->at += bytes.size;
	return f;
}

/* A good frame of a listener whose list says who may come. */
static void cut_by_list(struct cut *c, struct frame *f)
{
	if (!gbt32960_is_listed(c->list, c->session, f->value)) {
		f->kind = FRAME_ANSWER;
		f->verdict = STAT_frame_reject_identity;
	}
	if (gbt32960_is_of_account(gbt32960_header_of(f->value)))
		c->frames_end = c->frames->count;
}

/* A good frame. The key is its VIN, where it lies in the stream. */
static inline void cut_push_good(struct cut *c, struct bytes bytes)
{
	struct frame *f = cut_push(c, bytes, FRAME_RECORD, 0);
	f->key = (struct bytes){gbt32960_header_of(bytes)->vin, GBT32960_VIN_BYTES};
	if (unlikely(c->list != NULL))
		cut_by_list(c, f);
}

/* A good frame, looked at where it lies; false when it takes a closer look. One that straddles
 * packets is gathered: first as much as tells its length, then all of it. */
static bool cut_good(struct cut *c)
{
	uint32_t bytes_max = c->session->listener->frame_bytes_max;
	size_t left = c->readable - c->at;
	struct bytes here = stream_span(c->stream, c->at, left);
	struct gbt32960_piece piece = gbt32960_look(here, bytes_max);
	while (piece.kind == GBT32960_WAIT && piece.size <= left) {
		here = stream_peek(c->stream, c->at, piece.size);
		if (here.size < piece.size)
			return false;
		piece = gbt32960_look(here, bytes_max);
	}
	if (piece.kind != GBT32960_FRAME || here.data[0] == c->refused)
		return false;
	cut_push_good(c, (struct bytes){here.data, piece.size});
	return true;
}

/* 0: it is a frame. */
static enum stat_id verdict_of(const struct cut *c, const struct gbt32960_piece *piece,
			       struct bytes bytes)
{
	static_assert(STAT_packets_received == 0, "a verdict is a counter, and 0 is none");
	if (piece->kind == GBT32960_FRAME)
		return bytes.data[0] == c->refused ? STAT_frame_reject_edition : 0;
	switch ((enum gbt32960_cause)piece->cause) {
	case GBT32960_GARBAGE:
		return STAT_frame_reject_garbage;
	case GBT32960_BCC:
		return STAT_frame_reject_bcc;
	case GBT32960_TOO_LONG:
		return STAT_frame_reject_too_long;
	case GBT32960_INCOMPLETE:
		break;
	}
	return c->session->has_ended ? STAT_frame_reject_truncated
					: STAT_frame_reject_timeout;
}

/* One window of the stream through the scanner; false when the rest must wait. */
static bool cut_window(struct cut *c)
{
	size_t want = min_size(c->readable - c->at, GBT32960_WINDOW_BYTES);
	struct bytes window = stream_peek(c->stream, c->at, want);
	size_t start = c->at;
	/* A window that shows less than there is must not give up what it cuts off. */
	bool shows_all = c->at + window.size == c->readable;
	struct gbt32960_scan scan;
	gbt32960_scan_init(&scan, window, shows_all ? vehicle_abandon_before(c->session, c->at) : 0,
			   c->session->listener->frame_bytes_max);
	struct gbt32960_piece piece;
	while (has_room(c) && gbt32960_scan_next(&scan, &piece)) {
		if (piece.kind == GBT32960_WAIT) {
			c->is_waiting = shows_all;
			c->wait_bytes = piece.size;
			return !shows_all && c->at > start;
		}
		struct bytes bytes = {window.data + (c->at - start), piece.size};
		enum stat_id verdict = verdict_of(c, &piece, bytes);
		if (verdict)
			cut_push(c, bytes, FRAME_NONE, verdict);
		else
			cut_push_good(c, bytes);
	}
	return c->at > start;
}

/* Nothing is looked at again before what was waited for has come; and who would find no answer
 * waits in line for it instead of cutting frames in vain. */
static void gbt32960_cut(struct ingest *in, struct session *s, struct frame_vec *frames)
{
	struct cut c = {
		.session = s,
		.frames = frames,
		.stream = s->stream,
		.frames_end = vehicle_frames_end(&in->waits, s, frames),
		.refused = refused_of(s->listener),
		.list = vehicle_list_of(in, s),
		.readable = stream_readable(s->stream),
	};
	if (vehicle_is_early(s, c.readable))
		return;
	if (c.readable > 0 && !waiting_is_turn(&in->waits, s, WAIT_ANSWER)) {
		session_wait(&in->waits, s, WAIT_ANSWER);
		return;
	}
	while (has_room(&c) && cut_good(&c))
		;
	while (has_room(&c) && cut_window(&c))
		;
	struct vehicle_wait wait = {c.at, c.wait_bytes, c.readable};
	if (c.is_waiting)
		vehicle_wait(&in->sessions, s, &wait);
	else
		vehicle_cut_all(&in->sessions, s, c.at, c.readable);
}

static void gbt32960_reject(struct ingest *in, struct session *s, const struct frame *f)
{
	if (f->verdict == STAT_frame_reject_edition)
		vehicle_reject_alone(in, s, f);
	else
		vehicle_reject(in, s, f);
}

/* ---- answers --------------------------------------------------------------------------- */

enum { TO_GOOD = 1, TO_BAD = 2 };

/* What 2025 has and 2016 reserves. An activation that was not stored is not answered: what an
 * answer may give as the reason (t.B.4) would not be true. */
static unsigned answers_of_2025(const struct gbt32960_header *h)
{
	if (h->start[0] != GBT32960_2025)
		return 0;
	return h->command == GBT32960_ACTIVATION ? TO_GOOD : TO_GOOD | TO_BAD;
}

/* Which up-commands are answered: annex B for terminals, chapter 5 between platforms. What
 * is reserved (t.3) has no rule to be answered by. */
static unsigned answers_to(const struct gbt32960_header *h, enum link_kind link)
{
	if (h->flag != GBT32960_COMMAND)
		return 0;
	switch (h->command) {
	case GBT32960_LOGIN:
		return link == LINK_TERMINAL ? TO_GOOD : TO_GOOD | TO_BAD;
	case GBT32960_REALTIME:
	case GBT32960_REISSUE:
		return link == LINK_TERMINAL ? TO_BAD : TO_GOOD | TO_BAD;
	case GBT32960_LOGOUT:
	case GBT32960_PLATFORM_LOGIN:
	case GBT32960_PLATFORM_LOGOUT:
	case GBT32960_HEARTBEAT:
	case GBT32960_TIME_SYNC:
		return TO_GOOD | TO_BAD;
	case GBT32960_ACTIVATION:
	case GBT32960_KEY_EXCHANGE:
		return answers_of_2025(h);
	case GBT32960_ACTIVATION_ANSWER:
		break;
	}
	return 0;
}

/* An answer before it is bytes. */
struct reply {
	struct gbt32960_header header; /* the request's, but for what an answer changes */
	uint8_t flag;
	struct bytes data;
	uint8_t own[GBT32960_TIME_BYTES]; /* `data`, where it is not the request's */
};

/* The data unit of a success answer: the request's time (6.3.2), all of it (B.3.3.2 of 2016),
 * our time, or nothing. */
static struct bytes reply_data(struct reply *r, int64_t wall_ms, const struct listener *l,
			       struct bytes data)
{
	const struct gbt32960_header *h = &r->header;
	if (h->command == GBT32960_TIME_SYNC) {
		gbt32960_time(r->own, wall_ms);
		return (struct bytes){r->own, GBT32960_TIME_BYTES};
	}
	if (h->command == GBT32960_HEARTBEAT)
		return (struct bytes){0};
	if (l->answer_body == ANSWER_BODY_ECHO && h->start[0] == GBT32960_2016)
		return data;
	return gbt32960_time_of(h, data);
}

/* An activation is answered by a command of its own (t.B.4). */
static void reply_activated(struct reply *r, const struct listener *l)
{
	enum { ACTIVATED = 1, ACTIVATED_BYTES = 2 };
	r->header.command = GBT32960_ACTIVATION_ANSWER;
	r->flag = GBT32960_COMMAND;
	r->own[0] = ACTIVATED;
	r->own[1] = (uint8_t)l->activation_info;
	r->data = (struct bytes){r->own, ACTIVATED_BYTES};
}

static void reply_to(struct reply *r, int64_t wall_ms, const struct listener *l,
		     struct bytes frame)
{
	r->header = *gbt32960_header_of(frame);
	r->flag = GBT32960_SUCCESS;
	if (unlikely(r->header.command == GBT32960_ACTIVATION))
		reply_activated(r, l);
	else
		r->data = reply_data(r, wall_ms, l, gbt32960_data_of(frame));
}

/* An answer that carries a time at most; null: the session waits. */
static struct answer *answer_take_short(struct answers *as, struct waits *w, struct session *s,
					bool is_silent, const struct reply *r)
{
	struct bytes data = r->data;
	size_t size = GBT32960_FRAME_BYTES_MIN + data.size;
	struct answer *a = answer_take_text(as, s, is_silent, size);
	if (!a) {
		session_wait(w, s, WAIT_ANSWER);
		return NULL;
	}
	uint8_t bcc = gbt32960_answer_emit(a->text, &r->header, r->flag, data);
	uint8_t *after = a->text + GBT32960_HEADER_BYTES;
	/* Nearly all: of a known size, it is two stores and no call. */
	if (likely(data.size == GBT32960_TIME_BYTES))
		memcpy(after, data.data, GBT32960_TIME_BYTES);
	else if (data.size > 0)
		memcpy(after, data.data, data.size);
	a->text[size - 1] = bcc;
	return a;
}

/* One that echoes more; null: the session waits. */
static struct answer *answer_take_long(struct answers *as, struct waits *w, struct session *s,
				       bool is_silent, const struct reply *r)
{
	struct bytes data = r->data;
	size_t size = GBT32960_FRAME_BYTES_MIN + data.size;
	bool is_small = size <= CHUNK_BYTES / 2;
	size_t chunks = (size + CHUNK_BYTES - 1) / CHUNK_BYTES;
	enum answer_region region = ANSWER_COMMON;
	if (!is_small && !answer_room(as, w, s, (uint32_t)chunks, &region))
		return NULL;
	bool has_room = !is_small || (size_t)answer_chunks_left(as) * CHUNK_SMALL_BYTES >= size;
	struct answer *a = has_room ? answer_take(as, s, is_silent) : NULL;
	if (!a) {
		session_wait(w, s, WAIT_ANSWER);
		return NULL;
	}
	struct chunk_pool *pool = is_small ? &as->small : &as->large[region];
	answer_charge(as, s);
	uint8_t header[GBT32960_HEADER_BYTES];
	uint8_t bcc = gbt32960_answer_emit(header, &r->header, r->flag, data);
	require(chain_append(&a->bytes, pool, header, sizeof header));
	require(chain_append(&a->bytes, pool, data.data, data.size));
	require(chain_append(&a->bytes, pool, &bcc, 1));
	return a;
}

/* A success answer to `frame` at the end of the queue, or null: the session waits for memory. */
static struct answer *answer_make(struct answers *as, struct waits *w, struct session *s,
				  struct bytes frame, bool is_silent)
{
	struct reply r;
	reply_to(&r, as->now->wall_ms, s->listener, frame);
	if (r.data.size + GBT32960_FRAME_BYTES_MIN <= ANSWER_TEXT_BYTES)
		return answer_take_short(as, w, s, is_silent, &r);
	return answer_take_long(as, w, s, is_silent, &r);
}

/* Of a vehicle that may not come: 2025 has a word for it (6.3.2), and whatever has an answer is
 * told. The frame's end is that it was refused. */
static bool refuse(struct ingest *in, struct session *s, const struct frame *f,
		   struct answer **ret)
{
	const struct gbt32960_header *h = gbt32960_header_of(f->value);
	*ret = NULL;
	if (answers_to(h, s->listener->link) && h->command != GBT32960_ACTIVATION) {
		struct reply r = {.header = *h, .flag = GBT32960_ERROR};
		bool is_2025 = h->start[0] == GBT32960_2025;
		if (is_2025 && h->command != GBT32960_PLATFORM_LOGIN)
			r.flag = GBT32960_VIN_UNKNOWN;
		r.data = gbt32960_time_of(h, gbt32960_data_of(f->value));
		*ret = answer_take_short(&in->answers, &in->waits, s, false, &r);
		if (!*ret)
			return false;
		(*ret)->is_error = true;
	}
	stats_add(&in->stats, STAT_frames_received, 1);
	stats_add(&in->stats, (enum stat_id)f->verdict, 1);
	vehicle_keep(in, s, f);
	s->own &= (uint8_t)~VEHICLE_IN_RUN;
	return true;
}

/* A frame that is only answered when something goes wrong has its silent answer prepared all
 * the same: the writer's outcome decides. */
static bool gbt32960_accept(struct ingest *in, struct session *s, const struct frame *f,
			    struct answer **ret)
{
	if (f->kind == FRAME_ANSWER)
		return refuse(in, s, f, ret);
	const struct gbt32960_header *h = gbt32960_header_of(f->value);
	unsigned answers = answers_to(h, s->listener->link);
	*ret = NULL;
	if (answers) {
		*ret = answer_make(&in->answers, &in->waits, s, f->value,
				   !(answers & TO_GOOD));
		if (!*ret)
			return false;
		(*ret)->frames = !!(answers & TO_GOOD);
	}
	stats_add(&in->stats, STAT_frames_received, 1);
	/* The frame has its end now when nobody waits for an answer. */
	if (!(answers & TO_GOOD))
		stats_add(&in->stats, STAT_frames_accepted, 1);
	if (unlikely(gbt32960_is_of_account(h)))
		gbt32960_note_platform(s, f->value);
	s->own &= (uint8_t)~VEHICLE_IN_RUN;
	return true;
}

static void answer_read(const struct answer *a, size_t from, void *out, size_t size)
{
	if (a->text_bytes)
		memcpy(out, a->text + from, size);
	else
		chain_copy_out(&a->bytes, from, out, size);
}

static void answer_patch(struct answer *a, size_t from, const void *data, size_t size)
{
	if (a->text_bytes)
		memcpy(a->text + from, data, size);
	else
		chain_patch(&a->bytes, from, data, size);
}

/* Success was prepared; failure changes the flag, and the BCC with it. That of an activation is a
 * command that has no answer itself, and is not sent. */
static void gbt32960_resolve(struct waiter *w, const struct append_msg *done)
{
	struct answer *a = w->answer;
	if (!done->error || !a->session)
		return;
	struct gbt32960_header h;
	size_t bcc_at = (a->text_bytes ? a->text_bytes : a->bytes.size) - 1;
	uint8_t bcc, flag = GBT32960_ERROR;
	answer_read(a, 0, &h, sizeof h);
	answer_read(a, bcc_at, &bcc, 1);
	h.flag = GBT32960_COMMAND;
	a->is_silent = !(answers_to(&h, a->session->listener->link) & TO_BAD);
	bcc ^= GBT32960_SUCCESS ^ GBT32960_ERROR;
	answer_patch(a, GBT32960_FLAG_AT, &flag, 1);
	answer_patch(a, bcc_at, &bcc, 1);
}

/* ---- the row ---------------------------------------------------------------------------- */

static void gbt32960_open(struct session *s)
{
	require(s->listener->frame_bytes_max >= GBT32960_FRAME_BYTES_MIN);
}

const struct protocol protocol_gbt32960 = {
	.name = "GBT32960",
	.session_bytes = sizeof(struct session),
	.open = gbt32960_open,
	.cut = gbt32960_cut,
	.expire = vehicle_expire,
	.accept = gbt32960_accept,
	.describe = gbt32960_describe,
	.reject = gbt32960_reject,
	.resolve = gbt32960_resolve,
	.close = vehicle_close,
};
