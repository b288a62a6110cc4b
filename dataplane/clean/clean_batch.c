/* clean_batch.c - a batch in, its keys out, or what is left of it; see clean_batch.h. */
#include "dataplane/clean/clean_batch.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/record/record_walk.h"
#include "dataplane/writer_open.h"
#include "dataplane/writer_pack.h"

struct clean_work {
	struct opener *opener;
	struct packer *packer;
	uint8_t *opened; /* the batch's header, and its records as they were compressed */
	uint8_t *out;    /* a batch in one piece */
};

/* ---- open ------------------------------------------------------------------------------ */

/* What lies in one piece, as a chain. */
struct one_chunk {
	struct chunk chunk;
	struct chain chain;
};

static void chunk_of(struct one_chunk *c, const void *batch, size_t size)
{
	c->chunk = (struct chunk){.data = (uint8_t *)(uintptr_t)batch, .len = (uint32_t)size};
	c->chain = (struct chain){.head = &c->chunk, .tail = &c->chunk, .size = size};
}

/* Header and records in one piece; size 0: it cannot be opened. */
static struct bytes open_batch(struct clean_work *w, const void *batch)
{
	const struct record_batch_header *h = record_batch_header_of(batch);
	size_t size = (size_t)record_batch_bytes(h), taken, at = sizeof *h;
	if (record_batch_codec(h) == RECORD_CODEC_NONE)
		return (struct bytes){batch, size};
	struct one_chunk c;
	struct bytes piece;
	enum open_state s;
	chunk_of(&c, batch, size);
	memcpy(w->opened, h, sizeof *h);
	opener_begin(w->opener, (enum record_codec)record_batch_codec(h), &c.chain);
	while ((s = opener_next(w->opener, CHUNK_BYTES, &piece, &taken)) == OPEN_MORE) {
		if (piece.size > CLEAN_OPENED_BYTES_MAX - at)
			return (struct bytes){0};
		memcpy(w->opened + at, piece.data, piece.size);
		at += piece.size;
	}
	return s == OPEN_END ? (struct bytes){w->opened, at} : (struct bytes){0};
}

/* Are the records those that the header counts, to the last byte? */
static bool is_whole(struct bytes opened)
{
	struct record_view r;
	if (opened.size < RECORD_BATCH_HEADER_BYTES)
		return false;
	struct record_iterator it = record_iterate(opened.data, opened.size);
	while (record_next(&it, &r))
		;
	return !it.at.bad && it.left == 0 && cursor_left(&it.at) == 0;
}

static int64_t offset_of(const void *batch, const struct record_view *r)
{
	return record_batch_base_offset(record_batch_header_of(batch)) + r->offset_delta;
}

bool clean_batch_keys(struct clean_work *w, const void *batch, struct key_map *map)
{
	if (clean_is_foreign(record_batch_header_of(batch)))
		return true;
	struct bytes opened = open_batch(w, batch);
	if (!is_whole(opened))
		return true;
	struct record_view r;
	struct record_iterator it = record_iterate(opened.data, opened.size);
	while (record_next(&it, &r))
		if (r.key.data && !key_map_put(map, r.key, offset_of(batch, &r)))
			return false;
	return true;
}

/* ---- write anew ------------------------------------------------------------------------ */

static bool put(struct packer *p, const uint8_t *data, size_t size)
{
	bool fits = true;
	while (size > 0 && fits) {
		size_t n = min_size(size, OPEN_PIECE_BYTES);
		fits = packer_put(p, (struct bytes){data, n});
		data += n;
		size -= n;
	}
	return fits;
}

/* A record whose time counts from elsewhere: `moved` later than before. All behind its time is
 * copied; what `from` to `to` holds is whole. */
static bool put_moved(struct packer *p, const uint8_t *from, const uint8_t *to, uint64_t moved)
{
	uint8_t front[VARINT32_BYTES_MAX + 1 + VARINT64_BYTES_MAX];
	struct cursor c = cursor_of(from, (size_t)(to - from));
	cursor_varint(&c, VARINT32_BYTES_MAX);
	uint8_t attributes = cursor_u8(&c);
	uint64_t delta = (uint64_t)cursor_varint(&c, VARINT64_BYTES_MAX) - moved;
	size_t rest = cursor_left(&c);
	unsigned n = varint_put(front, (int64_t)(1 + varint_size((int64_t)delta) + rest));
	front[n++] = attributes;
	n += varint_put(front + n, (int64_t)delta);
	return put(p, front, n) && put(p, c.at, rest);
}

/* What becomes of the header, but for size, codec, latest time and CRC. */
static struct record_batch_header header_anew(const struct clean_rule *rule,
					      const struct record_batch_header *h,
					      const struct clean_count *count)
{
	struct record_batch_header anew = *h;
	anew.count = be32_of(count->kept);
	if (count->tombstones > 0) {
		int64_t horizon;
		if (__builtin_add_overflow(rule->now_ms, rule->delete_retention_ms, &horizon))
			horizon = INT64_MAX;
		anew.base_timestamp = be64_of((uint64_t)max_i64(horizon, 0));
		anew.attributes = be16_of(be16_get(h->attributes) | RECORD_BATCH_DELETE_HORIZON);
	}
	return anew;
}

static void note_time(struct record_times *t, int64_t timestamp)
{
	if (timestamp == RECORD_NO_TIMESTAMP)
		return;
	t->earliest = t->any ? (t->earliest < timestamp ? t->earliest : timestamp) : timestamp;
	t->latest = t->any ? max_i64(t->latest, timestamp) : timestamp;
	t->any = true;
}

