/* fuzz_log_walk.c - a segment of which the disk has changed some bytes, read from one of its
 * batches on: what the walk gives is what was written.
 *
 *     input: batches 1 | (size 2) each | from 1 | known 1 | offset 1 | chunks 1 | most 2 |
 *            (place 2, bits 1) each
 *
 * Base offset and leader epoch have no CRC: they are not compared. Of a segment with all its bytes
 * the walk gives the batch that holds the offset, if it lies behind where it begins.
 */
#include "dataplane/store/log/log_walk.h"
#include "dataplane/wire/record/record_batch.h"
#include "tests/fuzz/fuzz.h"

enum {
	BATCHES_MAX = 12,
	BATCH_BYTES_MAX = 3000,
	CHUNKS_MAX = 9,
	ROOM = CHUNKS_MAX * DISK_BLOCK_BYTES,
	RECORDS = 3,
	NO_CRC_BYTES = offsetof(struct record_batch_header, magic),
};

struct laid {
	unsigned count;
	uint64_t at[BATCHES_MAX + 1]; /* the last: where they end */
	uint8_t written[ROOM];
	uint8_t bytes[ROOM];          /* as the disk has them */
	bool is_changed;
};

static void lay_batch(struct laid *l, size_t payload)
{
	uint64_t at = l->at[l->count];
	uint8_t *out = l->written + at;
	struct record_batch_header *h = (struct record_batch_header *)out;
	size_t size = sizeof *h + payload;
	memset(out, 0xa5 + (int)l->count, size);
	record_batch_build(h, RECORDS, 1000, 2000);
	h->base_offset = be64_of((uint64_t)l->count * RECORDS);
	record_batch_set_size(h, (uint32_t)size);
	record_batch_set_crc(h, record_batch_crc(h, (struct bytes){out + sizeof *h, payload}));
	l->at[++l->count] = at + size;
}

static void lay(struct laid *l, struct cursor *c)
{
	unsigned count = 1 + fuzz_u8(c) % BATCHES_MAX;
	memset(l, 0, sizeof *l);
	for (unsigned i = 0; i < count; i++)
		lay_batch(l, fuzz_u16(c) % (BATCH_BYTES_MAX - RECORD_BATCH_HEADER_BYTES));
}

static void change(struct laid *l, struct cursor *c)
{
	memcpy(l->bytes, l->written, sizeof l->bytes);
	while (!fuzz_is_over(c)) {
		uint64_t place = fuzz_u16(c) % l->at[l->count];
		uint8_t bits = fuzz_u8(c);
		l->bytes[place] ^= bits;
	}
	l->is_changed = memcmp(l->bytes, l->written, sizeof l->bytes) != 0;
}

/* As log_read.c has it when the disk has read so many chunks from r->position's block on. */
static void fill(struct log_reading *r, struct chunk_pool *pool, const struct laid *l,
		 unsigned chunks)
{
	r->limit = l->at[l->count];
	r->end_offset = (int64_t)l->count * RECORDS;
	r->start = round_down(r->position, DISK_BLOCK_BYTES);
	r->have = min_u64((uint64_t)chunks * DISK_BLOCK_BYTES, ROOM - r->start);
	require(chain_append(&r->read->bytes, pool, l->bytes + r->start, (size_t)r->have));
}

static unsigned batch_at(const struct laid *l, uint64_t position)
{
	for (unsigned i = 0; i < l->count; i++)
		if (l->at[i] == position)
			return i;
	require(!"a batch begins there");
	return 0;
}

/* Whole batches, each with all that its CRC covers. */
static void check_given(const struct laid *l, const struct log_reading *r,
			const struct log_found *f)
{
	require(f->begin <= f->end && (f->end == f->begin || f->end <= r->have));
	for (uint64_t at = r->start + f->begin; at < r->start + f->end;) {
		unsigned i = batch_at(l, at);
		uint64_t size = l->at[i + 1] - at;
		require(memcmp(l->bytes + at + NO_CRC_BYTES, l->written + at + NO_CRC_BYTES,
			       size - NO_CRC_BYTES) == 0);
		at += size;
		require(at <= r->start + f->end);
	}
}

static void check_sound(const struct laid *l, const struct log_reading *r,
			const struct log_found *f)
{
	uint64_t wanted = (uint64_t)r->read->offset / RECORDS;
	require(!f->is_stopped);
	if (l->at[wanted + 1] <= r->start + r->have)
		require(r->start + f->begin == l->at[wanted] && f->end > f->begin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct laid l;
	static struct chunk_pool pool;
	struct cursor c = cursor_of(data, size);
	if (pool.chunk_bytes == 0)
		require(chunk_pool_init(&pool, DISK_BLOCK_BYTES, CHUNKS_MAX) == 0);
	lay(&l, &c);
	unsigned from = fuzz_u8(&c) % l.count;
	bool is_known = fuzz_u8(&c) % 2;
	unsigned behind = fuzz_u8(&c) % ((l.count - from) * RECORDS);
	unsigned chunks = 1 + fuzz_u8(&c) % CHUNKS_MAX;
	struct read_msg read = {.offset = (int64_t)from * RECORDS + behind,
				.bytes_max = fuzz_u16(&c)};
	struct log_reading r = {
		.read = &read,
		.position = l.at[from],
		.expected = is_known ? (int64_t)from * RECORDS : -1,
		.entry_offset = is_known ? -1 : (int64_t)from * RECORDS + RECORDS - 1,
	};
	change(&l, &c);
	fill(&r, &pool, &l, chunks);
	struct log_found f = log_walk(&r);
	check_given(&l, &r, &f);
	if (!l.is_changed)
		check_sound(&l, &r, &f);
	struct record_batch_header header;
	log_walk_header(&r, -1, &header);
	chain_give(&read.bytes);
	require(pool.in_use == 0);
	return 0;
}
