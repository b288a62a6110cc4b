/* batch.c - records in, finished batches out to their writers; see batch.h.
 *
 * A record that does not fit closes the batch; one that is larger than a batch may be gets
 * one of its own, which the writer judges. The lanes with an open batch are in one list per
 * route: a route has one topic and that one linger, so a list stays ordered by
 * deadline with O(1) work, whatever other routes wait for.
 */
#include "dataplane/batch/batch.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/batch/ingest.h"
#include "dataplane/batch/topics.h"
#include "dataplane/session/answer.h"
#include "dataplane/wire/record/record_batch.h"

int batching_init(struct batching *b, const struct batching_bounds *bounds,
		  struct stats *stats, const struct moment *now)
{
	b->stats = stats;
	b->now = now;
	b->poller = bounds->poller;
	list_init(&b->finished);
	for (unsigned i = 0; i < ROUTES_MAX; i++)
		list_init(&b->open_lanes[i]);
	uint32_t incoming = incoming_init(&b->incoming, bounds->writer_credit_bytes,
					  bounds->message_bytes_max);
	int error = slab_init(&b->appends, sizeof(struct append_msg), bounds->appends);
	return error ? error
		     : lanes_init(&b->lanes, bounds->writers, bounds->writer_credit_bytes,
				  bounds->lane_credit_bytes, incoming);
}

void batching_fini(struct batching *b)
{
	slab_fini(&b->appends);
	lanes_fini(&b->lanes);
}

uint32_t record_reserve_bytes(size_t bytes)
{
	return (uint32_t)(RECORD_BATCH_HEADER_BYTES + RECORD_OVERHEAD_BYTES_MAX + bytes);
}

bool append_is_sure(const struct batching *b, const struct lane *lane, enum credit_kind kind,
		    uint32_t others)
{
	return b->taken[lane->writer][kind] + others < appends_max_of(kind) &&
	       b->appends.in_use + others < b->appends.count;
}

struct append_msg *append_take(struct batching *b, struct lane *lane, enum credit_kind kind)
{
	struct append_msg *a =
		append_is_sure(b, lane, kind, 0) ? slab_take(&b->appends) : NULL;
	if (!a)
		return NULL;
	b->taken[lane->writer][kind]++;
	a->kind = (uint8_t)kind;
	a->msg = (struct handoff_msg){.kind = HANDOFF_APPEND, .sender = b->poller};
	a->partition = lane->partition;
	a->owner = lane;
	a->log_append_time = -1;
	list_init(&a->node);
	a->epoch = b->epoch;
	b->begun[b->epoch]++;
	return a;
}

void append_finish(struct batching *b, struct append_msg *give)
{
	list_append(&b->finished, &give->node);
}

/* The lane may belong to another partition by now: its credit is still the one that was taken. */
void append_give(struct batching *b, struct append_msg *a)
{
	struct lane *lane = append_lane(a);
	chain_give(&a->bytes);
	for (unsigned kind = 0; kind < CREDIT_KINDS; kind++)
		if (a->reserved_bytes[kind])
			lane_release(&b->lanes, lane, (enum credit_kind)kind,
				     a->reserved_bytes[kind]);
	b->taken[lane->writer][a->kind]--;
	b->begun[a->epoch]--;
	slab_give(&b->appends, a);
}

/* `producer` leaves the choice to the producer, and a T-Box makes none. */
uint8_t topic_codec(const struct topic *topic)
{
	static const uint8_t codecs[] = {
		[COMPRESSION_PRODUCER] = RECORD_CODEC_NONE,
		[COMPRESSION_UNCOMPRESSED] = RECORD_CODEC_NONE,
		[COMPRESSION_GZIP] = RECORD_CODEC_GZIP,
		[COMPRESSION_SNAPPY] = RECORD_CODEC_SNAPPY,
		[COMPRESSION_LZ4] = RECORD_CODEC_LZ4,
		[COMPRESSION_ZSTD] = RECORD_CODEC_ZSTD,
	};
	return codecs[topic->options.compression_type];
}

