/* test_damage.c - a byte that the disk has changed is never given: reads say CORRUPT_MESSAGE for
 * the batch that it lies in, and for it alone where its length is still true. */
#include "dataplane/store/log/log_private.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCHES_MAX = 128, RECORDS = 3, CHUNKS = 32, INDEX_INTERVAL_BYTES = 4096 };

struct batch {
	int64_t first;
	int64_t last;
	int64_t base_offset; /* of its segment */
	uint64_t position;
	uint64_t size;
	size_t at;           /* in rig.expected */
	bool is_last;        /* of its segment */
};

/* A log, and where each of its batches lies, in the order of their offsets. */
struct laid {
	struct rig *rig;
	unsigned count;
	struct batch all[BATCHES_MAX];
};

static void segment_name(int64_t base_offset, char *out, size_t size)
{
	snprintf(out, size, "%020lld.log", (long long)base_offset);
}

static void find_batches(struct laid *l)
{
	const struct rig *r = l->rig;
	for (size_t at = 0; at < r->expected_bytes; l->count++) {
		char name[64];
		const struct record_batch_header *h = record_batch_header_of(r->expected + at);
		struct batch *b = &l->all[l->count];
		*b = (struct batch){.first = record_batch_base_offset(h),
				    .last = record_batch_last_offset(h),
				    .size = (uint64_t)record_batch_bytes(h),
				    .at = at,
				    .is_last = true};
		segment_name(b->first, name, sizeof name);
		if (rig_has(r, name)) {
			b->base_offset = b->first;
		} else {
			b->base_offset = b[-1].base_offset;
			b->position = b[-1].position + b[-1].size;
			b[-1].is_last = false;
		}
		at += b->size;
	}
}

/* Closed and opened again: no read has been there yet. */
static struct laid laid(unsigned count, size_t value_bytes, uint32_t segment_bytes)
{
	struct laid l = {.rig = rig_create()};
	struct rig *r = l.rig;
	r->options.segment_bytes = segment_bytes;
	r->options.message_bytes_max = 128 << 10;
	r->options.index_interval_bytes = INDEX_INTERVAL_BYTES;
	cr_assert(rig_open(r, 0, false));
	for (unsigned i = 0; i < count; i++) {
		rig_append(r, RECORDS, value_bytes, ACK_DURABLE);
		rig_drain(r);
	}
	rig_finish(r);
	find_batches(&l);
	return l;
}

static void open_again(struct laid *l)
{
	if (l->rig->log)
		rig_finish(l->rig);
	memset(&l->rig->stats, 0, sizeof l->rig->stats);
	cr_assert(rig_open(l->rig, l->all[l->count - 1].last + 1, true));
	cr_assert(!l->rig->found.is_corrupt, "%s", l->rig->found.message);
}

/* Once more puts it back. */
static void flip(const struct laid *l, const struct batch *b, uint64_t at, uint8_t bits)
{
	char name[64], path[256];
	segment_name(b->base_offset, name, sizeof name);
	snprintf(path, sizeof path, "%s/%s", l->rig->directory, name);
	FILE *file = fopen(path, "r+b");
	cr_assert(file && fseek(file, (long)(b->position + at), SEEK_SET) == 0);
	int byte = fgetc(file);
	cr_assert(byte >= 0 && fseek(file, (long)(b->position + at), SEEK_SET) == 0);
	fputc(byte ^ bits, file);
	fclose(file);
}

static const struct batch *batch_of(const struct laid *l, int64_t offset)
{
	const struct batch *b = l->all;
	while (b->last < offset)
		b++;
	return b;
}

