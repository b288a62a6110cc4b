/* kafka_session.c - a stream's bytes in, requests begun in order; see kafka_session.h. */
#include "dataplane/kafka/kafka_session.h"
#include "dataplane/kafka/kafka_call.h"
#include "dataplane/kafka/kafka_fetch.h"
#include "dataplane/kafka/kafka_fetch_pass.h"
#include "dataplane/kafka/kafka_produce.h"
#include "dataplane/kafka/kafka_step.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/session/protocols.h"
#include "dataplane/wire/kafka/kafka_header.h"

enum {
	/* Pieces are short; only names and ids of unusual length need the second look. */
	WINDOW_BYTES = 512,
	WINDOW_BYTES_MAX = 2 * KAFKA_STRING_BYTES_MAX,
};

/* Gives back what the request being read has taken. */
static void request_drop(struct reading *rd, struct answers *as, struct kafka_session *ks)
{
	chain_give(&ks->request);
	list_remove(&ks->incoming.node);
	if (ks->fetch && ks->fetch->state == FETCH_PARTIAL)
		kafka_fetch_close(rd, as, ks);
	ks->step = NULL;
	ks->is_begun = false;
}

/* ---- steps before the request's kind is known ------------------------------------------ */

/* Only what the poller answers itself has its header read here; a server gets its request
 * whole, header and all. */
static enum kafka_progress header_step(struct ingest *in, struct kafka_session *ks)
{
	struct cursor c = kafka_peek(ks);
	const uint8_t *start = c.at;
	struct kafka_request_header header;
	if (!kafka_request_header_read(&c, ks->is_flexible, &header))
		return KAFKA_CUT;
	ks->correlation_id = header.correlation_id;
	kafka_consume(ks, (uint32_t)(c.at - start));
	ks->step = ks->key == KAFKA_API_PRODUCE ? kafka_produce_head : kafka_fetch_head;
	return KAFKA_GO;
}

/* Kafka's order: Produce beside Produce, everything else alone. */
static bool may_begin(struct kafka_session *ks, int16_t key)
{
	struct session *s = &ks->base;
	if (list_is_empty(&s->answers))
		return true;
	return key == KAFKA_API_PRODUCE && !ks->is_alone &&
	       s->answers_count < KAFKA_IN_FLIGHT_MAX;
}

static kafka_step *refuse(struct kafka_session *ks, enum bad_request fault)
{
	ks->fault = (uint8_t)fault;
	return NULL;
}

/* Null: not ours. */
static kafka_step *first_step(struct kafka_session *ks)
{
	const struct kafka_api_row *row = kafka_api_row_find(ks->key);
	if (!row)
		return refuse(ks, BAD_REQUEST_API);
	if (ks->key != KAFKA_API_API_VERSIONS && !kafka_api_takes(row, ks->version))
		return refuse(ks, BAD_REQUEST_VERSION);
	ks->is_flexible = kafka_api_is_flexible(row, ks->version);
	if (row->server == KAFKA_SERVER_POLLER)
		return header_step;
	ks->server = row->server == KAFKA_SERVER_CONTROL ? CALL_CONTROL : CALL_COORDINATOR;
	ks->is_small = ks->left <= KAFKA_CALL_SMALL_BYTES;
	return ks->left <= KAFKA_CALL_BYTES_MAX ? kafka_call_step : refuse(ks, BAD_REQUEST_LARGE);
}

static void request_begin(struct stats *stats, struct kafka_session *ks, uint32_t size)
{
	stats_add(stats, STAT_frames_received, 1);
	ks->is_begun = true;
	ks->left = size;
	ks->key = -1;
	ks->version = -1;
	ks->fault = BAD_REQUEST_FORM;
}

/* Size, key and version: enough to know who is asked, and whether it is his turn. A size that
 * cannot be is refused when it is there: nothing behind it would change that. */
static enum kafka_progress begin_step(struct ingest *in, struct kafka_session *ks)
{
	struct stream *stream = ks->base.stream;
	struct bytes b = stream_peek(stream, 0, KAFKA_SIZE_BYTES + KAFKA_KEY_VERSION_BYTES);
	if (b.size < KAFKA_SIZE_BYTES)
		return KAFKA_NEED_BYTES;
	struct cursor c = cursor_of(b.data, b.size);
	uint32_t size = cursor_u32(&c);
	if (size < KAFKA_REQUEST_HEADER_BYTES_MIN || size > in->settings.request_bytes_max) {
		request_begin(&in->stats, ks, size);
		ks->fault = BAD_REQUEST_SIZE;
		return KAFKA_REJECT;
	}
	int16_t key = (int16_t)cursor_u16(&c);
	if (b.size < KAFKA_SIZE_BYTES + KAFKA_KEY_VERSION_BYTES)
		return KAFKA_NEED_BYTES;
	if (!may_begin(ks, key))
		return KAFKA_WAIT;
	request_begin(&in->stats, ks, size);
	ks->key = key;
	ks->version = (int16_t)cursor_u16(&c);
	ks->step = first_step(ks);
	if (!ks->step)
		return KAFKA_REJECT;
	stream_consume(stream, KAFKA_SIZE_BYTES);
	ks->base.offset += KAFKA_SIZE_BYTES;
	return KAFKA_GO;
}

