/* record_walk.c - the records of a batch, checked piece by piece in place; see record_walk.h. */
#include "dataplane/wire/record/record_walk.h"

enum walk_field {
	WALK_SIZE, /* of the next record; all others belong to one */
	WALK_ATTRIBUTES,
	WALK_TIME,
	WALK_OFFSET,
	WALK_KEY,
	WALK_VALUE,
	WALK_HEADERS,
	WALK_HEADER_KEY,
	WALK_HEADER_VALUE,
};

static inline void times_add(struct record_times *t, int64_t timestamp)
{
	if (timestamp == RECORD_NO_TIMESTAMP)
		return;
	if (!t->any || timestamp < t->earliest)
		t->earliest = timestamp;
	if (!t->any || timestamp > t->latest)
		t->latest = timestamp;
	t->any = true;
}

/* ---- field by field -------------------------------------------------------------------- */

/* Bytes of the record are claimed by a field; there may be too few. */
static bool walk_claim(struct record_walk *w, uint64_t bytes)
{
	w->is_bad |= bytes > w->left;
	w->left -= w->is_bad ? 0 : bytes;
	return !w->is_bad;
}

/* True: a varint is whole. It may come in several pieces. */
static bool walk_varint(struct record_walk *w, const uint8_t **at, const uint8_t *end,
			unsigned bytes_max, int64_t *ret)
{
	while (*at < end) {
		uint8_t byte = *(*at)++;
		if (w->field != WALK_SIZE && !walk_claim(w, 1))
			return false;
		w->varint |= (uint64_t)(byte & 0x7f) << (7 * w->varint_bytes++);
		if (!(byte & 0x80)) {
			*ret = zigzag_decode(w->varint);
			w->varint = 0;
			w->varint_bytes = 0;
			return true;
		}
		if (w->varint_bytes == bytes_max) {
			w->is_bad = true;
			return false;
		}
	}
	return false;
}

/* A record has to fill its declared size exactly: bytes left over are as wrong as bytes that
 * are missing. */
static void walk_record_end(struct record_walk *w)
{
	w->is_bad |= w->left != 0;
	if (w->is_bad)
		return;
	times_add(&w->times, w->timestamp);
	w->seen++;
	w->field = WALK_SIZE;
}

/* Behind a key or value of `size`; -1 is null where `may_be_null`. */
static void walk_span(struct record_walk *w, int64_t size, bool may_be_null)
{
	if (size >= 0 && walk_claim(w, (uint64_t)size))
		w->skip = (uint64_t)size;
	else if (size != -1 || !may_be_null)
		w->is_bad = true;
}

static void walk_key(struct record_walk *w, int64_t size)
{
	if (size < 0 && !w->has_keyless) {
		w->has_keyless = true;
		w->keyless = w->seen;
	}
	walk_span(w, size, true);
}

/* Behind the count of headers, or behind one. */
static void walk_headers_left(struct record_walk *w)
{
	if (w->headers > 0)
		w->field = WALK_HEADER_KEY;
	else
		walk_record_end(w);
}

static void walk_size(struct record_walk *w, int64_t size)
{
	/* What is behind the last record is none. */
	w->is_bad |= size < 0 || w->seen == w->count;
	w->left = (uint64_t)size;
	w->field = WALK_ATTRIBUTES;
}

/* A number of the record has been read. Times are added without a sign: a delta made up by a peer
 * may wrap, and must not overflow. */
static void walk_number(struct record_walk *w, int64_t v)
{
	switch ((enum walk_field)w->field) {
	case WALK_SIZE:
		walk_size(w, v);
		return;
	case WALK_ATTRIBUTES:
		return; /* no number */
	case WALK_TIME:
		w->timestamp = (int64_t)(w->base_timestamp + (uint64_t)v);
		w->field = WALK_OFFSET;
		return;
	case WALK_OFFSET:
		w->is_bad |= w->asks_offsets && v != w->seen;
		w->field = WALK_KEY;
		return;
	case WALK_KEY:
		walk_key(w, v);
		w->field = WALK_VALUE;
		return;
	case WALK_VALUE:
		walk_span(w, v, true);
		w->field = WALK_HEADERS;
		return;
	case WALK_HEADERS:
		/* Each takes two bytes at least: a lie costs no loop. */
		w->is_bad |= v < 0 || (uint64_t)v > w->left / 2;
		w->headers = (uint64_t)v;
		walk_headers_left(w);
		return;
	case WALK_HEADER_KEY:
		walk_span(w, v, false);
		w->field = WALK_HEADER_VALUE;
		return;
	case WALK_HEADER_VALUE:
		walk_span(w, v, true);
		w->headers--;
		walk_headers_left(w);
		return;
	}
}

