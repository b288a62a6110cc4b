/* log_walk.c - from header to header through the chunks of a read; see log_walk.h. */
#include "dataplane/store/log/log_walk.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/wire/record/record_batch.h"

/* The chunks as a sequence of bytes, read from front to back. */
struct place {
	const struct chunk *chunk;
	uint64_t chunk_start;
};

/* A batch in the chunks. */
struct batch {
	struct place place;
	struct record_batch_header header;
	uint64_t at;
	uint64_t size;
	int64_t expected; /* what it should begin with at least; -1: not known */
};

static void place_advance(struct place *p, uint64_t to)
{
	while (to >= p->chunk_start + DISK_BLOCK_BYTES) {
		p->chunk = p->chunk->next;
		p->chunk_start += DISK_BLOCK_BYTES;
	}
}

static void place_copy(struct place *p, uint64_t from, void *out, size_t size)
{
	place_advance(p, from);
	size_t at = (size_t)(from - p->chunk_start);
	size_t n = min_size(size, DISK_BLOCK_BYTES - at);
	memcpy(out, p->chunk->data + at, n);
	if (n < size)
		memcpy((uint8_t *)out + n, p->chunk->next->data, size - n);
}

static uint32_t place_crc32c(struct place p, uint64_t from, uint64_t to)
{
	uint32_t crc = 0;
	while (from < to) {
		place_advance(&p, from);
		uint64_t end = min_u64(to, p.chunk_start + DISK_BLOCK_BYTES);
		crc = crc32c_extend(crc, p.chunk->data + (from - p.chunk_start),
				    (size_t)(end - from));
		from = end;
	}
	return crc;
}

/* All of it is in the chunks. What comes from memory has never left it: its CRC was taken before
 * it was written. */
static bool crc_is_right(const struct log_reading *r, const struct batch *b)
{
	return r->is_recent ||
	       place_crc32c(b->place, b->at + RECORD_BATCH_CRC_FROM, b->at + b->size) ==
		       be32_get(b->header.crc);
}

static bool header_is_sane(const struct log_reading *r, const struct batch *b)
{
	int64_t base = record_batch_base_offset(&b->header);
	uint64_t room = r->limit - r->start - b->at;
	if (record_batch_check(&b->header, room) != RECORD_BATCH_GOOD || base < b->expected ||
	    base >= r->end_offset || record_batch_last_offset(&b->header) >= r->end_offset)
		return false;
	/* An index entry is of an offset at or below the one wanted. */
	return b->expected >= 0 || base <= r->read->offset;
}

static struct batch batch_at(struct place *p, uint64_t at, int64_t expected)
{
	struct batch b = {.at = at, .expected = expected};
	place_copy(p, at, &b.header, sizeof b.header);
	b.place = *p;
	b.size = (uint64_t)max_i64(record_batch_bytes(&b.header), 0);
	return b;
}

/* Two batches of which one begins within the other: the former is wrong when it leaves a gap that
 * the latter would fill, or is not what its index entry says. */
static bool is_out_of_place(const struct log_reading *r, const struct batch *b,
			    const struct batch *behind)
{
	int64_t base = record_batch_base_offset(&behind->header);
	int64_t last = record_batch_last_offset(&b->header);
	if (base < b->expected || base > last)
		return false;
	if (b->expected >= 0)
		return record_batch_base_offset(&b->header) > b->expected;
	return r->entry_offset >= 0 && last != r->entry_offset;
}

/* The offset that it begins with, as far as that is known. */
static int64_t first_offset(const struct log_reading *r, const struct batch *b)
{
	bool says_it = b->expected < 0 && header_is_sane(r, b);
	return says_it ? record_batch_base_offset(&b->header) : b->expected;
}

static void stop_at(const struct log_reading *r, const struct batch *b, struct log_found *f)
{
	bool has_size = b->size >= RECORD_BATCH_HEADER_BYTES;
	f->is_stopped = true;
	f->next_offset = b->expected;
	f->suspect = (struct log_suspect){
		.position = r->start + b->at,
		.size = has_size ? b->size : 0,
		.offset = first_offset(r, b),
	};
	if (f->is_found)
		f->end = min_u64(f->end, max_u64(b->at, f->begin));
}