/* What is given is what was appended, and begins where it should. True: something was. */
static bool read_is_true(const struct laid *l, int64_t offset, uint32_t bytes_max)
{
	struct read_msg read = rig_read(l->rig, offset, CHUNKS, bytes_max);
	const struct batch *b = batch_of(l, offset);
	size_t n = read.bytes.size;
	bool is_given = n > 0;
	if (is_given) {
		uint8_t *got = malloc(n);
		chain_copy_out(&read.bytes, 0, got, n);
		cr_assert(read.error == 0 && b->at + n <= l->rig->expected_bytes);
		cr_assert(memcmp(got, l->rig->expected + b->at, n) == 0, "%lld",
			  (long long)offset);
		free(got);
	} else {
		cr_assert(read.error == KAFKA_ERROR_CORRUPT_MESSAGE && !read.bytes_needed,
			  "%lld: error %d, needs %u", (long long)offset, read.error,
			  read.bytes_needed);
	}
	chain_give(&read.bytes);
	return is_given;
}

/* All offsets, in any order, with room for one batch or for many. The damaged batch is not given,
 * `lost` bytes behind it may not be, all others are. */
static void check_reads(const struct laid *l, const struct batch *damaged, uint64_t lost)
{
	int64_t end = l->all[l->count - 1].last + 1;
	uint64_t lost_to = damaged->position + damaged->size + lost;
	for (int64_t i = 0; i < end; i++) {
		int64_t offset = i * 67 % end;
		const struct batch *b = batch_of(l, offset);
		bool is_given = read_is_true(l, offset, i % 2 ? 1 : CHUNKS * CHUNK_BYTES);
		bool may_be_lost = lost > 0 && b->base_offset == damaged->base_offset &&
				   b->position > damaged->position && b->position < lost_to;
		cr_assert(b != damaged || !is_given);
		cr_assert(b == damaged || is_given || may_be_lost, "%lld, damaged from %lld on",
			  (long long)offset, (long long)damaged->first);
	}
}

/* From the front on, as a consumer does, who goes behind what he is not given. */
static void check_consumer(const struct laid *l, const struct batch *damaged, uint64_t lost)
{
	int64_t offset = 0, refused = 0;
	int64_t end = l->all[l->count - 1].last + 1;
	while (offset < end) {
		struct read_msg read = rig_read(l->rig, offset, CHUNKS, CHUNKS * CHUNK_BYTES);
		size_t n = read.bytes.size;
		const struct batch *b = batch_of(l, offset);
		cr_assert(n > 0 || read.error == KAFKA_ERROR_CORRUPT_MESSAGE);
		cr_assert(n > 0 || refused > 0 || b == damaged);
		refused += n == 0;
		for (offset += n == 0; n > 0; n -= b->size, b++)
			offset = b->last + 1;
		chain_give(&read.bytes);
	}
	cr_assert(refused == RECORDS || (lost > 0 && refused > RECORDS));
}

/* `lost`: bytes behind the batch that cannot be told from it. */
struct wrong {
	const char *what;
	uint8_t at; /* 255: in the middle of the batch; 254: its last byte */
	uint8_t bits;
	bool loses;
};

static const struct wrong wrongs[] = {
	{"length, not as long", 10, 0x01, true},
	{"length, a little longer", 11, 0x80, true},
	{"length, longer than may be", 9, 0x04, true},
	{"length, longer than the segment", 8, 0x10, true},
	{"length, below zero", 8, 0x80, true},
	{"magic", 16, 0x01, false},
	{"CRC", 17, 0x40, false},
	{"codec", 22, 0x07, false},
	{"last offset delta, less", 26, 0x02, false},
	{"last offset delta, more", 26, 0x10, false},
	{"last offset delta, far more", 23, 0x01, false},
	{"time", 30, 0x20, false},
	{"producer", 43, 0x80, false},
	{"count", 60, 0x08, false},
	{"payload", 255, 0x01, false},
	{"last byte", 254, 0x80, false},
};

