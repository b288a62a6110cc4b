/* gen_reader.c - offsets in, requests out; answers in, offsets and counts out; gen_reader.h. */
#include "perf/gen_reader.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/msg_fetch.h"
#include "dataplane/wire/kafka/msg_list_offsets.h"

enum {
	HEAD_BYTES_MAX = 64 + GEN_TOPIC_BYTES_MAX,
	FETCH_ENTRY_BYTES = 28,
	LIST_ENTRY_BYTES = 12,
	FETCH_TAIL_BYTES = 6,
	SIZE_BYTES = 4,
};

static const char client_id[] = "penstock-perf";

/* Of a request. */
struct header {
	struct be32 size; /* of what follows; 0 until it is known */
	struct be16 key, version;
	struct be32 correlation;
	struct be16 client_bytes;
	uint8_t client[sizeof client_id - 1];
};

static_assert(sizeof(struct header) == 14 + sizeof client_id - 1, "as it is sent");

/* ---- requests ---------------------------------------------------------------------- */

/* A part of a request that is asked for, as TCP sends it. */
struct window {
	uint32_t at, size;
	uint8_t *out;
};

/* Puts what the window shows of `size` bytes that lie at `from`. */
static void show(const struct window *w, uint32_t from, const uint8_t *bytes, uint32_t size)
{
	uint32_t first = max_u32(w->at, from), end = min_u32(w->at + w->size, from + size);
	if (first < end)
		memcpy(w->out + first - w->at, bytes + first - from, end - first);
}

static struct bytes topic_of(const struct gen_reader *r)
{
	return (struct bytes){(const uint8_t *)r->options->topic, strlen(r->options->topic)};
}

static void header_emit(struct emitter *e, uint16_t key, uint16_t version, uint32_t correlation)
{
	struct header h = {
		.key = be16_of(key),
		.version = be16_of(version),
		.correlation = be32_of(correlation),
		.client_bytes = be16_of(sizeof h.client),
	};
	memcpy(h.client, client_id, sizeof h.client);
	emit_bytes(e, &h, sizeof h);
}

/* A count of topics and, when there is one, its name and how many of its partitions follow. */
static void topic_emit(struct emitter *e, struct bytes topic, uint32_t partitions)
{
	emit_u32(e, partitions > 0);
	if (partitions == 0)
		return;
	emit_u16(e, (uint16_t)topic.size);
	emit_bytes(e, topic.data, topic.size);
	emit_u32(e, partitions);
}

static void fetch_head_emit(struct emitter *e, const struct gen_reader *r, uint32_t correlation)
{
	const struct gen_consume_options *o = r->options;
	header_emit(e, KAFKA_API_FETCH, GEN_FETCH_VERSION, correlation);
	emit_u32(e, (uint32_t)FETCH_CONSUMER);
	emit_u32(e, o->max_wait_ms);
	emit_u32(e, o->min_bytes);
	emit_u32(e, o->max_bytes);
	emit_u8(e, FETCH_READ_UNCOMMITTED);
	emit_u32(e, r->session_id);
	emit_u32(e, o->is_sessionless ? (uint32_t)FETCH_SESSION_EPOCH_FINAL : r->session_epoch);
	topic_emit(e, topic_of(r), r->named_count);
}

static void list_head_emit(struct emitter *e, const struct gen_reader *r, uint32_t correlation)
{
	header_emit(e, KAFKA_API_LIST_OFFSETS, GEN_LIST_VERSION, correlation);
	emit_u32(e, (uint32_t)FETCH_CONSUMER);
	topic_emit(e, topic_of(r), r->named_count);
}

static void fetch_entry_emit(struct emitter *e, const struct gen_reader *r, uint32_t place)
{
	emit_u32(e, gen_reader_partition(r, place));
	emit_u32(e, UINT32_MAX); /* leader epoch: not checked */
	emit_u64(e, (uint64_t)r->places[place].next);
	emit_u64(e, UINT64_MAX); /* log start: followers only */
	emit_u32(e, r->options->partition_bytes);
}

static void list_entry_emit(struct emitter *e, const struct gen_reader *r, uint32_t place)
{
	bool is_end = r->options->from == GEN_FROM_END;
	emit_u32(e, gen_reader_partition(r, place));
	emit_u64(e, (uint64_t)(int64_t)(is_end ? LIST_OFFSETS_LATEST : LIST_OFFSETS_EARLIEST));
}

