/* record_walk.c - the records of a batch in a chain, checked in place; see record_walk.h. */
#include "dataplane/wire/record/record_walk.h"

/* A place in a chain; `left` counts to the chain's end. */
struct reader {
	const struct chunk *chunk;
	const uint8_t *at;
	const uint8_t *end; /* of this chunk's bytes */
	uint64_t left;
	bool bad;
};

static void reader_enter(struct reader *r, const struct chunk *chunk)
{
	r->chunk = chunk;
	r->at = chunk_at(chunk);
	r->end = r->at + chunk->len;
}

/* A place at the end of a chunk stays there: behind the last chunk there is none to enter. */
static void reader_skip(struct reader *r, uint64_t n)
{
	if (r->bad || n > r->left) {
		r->bad = true;
		return;
	}
	r->left -= n;
	while (n > (uint64_t)(r->end - r->at)) {
		n -= (uint64_t)(r->end - r->at);
		reader_enter(r, r->chunk->next);
	}
	r->at += n;
}

static uint8_t reader_byte(struct reader *r)
{
	if (r->bad || r->left == 0) {
		r->bad = true;
		return 0;
	}
	while (r->at == r->end)
		reader_enter(r, r->chunk->next);
	r->left--;
	return *r->at++;
}

/* A varint whose bytes straddle chunks, or are the last of one. */
static uint64_t reader_uvarint_slow(struct reader *r, unsigned bytes_max)
{
	uint64_t v = 0;
	for (unsigned n = 0; n < bytes_max; n++) {
		uint8_t byte = reader_byte(r);
		v |= (uint64_t)(byte & 0x7f) << (7 * n);
		if (!(byte & 0x80))
			return v;
	}
	r->bad = true;
	return 0;
}

static int64_t reader_varint(struct reader *r, unsigned bytes_max)
{
	uint64_t v;
	unsigned used = 0;
	if (likely(r->at < r->end))
		used = uvarint_get(r->at, r->end, bytes_max, &v);
	if (unlikely(used == 0)) {
		v = reader_uvarint_slow(r, bytes_max);
	} else {
		r->at += used;
		r->left -= used;
	}
	return zigzag_decode(v);
}

/* Sized bytes; -1 is null where `may_be_null`. */
static void reader_span(struct reader *r, bool may_be_null)
{
	int64_t size = reader_varint(r, VARINT32_BYTES_MAX);
	if (size >= 0)
		reader_skip(r, (uint64_t)size);
	else if (size != -1 || !may_be_null)
		r->bad = true;
}

static void reader_headers(struct reader *r)
{
	int64_t count = reader_varint(r, VARINT32_BYTES_MAX);
	/* Each takes two bytes at least: a lie costs no loop. */
	if (count < 0 || (uint64_t)count > r->left / 2)
		r->bad = true;
	for (int64_t i = 0; i < count && !r->bad; i++) {
		reader_span(r, false);
		reader_span(r, true);
	}
}

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

/* Times are added without a sign: a delta made up by a peer may wrap, and must not overflow. */
static void reader_record(struct reader *r, uint64_t base_timestamp, struct record_times *t)
{
	int64_t size = reader_varint(r, VARINT32_BYTES_MAX);
	if (r->bad || size < 0 || (uint64_t)size > r->left) {
		r->bad = true;
		return;
	}
	uint64_t left_after = r->left - (uint64_t)size;
	reader_byte(r); /* attributes: unused */
	uint64_t delta = (uint64_t)reader_varint(r, VARINT64_BYTES_MAX);
	reader_varint(r, VARINT32_BYTES_MAX); /* offset delta */
	reader_span(r, true);
	reader_span(r, true);
	reader_headers(r);
	r->bad |= r->left != left_after;
	if (!r->bad)
		times_add(t, (int64_t)(base_timestamp + delta));
}

/* ---- a record that lies in one chunk ------------------------------------------------------ */

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

/* Behind a record without headers that lies in [p, end) and ends before it; null: another
 * kind, or wrong. The next record's place depends on this one's size alone, so that a core
 * works on several at a time. */
static inline const uint8_t *quick_record(const uint8_t *p, const uint8_t *end,
					  int64_t *delta)
{
	uint64_t raw;
	p = quick_uvarint(p, end, VARINT32_BYTES_MAX, &raw);
	int64_t size = p ? zigzag_decode(raw) : -1;
	if (unlikely(size < RECORD_BYTES_MIN - 1 || size > end - p))
		return NULL;
	end = p + size;
	p = quick_uvarint(p + 1, end, VARINT64_BYTES_MAX, &raw);
	*delta = zigzag_decode(raw);
	p = p ? quick_uvarint(p, end, VARINT32_BYTES_MAX, &raw) : NULL; /* offset delta */
	p = p ? quick_span(p, end) : NULL;
	p = p ? quick_span(p, end) : NULL;
	return likely(p && p + 1 == end && *p == 0) ? end : NULL;
}

/* As many records as can be read this way, `count` at most; how many. */
static uint32_t quick_records(struct reader *r, uint32_t count, uint64_t base_timestamp,
			      struct record_times *t)
{
	const uint8_t *at = r->at, *next;
	struct record_times times = *t;
	int64_t delta;
	uint32_t n = 0;
	while (n < count && (next = quick_record(at, r->end, &delta))) {
		times_add(&times, (int64_t)(base_timestamp + (uint64_t)delta));
		at = next;
		n++;
	}
	r->left -= (uint64_t)(at - r->at);
	r->at = at;
	*t = times;
	return n;
}

/* The quick way stops at what it cannot read, perhaps only because a chunk ends there: the slow
 * way reads that record or finds it wrong, and the quick way goes on behind it. */
bool record_walk(const struct chain *batch, const struct record_batch_header *h,
		 struct record_times *ret)
{
	struct reader r = {.left = batch->size};
	*ret = (struct record_times){0};
	reader_enter(&r, batch->head);
	reader_skip(&r, RECORD_BATCH_HEADER_BYTES);
	uint32_t count = record_batch_count(h);
	uint64_t base_timestamp = be64_get(h->base_timestamp);
	for (uint32_t i = 0; i < count && !r.bad; i++) {
		i += quick_records(&r, count - i, base_timestamp, ret);
		if (i < count)
			reader_record(&r, base_timestamp, ret);
	}
	return !r.bad && r.left == 0;
}
