/* kafka_receive.c - a batch's bytes in, a checked append out; see kafka_receive.h. */
#include "dataplane/kafka/kafka_receive.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/require.h"
#include "dataplane/batch/batch.h"
#include "dataplane/kafka/kafka_step.h"
#include "dataplane/kafka/kafka_topic.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/wire/kafka/msg_produce.h"
#include "dataplane/wire/record/record_walk.h"

void kafka_receive_begin(struct kafka_receive *r, enum batch_verdict refused, uint32_t bytes)
{
	*r = (struct kafka_receive){.left = bytes, .verdict = (uint8_t)refused};
}

/* ---- the header ------------------------------------------------------------------------ */

/* Records for the ledger: what the header claims, but no more than the bytes could hold, and
 * one at least. How many a compressed batch holds only its reader will know: one, until then. */
static uint32_t records_claimed(struct bytes head, uint32_t bytes)
{
	if (bytes < RECORD_BATCH_HEADER_BYTES)
		return bytes > 0;
	const struct record_batch_header *h = record_batch_header_of(head.data);
	int32_t claimed = (int32_t)record_batch_count(h);
	uint32_t fit = (bytes - RECORD_BATCH_HEADER_BYTES) / RECORD_BYTES_MIN;
	if (claimed <= 0 || record_batch_codec(h) != RECORD_CODEC_NONE)
		return 1;
	return max_u32(min_u32((uint32_t)claimed, fit), 1);
}

/* No region of the memory would have room for a larger one than `incoming_max`. */
static enum batch_verdict check_header(const struct topics *topics, uint32_t incoming_max,
				       struct kafka_session *ks, struct bytes head)
{
	const struct topic *topic = kafka_topic(topics, ks);
	struct batch_facts facts = {
		.version = ks->version,
		.acks = ks->produce.acks,
		.place = kafka_topic_fault(topics, ks),
	};
	if (topic) {
		facts.is_internal = topic->is_internal;
		facts.bytes_max = min_u32(topic->log.message_bytes_max, incoming_max);
	}
	return kafka_batch_check(head, ks->produce.receive.left, &facts);
}

static struct lane *lane_of(struct lanes *lanes, const struct topics *topics,
			    struct kafka_session *ks)
{
	return lanes_get(lanes, kafka_topic(topics, ks)->refs[ks->produce.partition]);
}

static void memory_begin(struct batching *b, const struct topics *topics,
			 struct kafka_session *ks)
{
	incoming_begin(&b->incoming, kafka_incoming(&b->incoming, ks),
		       lane_of(&b->lanes, topics, ks), (uint32_t)(b->now->ns / NS_PER_MS));
}

/* The header is checked before any byte is taken: a refused batch costs no chunk. */
static enum kafka_progress take_header(struct batching *b, const struct topics *topics,
				       struct kafka_session *ks)
{
	struct kafka_receive *r = &ks->produce.receive;
	struct stream *stream = ks->base.stream;
	uint32_t want = min_u32(r->left, RECORD_BATCH_HEADER_BYTES);
	struct bytes head = want ? stream_peek(stream, 0, want) : (struct bytes){0};
	if (head.size < want)
		return stream_readable(stream) > head.size ? KAFKA_RETRY : KAFKA_NEED_BYTES;
	if (r->verdict == BATCH_GOOD)
		r->verdict = (uint8_t)check_header(topics, b->incoming.batch_bytes_max, ks, head);
	r->is_kept = r->verdict == BATCH_GOOD;
	if (r->is_kept)
		memory_begin(b, topics, ks);
	r->records = records_claimed(head, r->left);
	if (want == RECORD_BATCH_HEADER_BYTES)
		r->crc_expected = be32_get(record_batch_header_of(head.data)->crc);
	r->has_header = true;
	return KAFKA_GO;
}

/* ---- the bytes ------------------------------------------------------------------------- */

/* The CRC covers the batch from its attributes on. */
static void crc_add(struct kafka_receive *r, struct bytes b)
{
	uint32_t skip = 0;
	if (r->taken < RECORD_BATCH_CRC_FROM)
		skip = min_u32(RECORD_BATCH_CRC_FROM - r->taken, (uint32_t)b.size);
	r->crc = crc32c_extend(r->crc, b.data + skip, b.size - skip);
}