/* To the next field, or to the end of the piece. */
static void walk_step(struct record_walk *w, const uint8_t **at, const uint8_t *end)
{
	int64_t v;
	if (w->skip > 0) {
		uint64_t n = min_u64(w->skip, (uint64_t)(end - *at));
		*at += n;
		w->skip -= n;
	} else if (w->field == WALK_ATTRIBUTES) {
		(*at)++; /* unused */
		walk_claim(w, 1);
		w->field = WALK_TIME;
	} else if (walk_varint(w, at, end,
			       w->field == WALK_TIME ? VARINT64_BYTES_MAX : VARINT32_BYTES_MAX,
			       &v)) {
		walk_number(w, v);
	}
}

/* ---- a record that lies in one piece --------------------------------------------------- */

/* One or two bytes, as nearly all are; else uvarint_get(). Null at the first wrong one. */
static inline const uint8_t *quick_uvarint(const uint8_t *p, const uint8_t *end,
					   unsigned bytes_max, uint64_t *ret)
{
	if (likely(end - p >= 2)) {
		if (likely(!(p[0] & 0x80))) {
			*ret = p[0];
			return p + 1;
		}
		if (likely(!(p[1] & 0x80))) {
			*ret = (p[0] & 0x7fu) | (uint64_t)p[1] << 7;
			return p + 2;
		}
	}
	unsigned used = uvarint_get(p, end, bytes_max, ret);
	return used ? p + used : NULL;
}

/* Behind a nullable span: a size of -1, or so many bytes. */
static inline const uint8_t *quick_span(const uint8_t *p, const uint8_t *end)
{
	uint64_t raw;
	p = quick_uvarint(p, end, VARINT32_BYTES_MAX, &raw);
	if (unlikely(!p))
		return NULL;
	int64_t size = zigzag_decode(raw);
	if (unlikely(size < 0))
		return size == -1 ? p : NULL;
	return likely(size <= end - p) ? p + size : NULL;
}

/* What a quick record says of itself. */
struct quick {
	int64_t time_delta;
	int64_t offset_delta;
};

/* Behind headers that fill [p, end) from their count on; null: wrong. Each takes two bytes at
 * least: a lie costs no loop. */
static const uint8_t *quick_headers(const uint8_t *p, const uint8_t *end)
{
	uint64_t raw;
	p = quick_uvarint(p, end, VARINT32_BYTES_MAX, &raw);
	int64_t count = p ? zigzag_decode(raw) : -1;
	if (count < 0)
		return NULL;
	for (; count > 0 && p; count--) {
		uint8_t first = p < end ? *p : 1; /* of a key's size: odd is negative */
		p = first & 1 ? NULL : quick_span(p, end);
		p = p ? quick_span(p, end) : NULL;
	}
	return p == end ? end : NULL;
}

/* Behind a record that lies in [p, end); null: it does not, or is wrong. The next record's place
 * depends on this one's size alone, so that a core works on several at a time. */
static inline const uint8_t *quick_record(const uint8_t *p, const uint8_t *end,
					  struct quick *ret)
{
	uint64_t raw;
	p = quick_uvarint(p, end, VARINT32_BYTES_MAX, &raw);
	int64_t size = p ? zigzag_decode(raw) : -1;
	if (unlikely(size < RECORD_BYTES_MIN - 1 || size > end - p))
		return NULL;
	end = p + size;
	p = quick_uvarint(p + 1, end, VARINT64_BYTES_MAX, &raw);
	ret->time_delta = zigzag_decode(raw);
	p = p ? quick_uvarint(p, end, VARINT32_BYTES_MAX, &raw) : NULL;
	ret->offset_delta = zigzag_decode(raw);
	p = p ? quick_span(p, end) : NULL;
	p = p ? quick_span(p, end) : NULL;
	if (likely(p && p + 1 == end && *p == 0))
		return end;
	return unlikely(p) ? quick_headers(p, end) : NULL;
}

/* As many records as can be read this way; behind the last. */
static inline const uint8_t *quick_records(struct record_walk *w, const uint8_t *at,
					   const uint8_t *end, bool asks_offsets)
{
	struct record_times times = w->times;
	const uint64_t base_timestamp = w->base_timestamp;
	const uint32_t count = w->count;
	const uint8_t *next;
	struct quick q;
	uint32_t n = w->seen;
	while (n < count && (next = quick_record(at, end, &q))) {
		if (asks_offsets && unlikely(q.offset_delta != n))
			break; /* the slow way finds it, too */
		times_add(&times, (int64_t)(base_timestamp + (uint64_t)q.time_delta));
		at = next;
		n++;
	}
	w->times = times;
	w->seen = n;
	return at;
}

