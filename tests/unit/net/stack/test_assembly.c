/* test_assembly.c - fragments of one datagram in, in any order; its bytes, or a verdict, out. */
#include "dataplane/net/stack/assembly.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { POOL_CHUNKS = 256, PIECES_MAX = 128 };

static struct chunk_pool pool;
static struct assembly assembly;
static uint8_t sent[ASSEMBLY_BYTES_MAX], got[ASSEMBLY_BYTES_MAX];

static void setup(void)
{
	cr_assert(chunk_pool_init(&pool, CHUNK_RECEIVE_BYTES, POOL_CHUNKS) == 0);
	assembly = (struct assembly){0};
	for (unsigned i = 0; i < sizeof sent; i++)
		sent[i] = (uint8_t)(i * 7 + i / 251);
}

static void teardown(void)
{
	assembly_clear(&assembly);
	cr_assert(pool.in_use == 0, "every chunk is back");
	chunk_pool_fini(&pool);
}

TestSuite(assembly, .init = setup, .fini = teardown);

static struct fragment piece(uint32_t offset, uint32_t end, bool is_last)
{
	return (struct fragment){
		.offset = offset, .bytes = {sent + offset, end - offset}, .is_last = is_last};
}

static enum assembly_verdict judge(uint32_t offset, uint32_t end, bool is_last)
{
	struct fragment f = piece(offset, end, is_last);
	return assembly_judge(&assembly, &f);
}

/* One that fits. */
static void put_piece(const struct fragment *f)
{
	cr_assert(assembly_judge(&assembly, f) == ASSEMBLY_FITS);
	uint32_t needs = assembly_needs(&assembly, f), before = pool.in_use;
	assembly_put(&assembly, &pool, f);
	cr_assert(pool.in_use == before + needs);
	cr_assert(assembly_judge(&assembly, f) == ASSEMBLY_AGAIN);
}

static void put(uint32_t offset, uint32_t end, bool is_last)
{
	struct fragment f = piece(offset, end, is_last);
	put_piece(&f);
}

static void assert_whole(uint32_t total)
{
	cr_assert(assembly_is_whole(&assembly) && assembly.total == total);
	memset(got, 0xee, sizeof got);
	assembly_gather(&assembly, got);
	cr_assert(memcmp(got, sent, total) == 0);
	cr_assert(total == sizeof got || got[total] == 0xee);
}

static void permute(const struct fragment *pieces, unsigned count, uint32_t total, unsigned left,
		    unsigned chosen)
{
	for (unsigned i = 0; i < count; i++) {
		if (chosen & 1u << i)
			continue;
		struct assembly before = assembly;
		cr_assert(!assembly_is_whole(&assembly));
		put_piece(&pieces[i]);
		if (left > 1) {
			permute(pieces, count, total, left - 1, chosen | 1u << i);
		} else {
			assert_whole(total);
		}
		for (unsigned c = 0; c < ASSEMBLY_CHUNKS; c++)
			if (assembly.chunks[c] && !before.chunks[c])
				chunk_give(assembly.chunks[c]);
		assembly = before;
	}
}

Test(assembly, five_pieces_may_come_in_any_order)
{
	const struct fragment pieces[] = {piece(0, 1480, false), piece(1480, 2960, false),
					  piece(2960, 3472, false), piece(3472, 5000, false),
					  piece(5000, 5003, true)};
	permute(pieces, 5, 5003, 5, 0);
}

Test(assembly, the_longest_datagram_may_be_cut_anywhere_and_shuffled)
{
	srand(1);
	for (unsigned round = 0; round < 200; round++) {
		struct fragment pieces[PIECES_MAX];
		uint32_t total = round % 4 ? 1 + (uint32_t)rand() % ASSEMBLY_BYTES_MAX
					   : ASSEMBLY_BYTES_MAX;
		unsigned count = 0;
		for (uint32_t at = 0; at < total;) {
			uint32_t n = 512 + 8 * ((uint32_t)rand() % 190);
			bool is_last = at + n >= total;
			pieces[count++] = piece(at, is_last ? total : at + n, is_last);
			at += n;
		}
		for (unsigned i = count; i > 1; i--) {
			unsigned j = (unsigned)rand() % i;
			struct fragment swap = pieces[i - 1];
			pieces[i - 1] = pieces[j];
			pieces[j] = swap;
		}
		for (unsigned i = 0; i < count; i++) {
			cr_assert(!assembly_is_whole(&assembly));
			put_piece(&pieces[i]);
			cr_assert(assembly_judge(&assembly, &pieces[(unsigned)rand() % (i + 1)]) ==
				  ASSEMBLY_AGAIN);
		}
		assert_whole(total);
		assembly_clear(&assembly);
		cr_assert(pool.in_use == 0);
	}
}