static void check_wrong(struct laid *l, const struct batch *b, const struct wrong *w)
{
	uint64_t at = w->at == 255 ? b->size / 2 : w->at == 254 ? b->size - 1 : w->at;
	/* The next entry is of the first batch behind more than an interval. */
	uint64_t lost = w->loses ? INDEX_INTERVAL_BYTES + b->size : 0;
	open_again(l);
	flip(l, b, at, w->bits);
	check_reads(l, b, lost);
	struct log_marks marks = rig_marks(l->rig);
	cr_assert(marks.damaged_batches == 1 && l->rig->stats.value[STAT_batches_damaged] == 1,
		  "%s of %lld: %llu times", w->what, (long long)b->first,
		  (unsigned long long)marks.damaged_batches);
	cr_assert(marks.damage.base_offset == b->base_offset &&
			  marks.damage.position == b->position && marks.damage.offset == b->first,
		  "%s of %lld: offset %lld at %llu", w->what, (long long)b->first,
		  (long long)marks.damage.offset, (unsigned long long)marks.damage.position);
	cr_assert(!marks.is_fenced && l->rig->stats.value[STAT_reads_corrupt] >= RECORDS);
	check_consumer(l, b, lost);
	cr_assert(rig_marks(l->rig).damaged_batches == 1);
	flip(l, b, at, w->bits);
}

static void check_wrongs(struct laid *l, unsigned i)
{
	for (unsigned w = 0; w < array_len(wrongs); w++)
		check_wrong(l, &l->all[i], &wrongs[w]);
}

/* The first, one in the middle and the last one of the sealed segments and of the active one. */
static void check_all_places(struct laid *l)
{
	unsigned active = l->count - 1;
	while (l->all[active - 1].base_offset == l->all[active].base_offset)
		active--;
	cr_assert(active >= 6 && l->count - active >= 3);
	unsigned last = 0;
	while (!l->all[last].is_last)
		last++;
	check_wrongs(l, 0);
	check_wrongs(l, last / 2);
	check_wrongs(l, last);
	check_wrongs(l, last + 1);
	check_wrongs(l, active);
	check_wrongs(l, active + 1);
	check_wrongs(l, l->count - 1);
	rig_destroy(l->rig);
}

/* Some in a block: no index entry leads to most of them. */
Test(damage, of_small_batches_is_never_given)
{
	struct laid l = laid(100, 300, 40 << 10);
	check_all_places(&l);
}

/* None in a block: each lies across borders of chunks, and has an entry. */
Test(damage, of_large_batches_is_never_given)
{
	struct laid l = laid(20, 5000, 128 << 10);
	check_all_places(&l);
}

Test(damage, what_lies_before_it_is_given_first_and_it_is_counted_then)
{
	struct laid l = laid(20, 300, 1 << 20);
	const struct batch *b = &l.all[7];
	open_again(&l);
	flip(&l, b, 100, 1);
	struct read_msg read = rig_read(l.rig, 0, CHUNKS, CHUNKS * CHUNK_BYTES);
	cr_assert(read.error == 0 && read.bytes.size == b->at);
	chain_give(&read.bytes);
	cr_assert(rig_marks(l.rig).damaged_batches == 1 && rig_marks(l.rig).damage.offset == 21);
	cr_assert(l.rig->stats.value[STAT_reads_corrupt] == 0);
	read = rig_read(l.rig, 21, CHUNKS, CHUNKS * CHUNK_BYTES);
	cr_assert(read.error == KAFKA_ERROR_CORRUPT_MESSAGE && read.bytes.size == 0);
	chain_give(&read.bytes);
	cr_assert(rig_marks(l.rig).damaged_batches == 1);
	rig_destroy(l.rig);
}