/* A byte is taken once: into the CRC and into the batch while it is in the cache, then
 * consumed. */
static enum kafka_progress take_bytes(struct waits *w, struct batching *batching,
				      struct kafka_session *ks)
{
	struct kafka_receive *r = &ks->produce.receive;
	if (r->is_kept && r->room == 0) {
		r->room = incoming_take(w, &batching->incoming, &ks->base, &ks->incoming,
					r->left);
		if (r->room == 0)
			return KAFKA_WAIT;
	}
	size_t want = r->is_kept ? r->room : min_u32(r->left, CHUNK_BYTES);
	struct bytes b = stream_span(ks->base.stream, 0, want);
	if (b.size == 0)
		return KAFKA_NEED_BYTES;
	if (is_batch_crc_asked(r->verdict))
		crc_add(r, b);
	if (r->is_kept) {
		bool fits = chain_append(&r->bytes, &batching->lanes.batch_pool, b.data, b.size);
		require(fits); /* what was charged always finds chunks */
		r->room -= (uint32_t)b.size;
		ks->incoming.bytes += (uint32_t)b.size;
	}
	r->taken += (uint32_t)b.size;
	r->left -= (uint32_t)b.size;
	kafka_consume(ks, (uint32_t)b.size);
	return KAFKA_GO;
}

/* ---- the whole batch ------------------------------------------------------------------- */

static bool is_append_time(const struct topic *t)
{
	return t->options.timestamp_type == TIMESTAMP_LOG_APPEND_TIME;
}

/* When a record of a topic may have been made. */
struct time_bounds {
	int64_t min;
	int64_t max;
};

/* Where a record's time is that of its append, its own is not looked at. */
static struct time_bounds time_bounds_of(const struct topic *t, int64_t now)
{
	struct time_bounds b = {INT64_MIN, INT64_MAX};
	if (is_append_time(t))
		return b;
	if (__builtin_sub_overflow(now, t->options.timestamp_before_max_ms, &b.min))
		b.min = INT64_MIN;
	if (__builtin_add_overflow(now, t->options.timestamp_after_max_ms, &b.max))
		b.max = INT64_MAX;
	return b;
}

static bool is_time_good(const struct time_bounds *b, int64_t timestamp)
{
	return timestamp >= b->min && timestamp <= b->max;
}

/* What a CreateTime topic stores says CreateTime, and as its latest time what the records say: by
 * it a lookup finds them. Where both are so already, nothing is written. The writer sets that of an
 * append. */
static void correct_times(struct append_msg *a, const struct record_batch_header *h,
			  int64_t latest)
{
	bool says_append_time = be16_get(h->attributes) & RECORD_BATCH_LOG_APPEND_TIME;
	if (!a->is_append_time &&
	    (says_append_time || record_batch_max_timestamp(h) != latest))
		record_batch_set_create_time(&a->bytes, latest);
}

static bool are_times_good(const struct time_bounds *b, const struct record_times *times)
{
	return !times->any ||
	       (is_time_good(b, times->earliest) && is_time_good(b, times->latest));
}

/* With the LogAppendTime bit the header's latest time is every record's, and judged like one;
 * the bit is cleared then, so that the records' own count after all. Where a topic's times are
 * those of appends, nobody else may claim to know them. */
static enum batch_verdict check_append_time(const struct topic *t, const struct time_bounds *b,
					    const struct record_batch_header *h)
{
	int64_t latest = record_batch_max_timestamp(h);
	if (!(be16_get(h->attributes) & RECORD_BATCH_LOG_APPEND_TIME))
		return BATCH_GOOD;
	if (is_append_time(t))
		return BATCH_BAD_APPEND_TIME;
	bool is_good = latest != RECORD_NO_TIMESTAMP && is_time_good(b, latest);
	return is_good ? BATCH_GOOD : BATCH_BAD_TIMESTAMP;
}