/* Behind the last lane that is due earlier: the end, unless the topic's linger was altered
 * while batches were open. */
static void open_lane_insert(struct list *lanes, struct lane *lane)
{
	struct list *at = lanes->prev;
	while (at != lanes &&
	       list_entry(at, struct lane, open_node)->open_deadline_ns > lane->open_deadline_ns)
		at = at->prev;
	list_append(at->next, &lane->open_node);
}

/* Ingest has made sure of the append object, credit of the chunk. */
static void batch_open(struct batching *b, const struct record *r)
{
	struct lane *lane = r->lane;
	struct append_msg *a = append_take(b, lane, r->kind);
	require(a != NULL);
	a->origin = APPEND_BUILT;
	a->codec = topic_codec(r->topic);
	a->is_append_time = r->topic->options.timestamp_type == TIMESTAMP_LOG_APPEND_TIME;
	require(chain_reserve(&a->bytes, &b->lanes.batch_pool, RECORD_BATCH_HEADER_BYTES));
	lane->open = a;
	lane->open_route = r->route;
	lane->open_base_timestamp = r->timestamp_ms;
	lane->open_max_timestamp = r->timestamp_ms;
	lane->open_deadline_ns = b->now->ns + r->topic->options.linger_ms * NS_PER_MS;
	open_lane_insert(&b->open_lanes[r->route], lane);
}

/* Each record has reserved its longest encoding and a header's share: what the batch did not
 * need goes back at once, not with the writer's answer. Of which kind it was does not matter
 * where both share a batch: the sum is what it holds. */
static void spare_release(struct batching *b, struct lane *lane, struct append_msg *a)
{
	uint32_t frames = a->reserved_bytes[CREDIT_FRAMES];
	uint32_t datagrams = a->reserved_bytes[CREDIT_DATAGRAMS];
	require(a->bytes.size <= frames + datagrams);
	uint32_t spare = frames + datagrams - (uint32_t)a->bytes.size;
	uint32_t of_frames = min_u32(spare, frames);
	lane_release(&b->lanes, lane, CREDIT_FRAMES, of_frames);
	lane_release(&b->lanes, lane, CREDIT_DATAGRAMS, spare - of_frames);
	a->reserved_bytes[CREDIT_FRAMES] -= of_frames;
	a->reserved_bytes[CREDIT_DATAGRAMS] -= spare - of_frames;
}

void batch_close(struct batching *b, struct lane *lane)
{
	struct append_msg *a = lane->open;
	struct record_batch_header h;
	record_batch_build(&h, a->records, lane->open_base_timestamp,
			   lane->open_max_timestamp);
	record_batch_set_size(&h, (uint32_t)a->bytes.size);
	chain_patch(&a->bytes, 0, &h, sizeof h);
	spare_release(b, lane, a);
	list_remove(&lane->open_node);
	lane->open = NULL;
	b->routes.route[lane->open_route].batches++;
	stats_add(b->stats, STAT_batches_built, 1);
	append_finish(b, a);
}

static inline struct record_view view_in_batch(const struct record_vec *records, unsigned i)
{
	const struct record *r = &records->records[i];
	const struct lane *lane = r->lane;
	return (struct record_view){
		.timestamp_delta = r->timestamp_ms - lane->open_base_timestamp,
		.offset_delta = (int32_t)lane->open->records,
		.key = r->key,
		.value = r->value,
		.headers = {records->headers[i], r->headers_bytes},
	};
}

static bool batch_has_room(const struct record_vec *records, unsigned i)
{
	const struct record *r = &records->records[i];
	uint32_t limit = min_u32(r->topic->options.batch_bytes, r->topic->log.message_bytes_max);
	size_t bytes = r->lane->open->bytes.size;
	/* Exact sizes matter only near the end. */
	if (likely(bytes + r->reserve_bytes <= limit))
		return true;
	struct record_view view = view_in_batch(records, i);
	return bytes + record_bytes(&view) <= limit;
}

