/* test_tcp_table.c - the table against a plain list: crowded, shared homes, removals. */
#include "dataplane/net/tcp/tcp_table.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { OBJECTS = 500, ROUNDS = 200000 };

static bool finds(const struct tcp_table *tt, uint32_t hash, uint32_t ref)
{
	uint32_t probe = 0;
	for (uint32_t found; (found = tcp_table_find(tt, hash, &probe));)
		if (found == ref)
			return true;
	return false;
}

/* `hash_range` small: many share a signature, many more a home, some wrap around the end.
 */
static void churn(uint32_t hash_range)
{
	struct tcp_table tt;
	uint32_t hashes[OBJECTS] = {0};
	bool is_in[OBJECTS] = {0};
	cr_assert(tcp_table_init(&tt, OBJECTS) == 0);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint32_t i = (uint32_t)random() % OBJECTS;
		if (is_in[i]) {
			tcp_table_remove(&tt, hashes[i], i + 1);
		} else {
			hashes[i] = 1000 + (uint32_t)random() % hash_range;
			tcp_table_insert(&tt, hashes[i], i + 1);
		}
		is_in[i] = !is_in[i];
		uint32_t k = (uint32_t)random() % OBJECTS;
		cr_assert(finds(&tt, hashes[k], k + 1) == is_in[k]);
	}
	for (uint32_t i = 0; i < OBJECTS; i++)
		cr_assert(finds(&tt, hashes[i], i + 1) == is_in[i]);
	tcp_table_fini(&tt);
}

Test(tcp_table, what_is_in_is_found_and_what_was_removed_is_not)
{
	srandom(3);
	churn(10);
	churn(600);
	churn(1u << 30);
}

Test(tcp_table, an_empty_table_finds_nothing)
{
	struct tcp_table tt;
	uint32_t probe = 0;
	cr_assert(tcp_table_init(&tt, 1) == 0);
	cr_assert(tcp_table_find(&tt, 0, &probe) == 0);
	tcp_table_fini(&tt);
}