static bool walk_is_between_records(const struct record_walk *w)
{
	return w->field == WALK_SIZE && w->skip == 0 && w->varint_bytes == 0;
}

/* ---- a walk ---------------------------------------------------------------------------- */

void record_walk_begin(struct record_walk *w, const struct record_batch_header *h,
		       bool asks_offsets)
{
	*w = (struct record_walk){
		.base_timestamp = be64_get(h->base_timestamp),
		.count = record_batch_count(h),
		.asks_offsets = asks_offsets,
	};
}

/* The quick way stops at what it cannot read, perhaps only because the piece ends there: the slow
 * way reads that record or finds it wrong, and the quick way goes on behind it. Part of its caller,
 * who walks every batch that comes: what he does not ask is not in his loop. */
static inline __attribute__((always_inline)) bool
walk_take(struct record_walk *w, struct bytes piece, bool asks_offsets)
{
	const uint8_t *at = piece.data, *end = at + piece.size;
	while (at < end && !w->is_bad) {
		if (walk_is_between_records(w))
			at = quick_records(w, at, end, asks_offsets);
		if (at == end)
			break;
		do
			walk_step(w, &at, end);
		while (at < end && !w->is_bad && !walk_is_between_records(w));
	}
	return !w->is_bad;
}

bool record_walk_take(struct record_walk *w, struct bytes piece)
{
	return w->asks_offsets ? walk_take(w, piece, true) : walk_take(w, piece, false);
}

/* The quick way does not look at keys. */
bool record_walk_take_keys(struct record_walk *w, struct bytes piece)
{
	const uint8_t *at = piece.data, *end = at + piece.size;
	while (at < end && !w->is_bad)
		walk_step(w, &at, end);
	return !w->is_bad;
}

bool record_walk_is_whole(const struct record_walk *w)
{
	return !w->is_bad && w->seen == w->count && walk_is_between_records(w);
}

/* What of a chunk belongs to the records; `*skip`: bytes of the header still to come. */
static struct bytes records_in(const struct chunk *c, uint32_t *skip)
{
	uint32_t n = min_u32(*skip, c->len);
	*skip -= n;
	return (struct bytes){chunk_at(c) + n, c->len - n};
}

bool record_walk_batch(const struct chain *batch, const struct record_batch_header *h,
		       struct record_times *ret)
{
	struct record_walk w;
	uint32_t skip = RECORD_BATCH_HEADER_BYTES;
	record_walk_begin(&w, h, false);
	for (const struct chunk *c = batch->head; c && !w.is_bad; c = c->next)
		walk_take(&w, records_in(c, &skip), false);
	*ret = w.times;
	return record_walk_is_whole(&w);
}

bool record_walk_find_keyless(const struct chain *batch, const struct record_batch_header *h,
			      uint32_t *ret)
{
	struct record_walk w;
	uint32_t skip = RECORD_BATCH_HEADER_BYTES;
	record_walk_begin(&w, h, false);
	for (const struct chunk *c = batch->head; c && !w.has_keyless; c = c->next)
		record_walk_take_keys(&w, records_in(c, &skip));
	*ret = w.keyless;
	return w.has_keyless;
}

static bool is_outside(const struct record_times *t, int64_t min, int64_t max)
{
	return t->any && (t->earliest < min || t->latest > max);
}

/* The chunk that the record ends in is found the quick way, and walked once more, slowly. */
uint32_t record_walk_find(const struct chain *batch, const struct record_batch_header *h,
			  int64_t time_min, int64_t time_max)
{
	struct record_walk w, before;
	uint32_t skip = RECORD_BATCH_HEADER_BYTES;
	record_walk_begin(&w, h, false);
	for (const struct chunk *c = batch->head; c; c = c->next) {
		struct bytes piece = records_in(c, &skip);
		before = w;
		record_walk_take(&w, piece);
		if (!is_outside(&w.times, time_min, time_max))
			continue;
		const uint8_t *at = piece.data, *end = at + piece.size;
		while (at < end && !is_outside(&before.times, time_min, time_max))
			walk_step(&before, &at, end);
		return before.seen - 1;
	}
	return 0;
}