/* A record that straddles chunks. */
static void record_encode_pieces(struct batching *b, struct chain *bytes,
				 const struct record_view *view)
{
	struct chunk_pool *pool = &b->lanes.batch_pool;
	uint8_t front[RECORD_OVERHEAD_BYTES_MAX + RECORD_KEY_BYTES_MAX];
	struct emitter e = emitter_of(front, sizeof front);
	record_emit_front(&e, view);
	emit_bytes(&e, view->key.data, view->key.size);
	record_emit_value_size(&e, view);
	require(!e.bad);
	static const uint8_t none = 0;
	struct bytes headers = view->headers.size ? view->headers : (struct bytes){&none, 1};
	bool fits = chain_append(bytes, pool, front, emitter_size(&e)) &&
		    chain_append(bytes, pool, view->value.data, view->value.size) &&
		    chain_append(bytes, pool, headers.data, headers.size);
	require(fits);
}

/* The one copy of the record's bytes. */
static void record_encode(struct batching *b, const struct record_vec *records, unsigned i)
{
	struct record_view view = view_in_batch(records, i);
	struct chain *bytes = &records->records[i].lane->open->bytes;
	uint8_t *room = chain_extend(bytes, record_bytes(&view));
	if (likely(room != NULL))
		record_put(room, &view);
	else
		record_encode_pieces(b, bytes, &view);
}

/* Several records of one frame lie one behind the other: their answer waits for the batch once. */
static bool is_waited_for(const struct append_msg *a, const struct answer *answer)
{
	const struct waiter *last =
		a->waiter_count ? a->waiters[(a->waiter_count - 1) % APPEND_WAITER_LISTS] : NULL;
	return last && last->answer == answer;
}

/* The batch's level is that of its most demanding record: no answer promises less than was
 * asked for. */
static void record_add(struct batching *b, struct answers *as, const struct record_vec *records,
		       unsigned i)
{
	const struct record *r = &records->records[i];
	struct lane *lane = r->lane;
	if (lane->open && !batch_has_room(records, i))
		batch_close(b, lane);
	if (!lane->open)
		batch_open(b, r);
	record_encode(b, records, i);
	struct append_msg *a = lane->open;
	a->records++;
	a->reserved_bytes[r->kind] += r->reserve_bytes;
	if (r->level > a->level)
		a->level = r->level;
	if (r->timestamp_ms > lane->open_max_timestamp)
		lane->open_max_timestamp = r->timestamp_ms;
	if (r->answer) {
		if (!is_waited_for(a, r->answer))
			require(answer_wait(as, r->answer, a));
		answer_release(r->answer);
	}
}

void batch_input(struct batching *b, struct answers *as, const struct record_vec *records)
{
	for (unsigned i = 0; i < records->count; i++)
		record_add(b, as, records, i);
}

static struct lane *first_due(const struct list *lanes)
{
	return list_is_empty(lanes) ? NULL : list_entry(lanes->next, struct lane, open_node);
}

void batch_flush(struct batching *b, bool all)
{
	for (unsigned i = 0; i < b->routes.count; i++)
		for (struct lane *lane; (lane = first_due(&b->open_lanes[i]));) {
			if (!all && lane->open_deadline_ns > b->now->ns)
				break;
			batch_close(b, lane);
		}
}

uint64_t batch_idle_ns(const struct batching *b, uint64_t now_ns, uint64_t limit_ns)
{
	uint64_t until = now_ns + limit_ns;
	for (unsigned i = 0; i < b->routes.count; i++) {
		const struct lane *lane = first_due(&b->open_lanes[i]);
		if (lane)
			until = min_u64(until, lane->open_deadline_ns);
	}
	return until > now_ns ? until - now_ns : 0;
}

void handoff_submit(struct batching *b, struct handoff *const writers[])
{
	/* There is room: append_take() gives no more to a writer than its handoff holds. */
	for (struct list *node; (node = list_take_first(&b->finished));) {
		struct append_msg *a = list_entry(node, struct append_msg, node);
		stats_add(b->stats, STAT_batches_handed, 1);
		handoff_send(writers[append_lane(a)->writer], &a->msg);
	}
}