Test(assembly, a_hole_keeps_it_from_being_whole)
{
	put(0, 1480, false);
	put(1488, 2000, true);
	cr_assert(!assembly_is_whole(&assembly));
	put(1480, 1488, false);
	assert_whole(2000);
}

Test(assembly, the_last_piece_may_come_first_and_be_of_one_byte)
{
	put(65512, 65513, true);
	cr_assert(!assembly_is_whole(&assembly) && pool.in_use == 1);
	put(0, 65512, false);
	assert_whole(65513);
}

Test(assembly, any_overlap_is_a_conflict)
{
	put(1024, 2048, false);
	/* left, right, inside with other bytes, around, the same but for a byte */
	cr_assert(judge(512, 1032, false) == ASSEMBLY_CONFLICT);
	cr_assert(judge(2040, 2560, false) == ASSEMBLY_CONFLICT);
	cr_assert(judge(1016, 2056, false) == ASSEMBLY_CONFLICT);
	cr_assert(judge(1024, 2056, false) == ASSEMBLY_CONFLICT);
	sent[1500] ^= 1;
	cr_assert(judge(1024, 2048, false) == ASSEMBLY_CONFLICT);
	cr_assert(judge(1496, 1504, false) == ASSEMBLY_CONFLICT);
	cr_assert(judge(1504, 2048, false) == ASSEMBLY_AGAIN, "these bytes have all come");
	/* beside it is none */
	cr_assert(judge(512, 1024, false) == ASSEMBLY_FITS);
	cr_assert(judge(2048, 2560, false) == ASSEMBLY_FITS);
	cr_assert(judge(2048, 2049, true) == ASSEMBLY_FITS);
}

Test(assembly, an_overlap_of_the_last_bytes_is_seen_in_each_word_of_the_map)
{
	for (uint32_t at = 0; at + 520 < 8192; at += 8) {
		put(at, at + 8, false);
		cr_assert(judge(at, at + 512, false) == ASSEMBLY_CONFLICT);
		cr_assert(at < 512 || judge(at - 504, at + 8, false) == ASSEMBLY_CONFLICT);
		assembly_clear(&assembly);
	}
}

Test(assembly, pieces_that_disagree_on_the_end_are_a_conflict)
{
	put(1024, 1600, true);
	cr_assert(judge(2048, 2560, false) == ASSEMBLY_CONFLICT, "behind the end");
	cr_assert(judge(512, 1000, true) == ASSEMBLY_CONFLICT, "another end");
	cr_assert(judge(1600, 1700, true) == ASSEMBLY_CONFLICT, "another end");
	cr_assert(judge(1024, 1600, false) == ASSEMBLY_CONFLICT, "the last is not");
	cr_assert(judge(1024, 1600, true) == ASSEMBLY_AGAIN);
	assembly_clear(&assembly);
	put(1024, 1600, false);
	cr_assert(judge(512, 1000, true) == ASSEMBLY_CONFLICT, "an end before what has come");
	cr_assert(judge(1024, 1600, true) == ASSEMBLY_CONFLICT, "what was not the last is");
	cr_assert(judge(512, 1024, true) == ASSEMBLY_CONFLICT);
}

Test(assembly, what_it_costs_does_not_depend_on_what_came_before)
{
	/* Every second 8 bytes of all there is: chunks as far as they lie in, no more. */
	for (uint32_t at = 0; at + 8 <= ASSEMBLY_BYTES_MAX; at += 16)
		put(at, at + 8, false);
	cr_assert(pool.in_use == ASSEMBLY_CHUNKS);
	for (uint32_t at = 8; at + 8 <= ASSEMBLY_BYTES_MAX; at += 16)
		put(at, at + 8, false);
	cr_assert(pool.in_use == ASSEMBLY_CHUNKS);
	put(65512, 65515, true);
	assert_whole(65515);
}
