/* ingest.c - frames and datagrams in, records out: topic, partition, credit; see ingest.h. */
#include "dataplane/batch/ingest.h"
#include "dataplane/base/require.h"
#include "dataplane/batch/address_text.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/session/session_place.h"
#include "dataplane/wire/kafka/kafka_error.h"

/* One call of ingest_input(). */
struct intake {
	struct ingest *in;
	struct record_vec *records;
};

static struct record *record_next(const struct intake *i)
{
	return &i->records->records[i->records->count];
}

/* Topic, partition and size of a record by its route and key; null: there are none. The counts that
 * partitions are chosen by go on with each record that is taken: one that waits stays with one. */
static inline void record_place(struct batching *b, const struct topics *topics, struct record *r)
{
	struct routes *routes = &b->routes;
	r->reserve_bytes = record_reserve_bytes(r->key.size + r->value.size + r->headers_bytes);
	struct route *route = &routes->route[r->route];
	r->topic = route_topic(routes, route, topics);
	if (!r->topic)
		return;
	uint32_t partition = route_partition(routes, route, r->key);
	if (partition >= r->topic->partitions) {
		r->topic = NULL;
		return;
	}
	struct partition_ref ref = r->topic->refs[partition];
	r->lane = lanes_get(&b->lanes, ref);
	if (likely(r->lane->partition.generation == ref.generation))
		return;
	/* The slot's earlier partition has gone with records on their way to it. */
	batch_close(b, r->lane);
	r->lane = lanes_get(&b->lanes, ref);
}

static void record_take(struct intake *i, const struct record *r)
{
	i->in->batching.routes.route[r->route].records++;
	stats_add(&i->in->stats, STAT_records_received, 1);
	i->records->count++;
}

/* What no waiting can help: its topic has been deleted, or has not the partition that is asked for,
 * or the record is larger than all credit. */
static enum kafka_error refusal_of(const struct lanes *lanes, const struct record *r)
{
	if (!r->topic)
		return KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
	if (r->reserve_bytes > min_u64(lanes->lane_credit_bytes, lanes->writer_credit_bytes))
		return KAFKA_ERROR_MESSAGE_TOO_LARGE;
	return KAFKA_ERROR_NONE;
}

static void record_refuse(struct stats *stats, enum kafka_error error)
{
	bool is_large = error == KAFKA_ERROR_MESSAGE_TOO_LARGE;
	stats_add(stats, STAT_records_received, 1);
	stats_add(stats, is_large ? STAT_record_reject_too_large : STAT_record_reject_topic,
		  1);
}

/* ---- frames ---------------------------------------------------------------------------- */

/* The frame becomes a record that is refused here, and its peer is told. */
static bool frame_refuse(struct ingest *in, const struct frame *f, enum kafka_error error)
{
	struct answer *answer;
	if (!session_protocol(f->session)->accept(in, f->session, f, &answer))
		return false;
	record_refuse(&in->stats, error);
	if (!answer)
		return true;
	/* As if a writer had given it back: the answer is settled the way every other is. */
	struct append_msg refused = {.error = (int16_t)error};
	struct waiter *w = answer_wait(&in->answers, answer, &refused);
	require(w != NULL);
	answer->is_error = true;
	answer->protocol->resolve(w, &refused);
	waiter_give(&in->answers, w);
	answer_done(&in->answers, answer);
	return true;
}

/* Takes credit for the record, and makes sure that there is an append: batch_input() takes at
 * most one for each record of the turn. */
static bool frame_reserve(struct intake *i, struct session *s, const struct record *r)
{
	struct ingest *in = i->in;
	enum wait_for append = wait_for_append(CREDIT_FRAMES, r->lane->writer);
	if (!waiting_is_turn(&in->waits, s, append) ||
	    !append_is_sure(&in->batching, r->lane, CREDIT_FRAMES, i->records->count)) {
		session_wait(&in->waits, s, append);
		return false;
	}
	return credit_take(&in->waits, &in->batching.lanes, s, r->lane, CREDIT_FRAMES,
			   r->reserve_bytes);
}

/* A kept record's frame was consumed when it was kept. */
static void frame_consume(const struct frame *f)
{
	struct session *s = f->session;
	if (f->consumed == 0)
		return;
	s->offset += f->consumed;
	stream_consume(s->stream, f->consumed);
}

/* ---- what a listener's settings ask of each record -------------------------------------- */

/* The time in the frame, if it has one that the topic would take of a producer; else that of its
 * receipt. */
static int64_t timestamp_of(const struct record *r, const struct frame_facts *facts, int64_t now)
{
	const struct topic_options *o = &r->topic->options;
	int64_t earliest, latest, time = facts->time_ms;
	if (__builtin_sub_overflow(now, o->timestamp_before_max_ms, &earliest))
		earliest = INT64_MIN;
	if (__builtin_add_overflow(now, o->timestamp_after_max_ms, &latest))
		latest = INT64_MAX;
	return time != FRAME_NO_TIME && time >= earliest && time <= latest ? time : now;
}

static struct bytes key_of(const struct intake *i, enum record_key kind, struct bytes own,
			   const struct endpoint *peer)
{
	char *text = i->records->addresses[i->records->count];
	static_assert((int)ADDRESS_TEXT_BYTES <= (int)RECORD_KEY_BYTES_MAX, "a key");
	if (kind == RECORD_KEY_ADDRESS)
		return (struct bytes){(uint8_t *)text, address_text(text, &peer->address)};
	return kind == RECORD_KEY_AUTO ? own : (struct bytes){0};
}

/* Of a listener that asks more of its records than most do. Facts of the frame are asked for only
 * where something depends on them. */