/* ---- one step after the other ---------------------------------------------------------- */

/* A piece ended before it was complete: is the window too small, does the peer owe bytes, or
 * is the piece wrong? */
static enum kafka_progress cut_short(struct kafka_session *ks)
{
	uint32_t wanted = min_u32(ks->left, ks->window);
	if (ks->shown < wanted) {
		if (stream_readable(ks->base.stream) > ks->shown)
			return KAFKA_RETRY;
		if (ks->window == WINDOW_BYTES_MAX)
			stream_need(ks->base.stream, wanted);
		return KAFKA_NEED_BYTES;
	}
	if (ks->shown == ks->left || ks->window == WINDOW_BYTES_MAX)
		return KAFKA_REJECT;
	ks->window = WINDOW_BYTES_MAX;
	return KAFKA_GO;
}

/* A step that went on has consumed its piece: the next one begins with the small window again. */
static enum kafka_progress next_step(struct ingest *in, struct kafka_session *ks)
{
	enum kafka_progress p = ks->step ? ks->step(in, ks) : begin_step(in, ks);
	if (p == KAFKA_CUT)
		return cut_short(ks);
	if (p != KAFKA_GO)
		return p;
	if (ks->window == WINDOW_BYTES_MAX)
		stream_need(ks->base.stream, 0);
	ks->window = WINDOW_BYTES;
	return p;
}

/* The peer's fault: what he is owed for earlier requests is sent, then he loses the
 * connection. */
static void request_reject(struct ingest *in, struct kafka_session *ks)
{
	struct session *s = &ks->base;
	struct bytes b = stream_peek(s->stream, 0, BAD_FRAME_BYTES);
	kafka_bad_request(&in->bad_frames, in->now.wall_ms, ks, s->offset, b);
	stats_add(&in->stats, STAT_frame_reject_request, 1);
	kafka_produce_close(&in->batching, &in->answers, ks, true);
	request_drop(&in->reading, &in->answers, ks);
	s->is_closing = true;
}

/* Nothing more will come: what is here cannot become a request. */
static void peer_ended(struct ingest *in, struct kafka_session *ks)
{
	struct session *s = &ks->base;
	stats_add(&in->stats, STAT_frame_drop_connection, ks->is_begun);
	kafka_produce_close(&in->batching, &in->answers, ks, false);
	request_drop(&in->reading, &in->answers, ks);
	stream_consume(s->stream, stream_readable(s->stream));
	s->is_closing = true;
}

static bool is_inside(const struct kafka_session *ks)
{
	return ks->step || stream_readable(ks->base.stream) > 0;
}

static uint32_t now_ms_of(const struct sessions *ss)
{
	return (uint32_t)(ss->now->ns / NS_PER_MS);
}

/* Its answer holds some of what it waits for, others' may do the same, and none of them would ever
 * go on: who has waited longest gives way. Of requests halves.h says the same. */
static bool is_stuck(const struct kafka_session *ks)
{
	const struct session *s = &ks->base;
	bool holds_some = ks->produce.answer || ks->fetch;
	bool wants_more = s->waits_for >= WAIT_LARGE && s->waits_for < WAIT_REQUEST;
	return holds_some && wants_more;
}

/* From now on so much has to come. */
static void guard_begin(struct ingest *in, struct kafka_session *ks, uint32_t after_ms)
{
	ks->guard_ms = peer_clock_ms(&ks->incoming.clock, now_ms_of(&in->sessions));
	ks->guard_offset = ks->base.offset;
	session_arm(&in->sessions, &ks->base, after_ms);
}

/* Guards against a peer that is slow in the middle of a request, and one that asks for nothing. */
static void stall_guard(struct ingest *in, struct kafka_session *ks)
{
	if (!is_inside(ks))
		session_watch(&in->sessions, &ks->base);
	else if (!ks->base.is_timed || (is_stuck(ks) && ks->base.offset != ks->guard_offset))
		guard_begin(in, ks, in->settings.request_timeout_ms);
}

/* It is the session's turn to take what its answer waited for. */
static void answer_resume(struct ingest *in, struct kafka_session *ks)
{
	struct session *s = &ks->base;
	if (!s->is_answering)
		return;
	s->is_answering = false;
	if (ks->held || ks->held_send)
		kafka_call_resume(&in->answers, &in->waits, in->servers, &in->delivery, ks);
	else if (ks->fetch)
		kafka_fetch_resume(in, ks->fetch);
	s->admitted = WAIT_NOTHING;
}

/* An answer that waited goes on before any new request, which may not even begin until it is
 * sent. */
