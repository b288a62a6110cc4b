/* ingest.c - frames and datagrams in, records out: topic, partition, credit; see ingest.h. */
#include "dataplane/batch/ingest.h"
#include "dataplane/base/murmur2.h"
#include "dataplane/base/remainder.h"
#include "dataplane/base/require.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/session/session_place.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <arpa/inet.h>

/* One call of ingest_input(). */
struct intake {
	struct ingest *in;
	struct record_vec *records;
	const struct topic *topics[LISTENERS_MAX]; /* of those looked up in this turn */
	uint32_t looked_up;
};
static_assert(LISTENERS_MAX <= 32, "a bit each");

/* The snapshot does not change within a turn, so a listener's topic is looked up once in it. */
static const struct topic *topic_of(struct intake *i, unsigned listener)
{
	if (!(i->looked_up & 1u << listener)) {
		const char *name = i->in->listeners[listener].topic;
		struct bytes span = {(const uint8_t *)name, strlen(name)};
		i->topics[listener] = topics_find(i->in->topics, span);
		i->looked_up |= 1u << listener;
	}
	return i->topics[listener];
}

/* Pollers begin with different partitions where records have no key, so that few pollers do not
 * all fill the same one. */
static struct lane *lane_of(struct batching *b, const struct record *r)
{
	const struct topic *topic = r->topic;
	uint32_t number = r->key.data ? partition_number(r->key.data, r->key.size)
				      : b->poller + b->sticky[r->listener];
	struct partition_ref ref = topic->refs[remainder_of(number, topic->partitions,
							    topic->partitions_magic)];
	struct lane *lane = lanes_get(&b->lanes, ref);
	if (likely(lane->partition.generation == ref.generation))
		return lane;
	/* The slot's earlier partition has gone with records on their way to it. */
	batch_close(b, lane);
	return lanes_get(&b->lanes, ref);
}

/* What no waiting can help: the listener's topic has been deleted, or the record is larger
 * than all credit. */
static enum kafka_error refusal_of(const struct lanes *lanes, const struct record *r)
{
	if (!r->topic)
		return KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION;
	uint32_t bytes = record_reserve_bytes(r->key, r->value);
	if (bytes > min_u64(lanes->lane_credit_bytes, lanes->writer_credit_bytes))
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
			   record_reserve_bytes(r->key, r->value));
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

/* Credit before the answer: credit is easily given back, while an answer stands in its
 * session's queue as soon as it is made. */
static bool frame_store(struct intake *i, const struct frame *f)
{
	struct ingest *in = i->in;
	struct session *s = f->session;
	struct record *r = &i->records->records[i->records->count];
	*r = (struct record){
		.key = f->key,
		.value = f->value,
		.level = s->listener->answer_level,
		.listener = s->stream->listener,
		.kind = CREDIT_FRAMES,
	};
	r->topic = topic_of(i, r->listener);
	enum kafka_error refusal = refusal_of(&in->batching.lanes, r);
	if (refusal)
		return frame_refuse(in, f, refusal);
	r->lane = lane_of(&in->batching, r);
	if (!frame_reserve(i, s, r))
		return false;
	if (!session_protocol(s)->accept(in, s, f, &r->answer)) {
		lane_release(&in->batching.lanes, r->lane, CREDIT_FRAMES,
			     record_reserve_bytes(r->key, r->value));
		return false;
	}
	if (r->answer)
		answer_hold(r->answer);
	stats_add(&in->stats, STAT_records_received, 1);
	i->records->count++;
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

static char *octet_put(char *out, uint8_t v)
{
	if (v >= 100)
		*out++ = (char)('0' + v / 100);
	if (v >= 10)
		*out++ = (char)('0' + v / 10 % 10);
	*out++ = (char)('0' + v % 10);
	return out;
}

/* The address alone: ports change with every socket of a device. IPv4 is not left to
 * inet_ntop(), which prints it through a format: 300 cycles of every datagram's. */
static struct bytes address_key(const struct address *a, char out[RECORD_KEY_BYTES_MAX])
{
	static const uint8_t mapped_ip4[12] = {[10] = 0xff, [11] = 0xff};
	if (memcmp(a->octets, mapped_ip4, sizeof mapped_ip4) != 0) {
		require(inet_ntop(AF_INET6, a->octets, out, RECORD_KEY_BYTES_MAX));
		return (struct bytes){(const uint8_t *)out, strlen(out)};
	}
	char *end = out;
	for (unsigned i = sizeof mapped_ip4; i < sizeof a->octets; i++) {
		end = octet_put(end, a->octets[i]);
		*end++ = '.';
	}
	return (struct bytes){(const uint8_t *)out, (size_t)(end - 1 - out)};
}

/* No session stands behind a datagram that could wait: what finds no credit is shed. */
static bool datagram_reserve(struct intake *i, struct record *r)
{
	r->lane = lane_of(&i->in->batching, r);
	uint32_t bytes = record_reserve_bytes(r->key, r->value);
	return append_is_sure(&i->in->batching, r->lane, CREDIT_DATAGRAMS,
			      i->records->count) &&
	       lane_reserve(&i->in->batching.lanes, r->lane, CREDIT_DATAGRAMS, bytes);
}

static void datagram_input(struct intake *i, const struct datagram *d, char *address)
{
	struct ingest *in = i->in;
	const struct listener *listener = &in->listeners[d->listener];
	struct record *r = &i->records->records[i->records->count];
	*r = (struct record){
		.value = d->bytes,
		.level = listener->answer_level,
		.listener = d->listener,
		.kind = CREDIT_DATAGRAMS,
		.topic = topic_of(i, d->listener),
	};
	stats_add(&in->stats, STAT_frames_received, 1);
	if (listener->key == RECORD_KEY_ADDRESS)
		r->key = address_key(&d->from.address, address);
	enum kafka_error refusal = refusal_of(&in->batching.lanes, r);
	if (refusal) {
		record_refuse(&in->stats, refusal);
	} else if (!in->sessions.is_draining && datagram_reserve(i, r)) {
		stats_add(&in->stats, STAT_records_received, 1);
		i->records->count++;
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
	for (unsigned i = 0; i < frames->count; i++)
		frame_input(&intake, &frames->frames[i]);
	for (unsigned i = 0; i < datagrams->count; i++)
		datagram_input(&intake, &datagrams->datagrams[i], ret->addresses[i]);
}