/* A base offset lies outside the CRC. It is seen by what lies before and behind it. */
Test(damage, an_offset_that_does_not_fit_is_not_given)
{
	static const uint8_t bits[] = {0x01, 0x02, 0x40};
	struct laid l = laid(60, 300, 40 << 10);
	for (unsigned i = 0; i < 59 * array_len(bits); i++) {
		const struct batch *b = &l.all[i / array_len(bits)];
		open_again(&l);
		flip(&l, b, 7, bits[i % array_len(bits)]);
		int64_t offset = 0;
		while (offset < b->first && read_is_true(&l, offset, CHUNKS * CHUNK_BYTES))
			offset = offset < b->base_offset ? b->base_offset : b->first;
		cr_assert(offset == b->first && !read_is_true(&l, offset, CHUNKS * CHUNK_BYTES));
		cr_assert(read_is_true(&l, b->last + 1, CHUNKS * CHUNK_BYTES));
		flip(&l, b, 7, bits[i % array_len(bits)]);
	}
	rig_destroy(l.rig);
}

/* With room for the batch and little more, too: the header behind it is in another piece then. */
static bool is_refused(const struct laid *l, int64_t offset)
{
	bool is_refused = true;
	for (unsigned chunks = 2; chunks <= CHUNKS; chunks++) {
		struct read_msg read = rig_read(l->rig, offset, chunks, chunks * CHUNK_BYTES);
		is_refused &= read.bytes_needed > chunks * CHUNK_BYTES ||
			      read.error == KAFKA_ERROR_CORRUPT_MESSAGE;
		chain_give(&read.bytes);
	}
	return is_refused;
}

/* An index leads to the last offset of a batch: that lies in no gap before the next one, whatever
 * the batch says. */
Test(damage, an_offset_that_an_index_leads_to_is_not_passed_over)
{
	struct laid l = laid(60, 5000, 400 << 10);
	for (unsigned i = 1; i < 59; i++) {
		const struct batch *b = &l.all[i];
		uint8_t bits = b->first & 0x80 ? 0x80 : b->first & 0x10 ? 0x10 : 0x01;
		if (!(b->first & bits) || b->is_last)
			continue;
		open_again(&l);
		flip(&l, b, 7, bits);
		cr_assert(is_refused(&l, b->last), "%lld", (long long)b->last);
		cr_assert(rig_marks(l.rig).damaged_batches == 1 &&
			  rig_marks(l.rig).damage.position == b->position);
		cr_assert(read_is_true(&l, b->last + 1, CHUNKS * CHUNK_BYTES));
		flip(&l, b, 7, bits);
	}
	rig_destroy(l.rig);
}

/* The entries that a writer has in memory say the same. */
Test(damage, an_offset_that_a_kept_entry_leads_to_is_not_passed_over)
{
	struct laid l = laid(40, 5000, 2 << 20);
	struct rig *r = l.rig;
	cr_assert(rig_open(r, 0, false)); /* scanned, and so its entries are kept */
	for (unsigned i = 8; i < 39; i++) {
		const struct batch *b = &l.all[i];
		uint8_t bits = b->first & 0x10 ? 0x10 : 0x04;
		if (!(b->first & bits))
			continue;
		flip(&l, b, 7, bits);
		cr_assert(is_refused(&l, b->last), "%lld", (long long)b->last);
		flip(&l, b, 7, bits);
	}
	rig_destroy(r);
}

/* A claim that no chunks hold is asked for only when something lies where it ends. */
Test(damage, a_length_that_claims_very_much_has_nobody_look_for_so_much)
{
	struct laid l = laid(100, 5000, 2 << 20);
	const struct batch *b = &l.all[20];
	open_again(&l);
	flip(&l, b, 9, 0x08);
	struct read_msg read = rig_read(l.rig, b->first, 6, 1 << 20);
	cr_assert(read.error == KAFKA_ERROR_CORRUPT_MESSAGE && read.bytes_needed == 0);
	chain_give(&read.bytes);
	cr_assert(rig_marks(l.rig).damaged_batches == 1);
	cr_assert(read_is_true(&l, b->last + 1, 1));
	rig_destroy(l.rig);
}

/* A length that leads to a batch, over others, of which it hides none. */
static void claim(const struct laid *l, const struct batch *b, uint32_t bytes)
{
	uint32_t bits = ((uint32_t)b->size - 12) ^ (bytes - 12);
	for (unsigned i = 0; i < 4; i++)
		flip(l, b, 11 - i, (uint8_t)(bits >> 8 * i));
}