static void kafka_cut(struct ingest *in, struct session *s, struct frame_vec *frames)
{
	struct kafka_session *ks = kafka_session_of(s);
	enum kafka_progress p;
	kafka_heard(&in->sessions, ks);
	peer_clock_stop(&ks->incoming.clock, ks->heard_ms);
	answer_resume(in, ks);
	if (s->has_ended && ks->fetch)
		kafka_fetch_again(in, ks->fetch);
	if (s->is_closing || session_is_blocked(s) || stream_send_room(s->stream) == 0)
		return;
	if (list_is_empty(&s->answers))
		ks->is_alone = false;
	do
		p = next_step(in, ks);
	while (p == KAFKA_GO && !s->is_closing && !s->is_aborted);
	s->admitted = WAIT_NOTHING;
	if (p == KAFKA_REJECT)
		request_reject(in, ks);
	else if (p == KAFKA_NEED_BYTES && s->has_ended)
		peer_ended(in, ks);
	else if (p == KAFKA_RETRY)
		stream_wake(s->stream, STREAM_READABLE);
	if (p == KAFKA_NEED_BYTES && is_inside(ks))
		peer_clock_run(&ks->incoming.clock, ks->heard_ms);
	/* While an answer is owed alone, the timer is its own. */
	if (!ks->is_alone)
		stall_guard(in, ks);
}

/* ---- the protocol's row ---------------------------------------------------------------- */

static void kafka_open(struct session *s)
{
	struct kafka_session *ks = kafka_session_of(s);
	ks->window = WINDOW_BYTES;
	list_init(&ks->incoming.node);
}

/* Nothing waits for the timer. Closes in order when nothing has come for long enough. */
static void watch_expire(struct ingest *in, struct kafka_session *ks)
{
	struct sessions *ss = &in->sessions;
	struct session *s = &ks->base;
	if (is_inside(ks) || !list_is_empty(&s->answers))
		kafka_heard(ss, ks);
	uint32_t silent_ms = now_ms_of(ss) - ks->heard_ms;
	if (silent_ms < ss->idle_ms) {
		session_arm(ss, s, ss->idle_ms - silent_ms);
		session_watch(ss, s);
		return;
	}
	stats_add(&in->stats, STAT_sessions_idle, 1);
	s->is_closing = true;
	stream_wake(s->stream, STREAM_READABLE);
}

/* The timeout was for a request: in so much of its own time a peer has sent enough, or it is slow.
 * What is missing of that time was ours, and is given again. */
static void guard_expire(struct ingest *in, struct kafka_session *ks)
{
	struct session *s = &ks->base;
	const struct poller_settings *set = &in->settings;
	uint64_t came = s->offset - ks->guard_offset;
	uint32_t own_ms = peer_clock_ms(&ks->incoming.clock, now_ms_of(&in->sessions)) -
			  ks->guard_ms;
	uint64_t enough = max_u64((uint64_t)set->request_rate_min * own_ms / 1000, 1);
	bool is_over = own_ms >= set->request_timeout_ms;
	if (is_stuck(ks) && came == 0) {
		stats_add(&in->stats, STAT_sessions_stuck, 1);
		session_abort(s);
	} else if (is_over && stream_send_room(s->stream) > 0 && !s->stream->is_awaited &&
		   came < enough) {
		stats_add(&in->stats, STAT_sessions_slow, 1);
		session_abort(s);
	} else if (is_over) {
		guard_begin(in, ks, set->request_timeout_ms);
	} else {
		session_arm(&in->sessions, s, set->request_timeout_ms - own_ms);
	}
}

static void kafka_expire(struct ingest *in, struct session *s)
{
	struct kafka_session *ks = kafka_session_of(s);
	bool was_watched = s->is_watched;
	s->is_watched = false;
	if (was_watched)
		watch_expire(in, ks);
	else if (ks->fetch && ks->is_alone)
		kafka_fetch_again(in, ks->fetch);
	else
		guard_expire(in, ks);
}

/* A request that was begun has its end in the ledger here; answers owed to earlier ones are
 * orphaned with the session. */
static void kafka_close(struct ingest *in, struct session *s)
{
	struct kafka_session *ks = kafka_session_of(s);
	stats_add(&in->stats, STAT_frame_drop_connection, ks->is_begun);
	kafka_produce_close(&in->batching, &in->answers, ks, false);
	kafka_call_close(&in->answers, in->servers, &in->delivery, ks);
	kafka_fetch_close(&in->reading, &in->answers, ks);
	request_drop(&in->reading, &in->answers, ks);
}

const struct protocol protocol_kafka = {
	.name = "KAFKA",
	.session_bytes = sizeof(struct kafka_session),
	.open = kafka_open,
	.cut = kafka_cut,
	.expire = kafka_expire,
	.resolve = kafka_produce_resolve,
	.deliver = kafka_call_deliver,
	.close = kafka_close,
};