static enum batch_verdict judge_uncompressed(const struct topic *t,
					     const struct time_bounds *bounds,
					     struct kafka_receive *r,
					     const struct record_batch_header *h)
{
	struct append_msg *a = r->append;
	struct record_times times;
	if (!record_walk_batch(&a->bytes, h, &times))
		return BATCH_BAD_RECORDS;
	if (unlikely(topic_is_compacted(t)) &&
	    record_walk_find_keyless(&a->bytes, h, &r->bad_record))
		return BATCH_BAD_KEYLESS;
	if (!are_times_good(bounds, &times)) {
		r->bad_record = record_walk_find(&a->bytes, h, bounds->min, bounds->max);
		return BATCH_BAD_TIMESTAMP;
	}
	correct_times(a, h, record_times_latest(&times));
	return BATCH_GOOD;
}

/* More than a codec can make of so many bytes: of its densest stream, with a spare for what a
 * stream begins with. zstd's is a block of 128 KiB that says which byte it repeats, in four.
 * Records repeat less than their values do, for their offsets differ: what a batch may open to in
 * any case is not theirs, or a few bytes could claim the offsets of a segment. */
static bool is_count_possible(const struct record_batch_header *h)
{
	static const uint32_t ratios[RECORD_CODECS] = {
		[RECORD_CODEC_GZIP] = 1032,
		[RECORD_CODEC_SNAPPY] = 22,
		[RECORD_CODEC_LZ4] = 255,
		[RECORD_CODEC_ZSTD] = 32768,
	};
	uint64_t bytes = (uint64_t)record_batch_bytes(h);
	uint64_t opened = (bytes - RECORD_BATCH_HEADER_BYTES) * ratios[record_batch_codec(h)];
	return (uint64_t)record_batch_count(h) * RECORD_BYTES_MIN <=
	       min_u64(opened, bytes * RECORD_BATCH_OPEN_RATIO_MAX);
}

/* penstock.produce.inspect=headers: the header's times stand for all. */
static enum batch_verdict judge_header(const struct time_bounds *bounds,
				       struct kafka_receive *r,
				       const struct record_batch_header *h)
{
	int64_t base = (int64_t)be64_get(h->base_timestamp);
	int64_t latest = record_batch_max_timestamp(h);
	struct record_times times = {.earliest = base, .latest = latest,
				     .any = latest != RECORD_NO_TIMESTAMP};
	if (!is_count_possible(h))
		return BATCH_BAD_RECORDS;
	if (latest < base && !r->append->is_append_time)
		return BATCH_BAD_LATEST;
	if (!are_times_good(bounds, &times))
		return BATCH_BAD_TIMESTAMP;
	r->records = record_batch_count(h);
	return BATCH_GOOD;
}

/* Is what a producer compressed opened before it is stored? Whoever asks for keys has to. */
static bool is_opened(const struct poller_settings *settings, const struct topic *t)
{
	return settings->produce_inspect == INSPECT_RECORDS || topic_is_compacted(t);
}

/* The batch is of another codec than its topic says. */
static bool wants_codec(const struct topic *t, const struct record_batch_header *h)
{
	return t->options.compression_type != COMPRESSION_PRODUCER &&
	       topic_codec(t) != record_batch_codec(h);
}

static enum batch_verdict check_whole(const struct ingest *in, struct kafka_session *ks)
{
	struct kafka_receive *r = &ks->produce.receive;
	struct append_msg *a = r->append;
	const struct topic *topic = kafka_topic(in->topics, ks);
	const struct record_batch_header *h = record_batch_header_of(chunk_at(a->bytes.head));
	struct time_bounds bounds = time_bounds_of(topic, in->now.wall_ms);
	enum batch_verdict v = check_append_time(topic, &bounds, h);
	if (v != BATCH_GOOD)
		return v;
	a->is_append_time = is_append_time(topic);
	a->is_repacked = wants_codec(topic, h);
	a->wants = topic_codec(topic);
	a->time_min = bounds.min;
	a->time_max = bounds.max;
	if (record_batch_codec(h) == RECORD_CODEC_NONE)
		return judge_uncompressed(topic, &bounds, r, h);
	correct_times(a, h, record_batch_max_timestamp(h));
	if (!is_opened(&in->settings, topic) && !a->is_repacked)
		return judge_header(&bounds, r, h);
	/* The writer opens it, and holds its records' times against the bounds. */
	a->codec = (uint8_t)record_batch_codec(h);
	a->asks_keys = topic_is_compacted(topic);
	return BATCH_GOOD;
}

