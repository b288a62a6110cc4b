/* test_chunk.c - chunk pools and chains. */
#include "dataplane/base/chunk.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/owners.h"
#include "dataplane/base/require.h"

#include <criterion/criterion.h>

static struct chunk_pool pool;

static void setup(void)
{
	cr_assert(chunk_pool_init(&pool, 64, 8) == 0);
}

static void teardown(void)
{
	require(pool.in_use == 0);
	chunk_pool_fini(&pool);
}

TestSuite(chunk, .init = setup, .fini = teardown);

Test(chunk, append_spreads_over_chunks_and_consume_gives_them_back)
{
	uint8_t in[300], out[300];
	for (unsigned i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)(i * 7);
	struct chain c = {0};
	cr_assert(chain_append(&c, &pool, in, 10));
	cr_assert(chain_append(&c, &pool, in + 10, 290));
	cr_assert(c.size == 300 && pool.in_use == 5);
	chain_copy_out(&c, 0, out, 300);
	cr_assert(memcmp(in, out, 300) == 0);
	chain_consume(&c, 130);
	cr_assert(c.size == 170 && pool.in_use == 3);
	chain_copy_out(&c, 0, out, 170);
	cr_assert(memcmp(in + 130, out, 170) == 0);
	chain_consume(&c, 170);
	cr_assert(c.size == 0 && c.head == NULL && c.tail == NULL);
}

Test(chunk, who_reads_on_walks_nothing_twice)
{
	uint8_t in[300], out[100];
	for (unsigned i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)(i * 7);
	struct chain c = {0};
	struct chain_place place = {0};
	static const struct {
		size_t from, before;
	} reads[] = {{0, 0}, {63, 0}, {64, 64}, {150, 128}, {10, 128}, {199, 192}, {128, 192}};
	cr_assert(chain_append(&c, &pool, in, sizeof in));
	for (unsigned i = 0; i < sizeof reads / sizeof reads[0]; i++) {
		chain_copy_on(&c, &place, reads[i].from, out, sizeof out);
		cr_assert(memcmp(in + reads[i].from, out, sizeof out) == 0, "%u", i);
		cr_assert(place.before == reads[i].before, "%u: %zu", i, place.before);
	}
	chain_consume(&c, 130);
	chain_place_consume(&place, 130);
	cr_assert(place.before == 192 - 130);
	chain_copy_on(&c, &place, 70, out, sizeof out);
	cr_assert(memcmp(in + 200, out, sizeof out) == 0);
	chain_consume(&c, 100);
	chain_place_consume(&place, 100);
	cr_assert(place.chunk == NULL);
	chain_copy_on(&c, &place, 0, out, 70);
	cr_assert(memcmp(in + 230, out, 70) == 0);
	chain_give(&c);
}

Test(chunk, append_beyond_the_pool_appends_nothing)
{
	uint8_t in[600] = {0};
	struct chain c = {0};
	cr_assert(chain_append(&c, &pool, in, 500));
	cr_assert(!chain_append(&c, &pool, in, 13));
	cr_assert(c.size == 500);
	cr_assert(chain_append(&c, &pool, in, 12));
	chain_give(&c);
}

Test(chunk, crc_of_a_chain_is_the_crc_of_its_bytes)
{
	uint8_t in[200];
	for (unsigned i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)(i ^ 0x5a);
	struct chain c = {0};
	cr_assert(chain_append(&c, &pool, in, sizeof in));
	for (unsigned from = 0; from <= sizeof in; from++)
		cr_assert(chain_crc32c(&c, from) == crc32c(in + from, sizeof in - from),
			  "from %u", from);
	chain_give(&c);
}

Test(chunk, patch_overwrites_across_a_chunk_border)
{
	uint8_t in[128] = {0}, out[128];
	struct chain c = {0};
	cr_assert(chain_append(&c, &pool, in, sizeof in));
	chain_patch(&c, 60, "ABCDEFGH", 8);
	chain_copy_out(&c, 0, out, sizeof out);
	cr_assert(memcmp(out + 60, "ABCDEFGH", 8) == 0);
	cr_assert(out[59] == 0 && out[68] == 0);
	chain_give(&c);
}

Test(chunk, join_moves_everything)
{
	struct chain a = {0}, b = {0};
	cr_assert(chain_append(&a, &pool, "one", 3));
	cr_assert(chain_append(&b, &pool, "two", 3));
	chain_join(&a, &b);
	char out[6];
	chain_copy_out(&a, 0, out, 6);
	cr_assert(memcmp(out, "onetwo", 6) == 0 && b.size == 0 && b.head == NULL);
	chain_give(&a);
}

Test(chunk, reserve_is_contiguous)
{
	struct chain c = {0};
	cr_assert(chain_append(&c, &pool, "0123456789", 10));
	uint8_t *p = chain_reserve(&c, &pool, 61);
	cr_assert(p && c.size == 71 && pool.in_use == 2);
	memset(p, 'x', 61);
	uint8_t out[71];
	chain_copy_out(&c, 0, out, 71);
	cr_assert(out[9] == '9' && out[10] == 'x' && out[70] == 'x');
	chain_give(&c);
}

/* Whoever gives it back. One that has gone may have left its place to another. */
Test(chunk, a_chunk_is_charged_to_whom_was_named_when_it_was_taken)
{
	struct owners owners;
	struct chain a = {0}, b = {0};
	uint8_t bytes[200] = {0};
	cr_assert(owners_init(&owners, 4, 0x9e3779b97f4a7c15) == 0);
	cr_assert(chunk_pool_charge(&pool, &owners) == 0);
	owners_name(&owners, 1, 7);
	cr_assert(chain_append(&a, &pool, bytes, 200));
	owners_name(&owners, 2, 7);
	cr_assert(chain_append(&b, &pool, bytes, 10));
	cr_assert(owner_bytes(&owners, 1) == 4 * 64 && owner_bytes(&owners, 2) == 64);
	cr_assert(owners_of_source(&owners) == 5 * 64);
	owners_name(&owners, 1, 8);
	cr_assert(owners_of_source(&owners) == 0);
	chain_consume(&a, 130);
	cr_assert(owner_bytes(&owners, 1) == 2 * 64);
	chain_give(&a);
	cr_assert(chain_append(&a, &pool, bytes, 1) && owners_of_source(&owners) == 64);
	chain_give(&a);
	chain_give(&b);
	cr_assert(owner_bytes(&owners, 1) == 0 && owner_bytes(&owners, 2) == 0);
	cr_assert(owners_of_source(&owners) == 0);
	owners_fini(&owners);
}