static void check_hidden(struct laid *l, unsigned first, unsigned behind, unsigned chunks)
{
	const struct batch *b = &l->all[first];
	uint32_t bytes = (uint32_t)(l->all[behind - 1].position + l->all[behind - 1].size -
				    b->position);
	open_again(l);
	claim(l, b, bytes);
	for (int64_t offset = b->last + 1; offset < l->all[behind - 1].last; offset++) {
		struct read_msg read = rig_read(l->rig, offset, chunks, 1 << 20);
		cr_assert(read.bytes_needed <= bytes + 2 * CHUNK_BYTES);
		chain_give(&read.bytes);
		cr_assert(read_is_true(l, offset, 1), "%lld", (long long)offset);
	}
	cr_assert(!read_is_true(l, b->first, 1) && !read_is_true(l, b->last, 1));
	cr_assert(rig_marks(l->rig).damaged_batches == 1);
	claim(l, b, bytes);
}

Test(damage, of_a_length_hides_no_batch_that_it_leads_over)
{
	struct laid l = laid(40, 5000, 400 << 10);
	unsigned last = 0;
	while (!l.all[last].is_last)
		last++;
	for (unsigned chunks = 2; chunks < 30; chunks += 9) {
		check_hidden(&l, 3, 5, chunks);
		check_hidden(&l, 3, 10, chunks);
		check_hidden(&l, last - 4, last + 1, chunks);
		check_hidden(&l, last + 2, last + 8, chunks);
	}
	rig_destroy(l.rig);
}

/* A size that was allowed when it was sent is believed when a batch lies behind it. */
Test(damage, a_batch_larger_than_is_allowed_today_is_read)
{
	struct laid l = laid(4, 30000, 1 << 20);
	l.rig->options.message_bytes_max = 1000;
	open_again(&l);
	for (int64_t offset = 0; offset < 4 * RECORDS; offset++) {
		struct read_msg read = rig_read(l.rig, offset, 2, 1 << 20);
		cr_assert(read.error == 0 && read.bytes_needed > 90000 &&
			  read.bytes_needed < 110000);
		chain_give(&read.bytes);
		cr_assert(read_is_true(&l, offset, 1 << 20));
	}
	cr_assert(rig_marks(l.rig).damaged_batches == 0);
	rig_destroy(l.rig);
}

Test(damage, of_many_batches_is_counted_once_each)
{
	struct laid l = laid(40, 300, 1 << 20);
	open_again(&l);
	for (unsigned i = 2; i < 22; i += 2)
		flip(&l, &l.all[i], 90, 1);
	for (unsigned k = 0; k < 3; k++)
		for (int64_t offset = 0; offset < 40 * RECORDS; offset++)
			read_is_true(&l, offset, 1);
	cr_assert(rig_marks(l.rig).damaged_batches == 10);
	rig_destroy(l.rig);
}

/* The CRC of that was taken when it came. */
Test(damage, is_not_looked_for_in_what_never_left_memory)
{
	struct rig *r = rig_create();
	r->service_options.settings.tail_bytes = 64 * DISK_BLOCK_BYTES;
	r->turn_ns = 1000; /* a slow disk is no reason to be followed no more */
	cr_assert(rig_open(r, 0, false));
	struct read_msg read = rig_read(r, 0, 1, 4096);
	chain_give(&read.bytes);
	rig_append(r, 1, 3000, ACK_DURABLE);
	rig_drain(r);
	r->service.recent.memory[2000] ^= 1;
	read = rig_read(r, 0, 1, 4096);
	cr_assert(read.error == 0 && read.bytes.size == r->expected_bytes);
	cr_assert(r->stats.value[STAT_reads_recent] == 1);
	chain_give(&read.bytes);
	rig_destroy(r);
}