/* What is opened first has credit of its own: nobody else waits for what is slow to open. */
static enum credit_kind kind_of(const struct poller_settings *settings, const struct topic *t,
				const struct chain *batch)
{
	const struct record_batch_header *h = record_batch_header_of(chunk_at(batch->head));
	bool is_packed = record_batch_codec(h) != RECORD_CODEC_NONE && is_opened(settings, t);
	return is_packed || wants_codec(t, h) ? CREDIT_PACKED : CREDIT_BATCHES;
}

/* The batch is whole: an append, and credit for all of it. False: the session waits. */
static bool append_begin(struct waits *w, struct batching *b, struct lane *lane,
			 enum credit_kind kind, struct kafka_session *ks)
{
	struct kafka_produce *p = &ks->produce;
	struct kafka_receive *r = &p->receive;
	uint32_t bytes = (uint32_t)r->bytes.size;
	enum wait_for what = wait_for_append(kind, lane->writer);
	if (!waiting_is_turn(w, &ks->base, what) || !append_is_sure(b, lane, kind, 0)) {
		session_wait(w, &ks->base, what);
		return false;
	}
	if (!credit_take(w, &b->lanes, &ks->base, lane, kind, bytes))
		return false;
	struct append_msg *a = append_take(b, lane, kind);
	require(a != NULL);
	a->source = address_source(&ks->base.stream->peer.address);
	a->connection = ks->base.stream->handle;
	a->level = p->acks == PRODUCE_ACKS_ALL ? ACK_DURABLE : ACK_WRITTEN;
	a->reserved_bytes[kind] = bytes;
	chain_join(&a->bytes, &r->bytes);
	incoming_release(&b->incoming, &ks->incoming);
	r->append = a;
	return true;
}

/* The CRC is judged before what lies in the records, as Kafka does. */
static enum kafka_progress judge(struct ingest *in, struct kafka_session *ks)
{
	struct kafka_receive *r = &ks->produce.receive;
	struct batching *b = &in->batching;
	incoming_end(&b->incoming, &ks->incoming);
	if (is_batch_crc_asked(r->verdict) && r->crc != r->crc_expected) {
		r->verdict = BATCH_BAD_CRC;
	} else if (r->verdict == BATCH_GOOD && !kafka_topic(in->topics, ks)) {
		r->verdict = (uint8_t)kafka_topic_fault(in->topics, ks);
	} else if (r->verdict == BATCH_GOOD) {
		const struct topic *t = kafka_topic(in->topics, ks);
		struct lane *lane = lane_of(&b->lanes, in->topics, ks);
		enum credit_kind kind = kind_of(&in->settings, t, &r->bytes);
		if (!append_begin(&in->waits, b, lane, kind, ks))
			return KAFKA_WAIT;
		r->verdict = (uint8_t)check_whole(in, ks);
	}
	return KAFKA_GO;
}

enum kafka_progress kafka_receive(struct ingest *in, struct kafka_session *ks)
{
	struct kafka_receive *r = &ks->produce.receive;
	enum kafka_progress p =
		r->has_header ? KAFKA_GO : take_header(&in->batching, in->topics, ks);
	while (p == KAFKA_GO && r->left > 0)
		p = take_bytes(&in->waits, &in->batching, ks);
	return p == KAFKA_GO ? judge(in, ks) : p;
}

/* ---- its end --------------------------------------------------------------------------- */

void kafka_receive_end(struct batching *b, struct kafka_session *ks)
{
	struct kafka_receive *r = &ks->produce.receive;
	struct append_msg *a = r->append;
	stats_add(b->stats, STAT_records_received, r->records);
	if (r->verdict == BATCH_GOOD) {
		r->append = NULL;
		a->records = r->records;
		append_finish(b, a);
		return;
	}
	stats_add(b->stats, batch_verdicts[r->verdict].stat, r->records);
	kafka_receive_drop(b, ks);
}

/* No ledger is touched: records enter it when their batch ends, and this one never does. */
void kafka_receive_drop(struct batching *b, struct kafka_session *ks)
{
	struct kafka_receive *r = &ks->produce.receive;
	struct append_msg *a = r->append;
	r->append = NULL;
	chain_give(&r->bytes);
	incoming_end(&b->incoming, &ks->incoming);
	incoming_release(&b->incoming, &ks->incoming);
	if (a)
		append_give(b, a);
}
