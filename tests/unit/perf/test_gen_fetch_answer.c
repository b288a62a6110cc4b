/* test_gen_fetch_answer.c - answers as they come, in pieces of every size; damaged ones. */
#include "perf/gen_fetch_answer.h"
#include "tests/unit/perf/fetch_maker.h"

#include <criterion/criterion.h>

static struct fetch_maker maker;
static struct gen_fetch_answer answer;

/* What was found of an answer: a line each. */
struct found {
	unsigned heads, partitions, batches, ends;
	uint32_t sound, records;
	int64_t last_high_watermark, last_offset;
};

static const struct bytes topic = {(const uint8_t *)"perf", 4};

static enum gen_fetch_event read_part(struct found *f, struct bytes at)
{
	for (;;) {
		enum gen_fetch_event event = gen_fetch_answer_next(&answer, &at);
		switch (event) {
		case GEN_FETCH_HEAD:
			f->heads++;
			break;
		case GEN_FETCH_PARTITION:
			f->partitions++;
			f->last_high_watermark = answer.high_watermark;
			break;
		case GEN_FETCH_BATCH:
			f->batches++;
			f->sound += answer.is_sound;
			f->records += record_batch_count(gen_fetch_answer_batch(&answer));
			f->last_offset =
				record_batch_last_offset(gen_fetch_answer_batch(&answer));
			break;
		case GEN_FETCH_END:
			f->ends++;
			if (at.size == 0)
				return event;
			break;
		case GEN_FETCH_MORE:
			cr_assert(at.size == 0);
			return event;
		case GEN_FETCH_BAD:
			return event;
		}
	}
}

/* In pieces of `step`, each a copy of its own size, so that a sanitizer sees who reads on. */
static enum gen_fetch_event read_all(struct found *f, struct bytes whole, size_t step)
{
	enum gen_fetch_event event = GEN_FETCH_MORE;
	*f = (struct found){0};
	gen_fetch_answer_init(&answer, topic);
	for (size_t at = 0; at < whole.size && event == GEN_FETCH_MORE; at += step) {
		size_t size = min_size(step, whole.size - at);
		uint8_t *piece = malloc(size);
		memcpy(piece, whole.data + at, size);
		event = read_part(f, (struct bytes){piece, size});
		free(piece);
	}
	return event;
}

static struct bytes make(void)
{
	fetch_maker_begin(&maker, 7, 0, 99);
	fetch_maker_partition(&maker, 3, 0, 50);
	fetch_maker_batch(&maker, 10, 1);
	fetch_maker_batch(&maker, 11, 20);
	fetch_maker_partition(&maker, 4, 1, -1);
	fetch_maker_partition(&maker, 5, 0, 1000);
	fetch_maker_batch(&maker, 900, 100);
	return fetch_maker_end(&maker);
}

Test(gen_fetch_answer, pieces_of_any_size_are_the_whole)
{
	struct bytes whole = make();
	for (size_t step = 1; step <= whole.size; step += step < 150 ? 1 : 97) {
		struct found f;
		cr_assert(read_all(&f, whole, step) == GEN_FETCH_END, "in steps of %zu", step);
		cr_assert(f.heads == 1 && f.partitions == 3 && f.batches == 3 && f.ends == 1);
		cr_assert(f.sound == 3 && f.records == 121 && f.last_offset == 999);
		cr_assert(f.last_high_watermark == 1000 && answer.cut == 0);
		cr_assert(answer.correlation == 7 && answer.session_id == 99);
	}
}

Test(gen_fetch_answer, one_answer_follows_another)
{
	static uint8_t two[2 * FETCH_MAKER_BYTES];
	struct bytes whole = make();
	struct found f;
	memcpy(two, whole.data, whole.size);
	memcpy(two + whole.size, whole.data, whole.size);
	cr_assert(read_all(&f, (struct bytes){two, 2 * whole.size}, 2 * whole.size) ==
		  GEN_FETCH_END);
	cr_assert(f.heads == 2 && f.batches == 6 && f.sound == 6 && f.ends == 2);
}

Test(gen_fetch_answer, nothing_new_is_an_answer_too)
{
	struct found f;
	fetch_maker_begin(&maker, 1, 70, 0);
	cr_assert(read_all(&f, fetch_maker_end(&maker), 5) == GEN_FETCH_END);
	cr_assert(f.heads == 1 && f.partitions == 0 && answer.error == 70);
}

/* Behind the first batch's header, so that its length stands. */
Test(gen_fetch_answer, a_byte_that_changed_is_seen_by_its_crc)
{
	struct bytes whole = make();
	uint8_t *bytes = maker.bytes;
	size_t records = (size_t)(maker.records_at + 4 - bytes);
	for (size_t at = records + RECORD_BATCH_CRC_FROM - 4; at < whole.size; at += 13) {
		struct found f;
		bytes[at] ^= 0x10;
		cr_assert(read_all(&f, whole, 1000) == GEN_FETCH_END);
		cr_assert(f.batches == 3 && f.sound == 2, "byte %zu", at);
		bytes[at] ^= 0x10;
	}
}

Test(gen_fetch_answer, what_is_not_a_whole_batch_is_cut_and_passed_over)
{
	struct found f;
	fetch_maker_begin(&maker, 7, 0, 0);
	fetch_maker_partition(&maker, 0, 0, 50);
	fetch_maker_batch(&maker, 0, 3);
	fetch_maker_batch(&maker, 3, 3);
	uint8_t *records_at = maker.records_at;
	maker.e.at -= 10;
	be32_store(records_at, be32_load(records_at) - 10);
	fetch_maker_partition(&maker, 1, 0, 50);
	fetch_maker_batch(&maker, 0, 3);
	for (size_t step = 1; step < 400; step += 7) {
		cr_assert(read_all(&f, fetch_maker_end(&maker), step) == GEN_FETCH_END);
		cr_assert(f.batches == 2 && f.sound == 2 && answer.cut == 1);
	}
	maker.e.at = records_at + 4 + 30;
	be32_store(records_at, 30);
	maker.partitions = 1;
	cr_assert(read_all(&f, fetch_maker_end(&maker), 7) == GEN_FETCH_END);
	cr_assert(f.batches == 0 && answer.cut == 1);
}

Test(gen_fetch_answer, an_answer_that_is_none_is_bad)
{
	struct found f;
	struct bytes whole = make();
	uint8_t *bytes = maker.bytes;
	/* As long as it says? */
	be32_store(bytes, (uint32_t)whole.size - 4 - 1);
	cr_assert(read_all(&f, whole, 9) == GEN_FETCH_BAD);
	be32_store(bytes, (uint32_t)whole.size - 4 + 1);
	cr_assert(read_all(&f, whole, 9) == GEN_FETCH_BAD);
	be32_store(bytes, 3);
	cr_assert(read_all(&f, whole, 9) == GEN_FETCH_BAD);
	be32_store(bytes, (uint32_t)whole.size - 4);
	/* More records than there are bytes? */
	be32_store(maker.records_at, 1 << 30);
	cr_assert(read_all(&f, whole, 9) == GEN_FETCH_BAD);
	whole = make();
	/* Another topic? */
	bytes[24] ^= 1;
	cr_assert(read_all(&f, whole, 9) == GEN_FETCH_BAD);
}