/* Head, entries of one size, and a tail without forgotten topics and rack. */
struct shape {
	void (*head)(struct emitter *e, const struct gen_reader *r, uint32_t correlation);
	void (*entry)(struct emitter *e, const struct gen_reader *r, uint32_t place);
	uint32_t entry_bytes, tail_bytes;
};

static const struct shape *shape_of(const struct gen_reader *r)
{
	static const struct shape list = {list_head_emit, list_entry_emit, LIST_ENTRY_BYTES, 0};
	static const struct shape fetch = {fetch_head_emit, fetch_entry_emit, FETCH_ENTRY_BYTES,
					   FETCH_TAIL_BYTES};
	return r->is_listed ? &fetch : &list;
}

static uint32_t head_make(const struct gen_reader *r, uint32_t correlation,
			  uint8_t out[HEAD_BYTES_MAX])
{
	struct emitter e = emitter_of(out, HEAD_BYTES_MAX);
	shape_of(r)->head(&e, r, correlation);
	require(!e.bad);
	return (uint32_t)emitter_size(&e);
}

uint32_t gen_reader_size(const struct gen_reader *r)
{
	uint8_t head[HEAD_BYTES_MAX];
	const struct shape *s = shape_of(r);
	return head_make(r, 0, head) + r->named_count * s->entry_bytes + s->tail_bytes;
}

void gen_reader_fill(const struct gen_reader *r, uint32_t correlation, uint32_t at, uint32_t size,
		     uint8_t *out)
{
	static const uint8_t tail[FETCH_TAIL_BYTES];
	const struct shape *s = shape_of(r);
	const struct window w = {at, size, out};
	uint8_t head[HEAD_BYTES_MAX], entry[FETCH_ENTRY_BYTES];
	uint32_t head_bytes = head_make(r, correlation, head), end = at + size;
	uint32_t entries_end = head_bytes + r->named_count * s->entry_bytes;
	be32_store(head, entries_end + s->tail_bytes - SIZE_BYTES);
	show(&w, 0, head, head_bytes);
	uint32_t i = at > head_bytes ? (at - head_bytes) / s->entry_bytes : 0;
	for (; i < r->named_count && head_bytes + i * s->entry_bytes < end; i++) {
		struct emitter e = emitter_of(entry, sizeof entry);
		s->entry(&e, r, r->named[i]);
		show(&w, head_bytes + i * s->entry_bytes, entry, s->entry_bytes);
	}
	show(&w, entries_end, tail, s->tail_bytes);
}

void gen_list_request(struct emitter *e, struct bytes topic, uint32_t partition,
		      uint32_t correlation)
{
	header_emit(e, KAFKA_API_LIST_OFFSETS, GEN_LIST_VERSION, correlation);
	emit_u32(e, (uint32_t)FETCH_CONSUMER);
	topic_emit(e, topic, 1);
	emit_u32(e, partition);
	emit_u64(e, (uint64_t)(int64_t)LIST_OFFSETS_LATEST);
	require(!e->bad);
	be32_store(e->start, (uint32_t)emitter_size(e) - SIZE_BYTES);
}

/* ---- the list of the next request -------------------------------------------------- */

static void name_none(struct gen_reader *r)
{
	for (uint32_t i = 0; i < r->named_count; i++)
		r->places[r->named[i]].is_named = false;
	r->named_count = 0;
}

static void name(struct gen_reader *r, uint32_t place)
{
	if (r->places[place].is_named)
		return;
	r->places[place].is_named = true;
	r->named[r->named_count++] = place;
}

static void name_all(struct gen_reader *r)
{
	name_none(r);
	for (uint32_t i = 0; i < r->count; i++) {
		uint32_t place = r->first + i;
		name(r, place < r->count ? place : place - r->count);
	}
}

/* ---- answers ----------------------------------------------------------------------- */

/* Its place of a partition; false: it has none. */
static bool find(struct gen_reader *r, uint32_t partition)
{
	uint32_t members = r->options->consumers;
	r->place = partition / members;
	return partition % members == r->member && r->place < r->count;
}

static enum gen_reader_event take_list(struct gen_reader *r, uint32_t correlation,
				       struct bytes *at)
{
	const struct gen_consume_options *o = r->options;
	enum gen_list_event event;
	while ((event = gen_list_answer_next(&r->list, at)) == GEN_LIST_PARTITION) {
		if (!find(r, r->list.partition) || r->list.error != KAFKA_ERROR_NONE)
			return GEN_READER_STRANGE;
		r->places[r->place].next =
			o->from == GEN_FROM_OFFSET ? o->offset : r->list.offset;
	}
	if (event == GEN_LIST_MORE)
		return GEN_READER_MORE;
	if (event == GEN_LIST_BAD || r->list.correlation != correlation)
		return GEN_READER_STRANGE;
	r->is_listed = true;
	gen_fetch_answer_init(&r->answer, topic_of(r));
	return GEN_READER_DONE;
}