/* The one before the header at hand was in an earlier piece. */
static bool is_passed(const struct log_reading *r, const struct batch *before)
{
	return before->size == 0 && r->passed.size > 0;
}

/* Nothing that makes sense lies behind `before`, if there is such: perhaps it is that one's
 * length, or offset, which is wrong. */
static void stumble(const struct log_reading *r, const struct batch *before,
		    const struct batch *b, struct log_found *f)
{
	f->is_doubtful = is_passed(r, before);
	bool is_before = before->size > 0 &&
			 (is_out_of_place(r, before, b) ||
			  (!f->is_found && !crc_is_right(r, before)));
	stop_at(r, is_before ? before : b, f);
}

/* An index entry names the last offset of a batch, which lies in no gap: the batch before that has
 * not the offsets that it says. */
static bool hides_entry(const struct log_reading *r, const struct batch *before, int64_t behind)
{
	return before->size > 0 && r->entry_offset < behind &&
	       r->entry_offset > record_batch_last_offset(&before->header);
}

/* No batch holds the offset, if the one before the gap, which goes up to `behind`, ends where it
 * says. */
static bool is_gap(const struct log_reading *r, const struct batch *before, int64_t behind)
{
	if (before->size == 0)
		return !is_passed(r, before);
	return !hides_entry(r, before, behind) && crc_is_right(r, before);
}

static void stop_at_gap(const struct log_reading *r, const struct batch *before, int64_t behind,
			struct log_found *f)
{
	f->is_doubtful = is_passed(r, before);
	if (f->is_doubtful)
		return;
	stop_at(r, before, f);
	if (hides_entry(r, before, behind))
		f->suspect.offset = -1;
}

/* The walk goes on in another piece, or ends. */
static void leave(const struct log_reading *r, const struct batch *before, uint64_t at,
		  struct log_found *f)
{
	f->begin = f->end = at;
	f->passed = r->passed;
	if (before->size > 0)
		f->passed = (struct log_suspect){
			.position = r->start + before->at,
			.size = before->size,
			.offset = first_offset(r, before),
		};
}

struct log_found log_walk(const struct log_reading *r)
{
	struct place p = {.chunk = r->read->bytes.head};
	struct batch before = {0};
	uint64_t have = min_u64(r->have, r->limit - r->start);
	uint64_t at = r->position - r->start;
	struct log_found f = {.next_offset = r->expected};
	while (at + RECORD_BATCH_HEADER_BYTES <= have) {
		struct batch b = batch_at(&p, at, f.next_offset);
		if (!header_is_sane(r, &b)) {
			stumble(r, &before, &b, &f);
			return f;
		}
		f.is_batch = true;
		int64_t last = record_batch_last_offset(&b.header);
		bool is_first = !f.is_found && last >= r->read->offset;
		int64_t base = record_batch_base_offset(&b.header);
		if (is_first && base > r->read->offset && !is_gap(r, &before, base)) {
			stop_at_gap(r, &before, base, &f);
			return f;
		}
		if (is_first) {
			f.is_found = true;
			f.begin = f.end = at;
			f.first_bytes = b.size;
		}
		bool fits = is_first || at + b.size - f.begin <= r->read->bytes_max;
		if (f.is_found && (!fits || at + b.size > have))
			return f;
		if (f.is_found && !crc_is_right(r, &b)) {
			stop_at(r, &b, &f);
			return f;
		}
		at += b.size;
		f.next_offset = last + 1;
		before = b;
		if (f.is_found)
			f.end = at;
	}
	if (f.is_found)
		return f;
	bool is_end = r->start + at + RECORD_BATCH_HEADER_BYTES > r->limit && at <= have;
	if (is_end && !is_gap(r, &before, r->end_offset))
		stop_at_gap(r, &before, r->end_offset, &f);
	else if (is_end)
		f.begin = f.end = at;
	else
		leave(r, &before, at, &f);
	return f;
}

bool log_walk_header(const struct log_reading *r, int64_t above,
		     struct record_batch_header *ret)
{
	struct place p = {.chunk = r->read->bytes.head};
	uint64_t have = min_u64(r->have, r->limit - r->start);
	uint64_t at = r->position - r->start;
	if (at + RECORD_BATCH_HEADER_BYTES > have)
		return false;
	struct batch b = batch_at(&p, at, above + 1);
	*ret = b.header;
	return header_is_sane(r, &b);
}