static void frame_place(const struct intake *i, const struct listener_routes *l,
			const struct frame *f, struct record *r)
{
	struct ingest *in = i->in;
	const struct session *s = f->session;
	struct frame_facts facts = {.time_ms = FRAME_NO_TIME};
	if (l->asks_facts)
		session_protocol(s)->describe(s->listener, f->value, &facts);
	if (l->has_headers)
		r->headers_bytes =
			(uint16_t)record_headers_put(i->records->headers[i->records->count], s,
						     &facts, in->now.wall_ms);
	r->key = key_of(i, l->key, f->key, &s->stream->peer);
	r->route = l->of[facts.class];
	record_place(&in->batching, in->topics, r);
	if (r->topic && l->has_frame_time)
		r->timestamp_ms = timestamp_of(r, &facts, in->now.wall_ms);
}

/* Credit before the answer: credit is easily given back, while an answer stands in its
 * session's queue as soon as it is made. */
static bool frame_store(struct intake *i, const struct frame *f)
{
	struct ingest *in = i->in;
	struct session *s = f->session;
	const struct listener_routes *l = &in->batching.routes.listener[s->stream->listener];
	struct record *r = record_next(i);
	*r = (struct record){
		.key = f->key,
		.value = f->value,
		.timestamp_ms = in->now.wall_ms,
		.route = l->of[RECORD_LIVE],
		.level = l->level,
		.kind = CREDIT_FRAMES,
	};
	if (likely(l->is_plain))
		record_place(&in->batching, in->topics, r);
	else
		frame_place(i, l, f, r);
	enum kafka_error refusal = refusal_of(&in->batching.lanes, r);
	if (refusal)
		return frame_refuse(in, f, refusal);
	if (!frame_reserve(i, s, r))
		return false;
	if (!session_protocol(s)->accept(in, s, f, &r->answer)) {
		lane_release(&in->batching.lanes, r->lane, CREDIT_FRAMES,
			     r->reserve_bytes);
		return false;
	}
	if (r->answer)
		answer_hold(r->answer);
	record_take(i, r);
	return true;
}

/* An answer that nothing is waited for leaves at once, or behind those before it. */
static bool frame_answer(struct ingest *in, const struct frame *f)
{
	struct answer *answer;
	if (!session_protocol(f->session)->accept(in, f->session, f, &answer))
		return false;
	answers_send(&in->answers, f->session);
	return true;
}

/* Its session is in line for what the record lacks. Either it waits as a record, and its bytes are
 * consumed, or nothing has been made of it. */
static void frame_wait(struct kept_records *kept, struct stats *stats, const struct frame *f)
{
	struct session *s = f->session;
	if (!s->has_kept && kept_add(kept, f)) {
		stats_add(stats, STAT_records_kept, 1);
		frame_consume(f);
	}
}

static void frame_input(struct intake *i, const struct frame *f)
{
	struct ingest *in = i->in;
	struct session *s = f->session;
	if (s->is_skipped)
		return;
	if (f->kind == FRAME_NONE) {
		session_protocol(s)->reject(in, s, f);
	} else if (f->kind == FRAME_ANSWER) {
		if (!frame_answer(in, f))
			return;
	} else if (!frame_store(i, f)) {
		frame_wait(&in->kept, &in->stats, f);
		return;
	}
	s->admitted = WAIT_NOTHING;
	if (unlikely(s->has_kept))
		kept_give(&in->kept, s);
	if (unlikely(s->place != NULL))
		session_rest(&in->sessions, s);
	frame_consume(f);
}

/* ---- datagrams ------------------------------------------------------------------------- */

/* No session stands behind a datagram that could wait: what finds no credit is shed. */
static bool datagram_reserve(struct intake *i, const struct record *r)
{
	return append_is_sure(&i->in->batching, r->lane, CREDIT_DATAGRAMS,
			      i->records->count) &&
	       lane_reserve(&i->in->batching.lanes, r->lane, CREDIT_DATAGRAMS, r->reserve_bytes);
}

static void datagram_input(struct intake *i, const struct datagram *d)
{
	struct ingest *in = i->in;
	const struct listener_routes *l = &in->batching.routes.listener[d->listener];
	struct bytes none = {0};
	struct record *r = record_next(i);
	*r = (struct record){
		.key = key_of(i, l->key, none, &d->from),
		.value = d->bytes,
		.timestamp_ms = in->now.wall_ms,
		.level = l->level,
		.route = l->of[RECORD_LIVE],
		.kind = CREDIT_DATAGRAMS,
	};
	stats_add(&in->stats, STAT_frames_received, 1);
	record_place(&in->batching, in->topics, r);
	enum kafka_error refusal = refusal_of(&in->batching.lanes, r);
	if (refusal) {
		record_refuse(&in->stats, refusal);
	} else if (!in->sessions.is_draining && datagram_reserve(i, r)) {
		record_take(i, r);
	} else {
		stats_add(&in->stats, STAT_packet_drop_udp_shed, 1);
		stats_add(&in->stats, STAT_frame_drop_shed, 1);
		return;
	}
	stats_add(&in->stats, STAT_packets_consumed, 1);
	stats_add(&in->stats, STAT_frames_accepted, 1);
}

void ingest_input(struct ingest *in, const struct frame_vec *frames,
		  const struct datagram_vec *datagrams, struct record_vec *ret)
{
	struct intake intake = {.in = in, .records = ret};
	routes_turn(&in->batching.routes);
	for (unsigned i = 0; i < frames->count; i++)
		frame_input(&intake, &frames->frames[i]);
	for (unsigned i = 0; i < datagrams->count; i++)
		datagram_input(&intake, &datagrams->datagrams[i]);
}