/* A session that had to give way is begun anew, by whoever meets that. */
static bool is_session_lost(int16_t error)
{
	return error == KAFKA_ERROR_FETCH_SESSION_ID_NOT_FOUND ||
	       error == KAFKA_ERROR_INVALID_FETCH_SESSION_EPOCH;
}

/* From here on the request that is answered is not sent again, and its list is the next one's. */
static void take_head(struct gen_reader *r)
{
	const struct gen_fetch_answer *a = &r->answer;
	r->had_batch = false;
	r->had_error = a->error != KAFKA_ERROR_NONE;
	name_none(r);
	if (is_session_lost(a->error)) {
		r->reads->sessions_lost++;
		r->had_error = false;
		r->session_id = r->session_epoch = 0;
		return;
	}
	r->reads->errors += r->had_error;
	r->session_id = r->options->is_sessionless ? 0 : a->session_id;
	r->session_epoch = r->session_id ? r->session_epoch + 1 : 0;
}

static void take_partition(struct gen_reader *r)
{
	const struct gen_fetch_answer *a = &r->answer;
	struct gen_place *p = &r->places[r->place];
	if (a->partition_error != KAFKA_ERROR_NONE) {
		r->reads->errors++;
		r->had_error = true;
		return;
	}
	if (p->until < 0)
		p->until = a->high_watermark;
	if (a->records_bytes)
		name(r, r->place);
}

static void take_batch(struct gen_reader *r)
{
	r->had_batch = true;
	r->first = r->place + 1 < r->count ? r->place + 1 : 0;
	gen_ledger_batch(r->reads, &r->places[r->place], gen_fetch_answer_batch(&r->answer),
			 r->answer.is_sound);
}

/* A place is over when what was there first has been read: also if that was nothing. */
static void settle(struct gen_reader *r)
{
	struct gen_place *p = &r->places[r->place];
	if (p->is_over || p->until < 0 || p->next < p->until)
		return;
	p->is_over = true;
	r->left--;
}

static enum gen_reader_event take_end(struct gen_reader *r)
{
	r->reads->fetches++;
	r->reads->empty += !r->had_batch;
	r->reads->cut += r->answer.cut;
	r->answer.cut = 0;
	if (r->session_id == 0)
		name_all(r);
	return r->had_error ? GEN_READER_REFUSED : GEN_READER_DONE;
}

static enum gen_reader_event take_fetch(struct gen_reader *r, uint32_t correlation,
					struct bytes *at)
{
	struct gen_fetch_answer *a = &r->answer;
	for (;;) {
		switch (gen_fetch_answer_next(a, at)) {
		case GEN_FETCH_MORE:
			return GEN_READER_MORE;
		case GEN_FETCH_HEAD:
			if (a->correlation != correlation)
				return GEN_READER_STRANGE;
			take_head(r);
			break;
		case GEN_FETCH_PARTITION:
			if (!find(r, a->partition))
				return GEN_READER_STRANGE;
			take_partition(r);
			settle(r);
			break;
		case GEN_FETCH_BATCH:
			take_batch(r);
			settle(r);
			return GEN_READER_BATCH;
		case GEN_FETCH_END:
			return take_end(r);
		case GEN_FETCH_BAD:
			return GEN_READER_STRANGE;
		}
	}
}

enum gen_reader_event gen_reader_take(struct gen_reader *r, uint32_t correlation,
				      struct bytes *at)
{
	return r->is_listed ? take_fetch(r, correlation, at) : take_list(r, correlation, at);
}

/* ---- the reader -------------------------------------------------------------------- */

uint32_t gen_reader_count(const struct gen_consume_options *o, uint32_t member)
{
	return o->partitions / o->consumers + (member < o->partitions % o->consumers);
}

void gen_reader_init(struct gen_reader *r, const struct gen_consume_options *options,
		     uint32_t member, struct gen_reads *reads)
{
	*r = (struct gen_reader){
		.options = options,
		.reads = reads,
		.member = member,
		.places = r->places,
		.named = r->named,
	};
	r->count = r->left = gen_reader_count(options, member);
	for (uint32_t i = 0; i < r->count; i++)
		r->places[i] = (struct gen_place){.until = -1};
	gen_list_answer_init(&r->list, topic_of(r));
	name_all(r);
}
