/* test_recent.c - blocks that were written last: found as they are, as long as there is room. */
#include "dataplane/store/disk/disk.h"
#include "dataplane/store/recent.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { PAGES = 8 };

static struct recent r;

static void setup(void)
{
	cr_assert(recent_init(&r, PAGES * DISK_BLOCK_BYTES) == 0);
}

static void teardown(void)
{
	recent_fini(&r);
}

TestSuite(recent, .init = setup, .fini = teardown);

static struct recent_key key_of(uint64_t log, int64_t base_offset, uint64_t block)
{
	return (struct recent_key){.log = log, .base_offset = base_offset, .block = block};
}

static void put(struct recent_key key, uint8_t byte)
{
	uint8_t block[DISK_BLOCK_BYTES];
	memset(block, byte, sizeof block);
	recent_put(&r, &key, block);
}

/* The byte that the block is full of; -1: it is not there. */
static int get(struct recent_key key)
{
	uint8_t block[DISK_BLOCK_BYTES];
	if (!recent_get(&r, &key, block))
		return -1;
	for (unsigned i = 1; i < sizeof block; i++)
		cr_assert(block[i] == block[0]);
	return block[0];
}

Test(recent, a_block_is_of_its_log_its_segment_and_its_place)
{
	put(key_of(1, 100, 7), 1);
	put(key_of(2, 100, 7), 2);
	put(key_of(1, 200, 7), 3);
	put(key_of(1, 100, 8), 4);
	cr_assert(get(key_of(1, 100, 7)) == 1 && get(key_of(2, 100, 7)) == 2);
	cr_assert(get(key_of(1, 200, 7)) == 3 && get(key_of(1, 100, 8)) == 4);
	cr_assert(get(key_of(2, 200, 7)) == -1 && get(key_of(1, 100, 6)) == -1);
}

Test(recent, what_is_put_again_is_as_it_was_put_last)
{
	put(key_of(1, 0, 0), 1);
	put(key_of(1, 0, 0), 2);
	cr_assert(get(key_of(1, 0, 0)) == 2 && r.used == 1);
	uint8_t block[DISK_BLOCK_BYTES] = {3};
	memset(block, 3, sizeof block);
	struct recent_key here = key_of(1, 0, 0), absent = key_of(1, 0, 1);
	recent_renew(&r, &here, block);
	recent_renew(&r, &absent, block);
	cr_assert(get(here) == 3 && get(absent) == -1);
}

Test(recent, the_oldest_goes_first_unless_it_was_read)
{
	for (unsigned i = 0; i < PAGES; i++)
		put(key_of(1, 0, i), (uint8_t)i);
	cr_assert(get(key_of(1, 0, 0)) == 0 && get(key_of(1, 0, 2)) == 2);
	for (unsigned i = 0; i < 2; i++)
		put(key_of(2, 0, i), 100);
	cr_assert(get(key_of(1, 0, 0)) == 0 && get(key_of(1, 0, 2)) == 2, "they were read");
	cr_assert(get(key_of(1, 0, 1)) == -1 && get(key_of(1, 0, 3)) == -1);
	cr_assert(get(key_of(1, 0, 4)) == 4);
}

Test(recent, all_that_were_read_give_way_at_last)
{
	for (unsigned i = 0; i < PAGES; i++)
		put(key_of(1, 0, i), (uint8_t)i);
	for (unsigned i = 0; i < PAGES; i++)
		get(key_of(1, 0, i));
	for (unsigned i = 0; i < PAGES; i++) {
		put(key_of(2, 0, i), (uint8_t)(50 + i));
		cr_assert(get(key_of(2, 0, i)) == (int)(50 + i));
	}
}

/* Beside a table that forgets nothing: what is here is true, and the last one is here. There are
 * more logs than buckets, so that some share theirs. */
Test(recent, whatever_is_here_is_what_was_put_last)
{
	static int last[2 * PAGES][64];
	memset(last, -1, sizeof last);
	srand(1);
	for (unsigned i = 0; i < 100000; i++) {
		unsigned log = (unsigned)rand() % (2 * PAGES), block = (unsigned)rand() % 64;
		struct recent_key key = key_of(log, 0, block);
		if (rand() % 2) {
			last[log][block] = rand() % 256;
			put(key, (uint8_t)last[log][block]);
			cr_assert(get(key) == last[log][block]);
		} else {
			int found = get(key);
			cr_assert(found == -1 || found == last[log][block]);
		}
	}
	cr_assert(r.used == PAGES);
}

Test(recent, without_memory_nothing_is_kept)
{
	recent_fini(&r);
	cr_assert(recent_init(&r, DISK_BLOCK_BYTES - 1) == 0);
	put(key_of(1, 0, 0), 1);
	cr_assert(get(key_of(1, 0, 0)) == -1);
}