/* The records that stay, one after the other; false: it becomes too long. */
static bool put_records(struct clean_work *w, const struct clean_rule *rule, struct bytes opened,
			const struct record_batch_header *anew, struct record_times *times)
{
	const struct record_batch_header *h = record_batch_header_of(opened.data);
	uint64_t base = be64_get(h->base_timestamp);
	uint64_t moved = be64_get(anew->base_timestamp) - base;
	struct record_iterator it = record_iterate(opened.data, opened.size);
	struct clean_count count = {0};
	struct record_view r;
	for (const uint8_t *from = it.at.at; record_next(&it, &r); from = it.at.at) {
		if (!clean_record_stays(rule, clean_horizon(h), offset_of(h, &r), &r, &count))
			continue;
		note_time(times, (int64_t)(base + (uint64_t)r.timestamp_delta));
		bool fits = moved ? put_moved(w->packer, from, it.at.at, moved)
				  : put(w->packer, from, (size_t)(it.at.at - from));
		if (!fits)
			return false;
	}
	return true;
}

static bool write_anew(struct clean_work *w, const struct clean_rule *rule, struct bytes opened,
		       const struct clean_count *count, struct bytes *ret)
{
	const struct record_batch_header *h = record_batch_header_of(opened.data);
	struct record_batch_header anew = header_anew(rule, h, count);
	struct record_times times = {0};
	struct chain packed;
	packer_begin(w->packer, (enum record_codec)record_batch_codec(h), &anew);
	if (!put_records(w, rule, opened, &anew, &times) ||
	    !packer_end(w->packer, record_times_latest(&times), &packed)) {
		packer_drop(w->packer);
		return false;
	}
	/* Where the time of the append is that of all its records, it stays that. */
	if (be16_get(h->attributes) & RECORD_BATCH_LOG_APPEND_TIME)
		record_batch_set_append_time(&packed, record_batch_max_timestamp(h));
	chain_copy_out(&packed, 0, w->out, packed.size);
	*ret = (struct bytes){w->out, packed.size};
	chain_give(&packed);
	return true;
}

/* The header alone, as Kafka leaves it: no codec, no horizon, no base time. */
static void write_empty(struct clean_work *w, const struct record_batch_header *h,
			struct bytes *ret)
{
	struct record_batch_header *anew = (struct record_batch_header *)w->out;
	unsigned kept = be16_get(h->attributes) & (unsigned)~(RECORD_BATCH_CODEC_MASK |
							      RECORD_BATCH_DELETE_HORIZON);
	*anew = *h;
	anew->attributes = be16_of((uint16_t)kept);
	anew->base_timestamp = be64_of((uint64_t)RECORD_NO_TIMESTAMP);
	anew->count = be32_of(0);
	record_batch_set_size(anew, sizeof *anew);
	record_batch_set_crc(anew, record_batch_crc(anew, (struct bytes){0}));
	*ret = (struct bytes){w->out, sizeof *anew};
}

static struct clean_count count_records(const struct clean_rule *rule, struct bytes opened)
{
	const struct record_batch_header *h = record_batch_header_of(opened.data);
	struct record_iterator it = record_iterate(opened.data, opened.size);
	struct clean_count count = {0};
	struct record_view r;
	while (record_next(&it, &r))
		clean_record_stays(rule, clean_horizon(h), offset_of(h, &r), &r, &count);
	return count;
}

enum clean_fate clean_batch(struct clean_work *w, const struct clean_rule *rule, const void *batch,
			    bool is_needed, struct bytes *ret)
{
	const struct record_batch_header *h = record_batch_header_of(batch);
	*ret = (struct bytes){batch, (size_t)record_batch_bytes(h)};
	if (clean_is_foreign(h))
		return CLEAN_KEPT;
	struct bytes opened = open_batch(w, batch);
	if (!is_whole(opened))
		return CLEAN_KEPT;
	struct clean_count count = count_records(rule, opened);
	enum clean_fate fate = clean_fate(h, &count, is_needed);
	if (fate == CLEAN_EMPTIED)
		write_empty(w, h, ret);
	else if (fate == CLEAN_GONE)
		*ret = (struct bytes){0};
	else if (fate == CLEAN_REWRITTEN && !write_anew(w, rule, opened, &count, ret))
		fate = CLEAN_KEPT;
	return fate;
}

/* ---- memory ---------------------------------------------------------------------------- */

struct clean_work *clean_work_create(void)
{
	struct clean_work *w = map_take(sizeof *w);
	if (!w)
		return NULL;
	w->opener = opener_create();
	w->packer = packer_create();
	w->opened = map_take(CLEAN_OPENED_BYTES_MAX);
	w->out = map_take(PACK_BATCH_BYTES_MAX);
	if (w->opener && w->packer && w->opened && w->out)
		return w;
	clean_work_destroy(w);
	return NULL;
}

void clean_work_destroy(struct clean_work *w)
{
	if (w->opener)
		opener_destroy(w->opener);
	if (w->packer)
		packer_destroy(w->packer);
	map_give(w->opened, CLEAN_OPENED_BYTES_MAX);
	map_give(w->out, PACK_BATCH_BYTES_MAX);
	map_give(w, sizeof *w);
}

void clean_work_rest(struct clean_work *w)
{
	while (opener_rest(w->opener))
		;
	map_forget(w->opened, CLEAN_OPENED_BYTES_MAX);
	map_forget(w->out, PACK_BATCH_BYTES_MAX);
}
