/* test_key_map.c - keys in, of each the last offset out, up to what there is room for. */
#include "dataplane/clean/key_map.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct bytes key_of(unsigned i)
{
	static char text[32];
	int size = snprintf(text, sizeof text, "key-%u", i);
	return (struct bytes){(const uint8_t *)text, (size_t)size};
}

Test(key_map, the_last_offset_of_a_key_counts_whatever_came_last)
{
	struct key_map m;
	cr_assert(key_map_init(&m, 1 << 20, 0.9) == 0);
	cr_assert(key_map_find(&m, key_of(1)) == -1);
	cr_assert(key_map_put(&m, key_of(1), 0) && key_map_find(&m, key_of(1)) == 0);
	cr_assert(key_map_put(&m, key_of(1), 90) && key_map_put(&m, key_of(1), 70));
	cr_assert(key_map_find(&m, key_of(1)) == 90 && key_map_find(&m, key_of(2)) == -1);
	struct bytes empty = {(const uint8_t *)"", 0};
	cr_assert(key_map_put(&m, empty, 5) && key_map_find(&m, empty) == 5);
	cr_assert(m.count == 2);
	key_map_fini(&m);
}

Test(key_map, it_is_full_at_its_load_factor_and_goes_on_with_the_keys_it_has)
{
	struct key_map m;
	cr_assert(key_map_init(&m, 24 * 1000, 0.5) == 0);
	for (unsigned i = 0; i < 500; i++)
		cr_assert(key_map_put(&m, key_of(i), i), "%u", i);
	cr_assert(!key_map_put(&m, key_of(500), 500) && key_map_find(&m, key_of(500)) == -1);
	for (unsigned i = 0; i < 500; i++)
		cr_assert(key_map_put(&m, key_of(i), 1000 + i) &&
			  key_map_find(&m, key_of(i)) == 1000 + i);
	key_map_fini(&m);
}

Test(key_map, to_the_last_place_every_key_is_found_and_a_search_ends)
{
	struct key_map m;
	cr_assert(key_map_init(&m, 24 * 200, 1) == 0);
	unsigned taken = 0;
	while (key_map_put(&m, key_of(taken), taken))
		taken++;
	cr_assert(taken == 199);
	for (unsigned i = 0; i < taken; i++)
		cr_assert(key_map_find(&m, key_of(i)) == i);
	cr_assert(key_map_find(&m, key_of(taken)) == -1);
	key_map_fini(&m);
}

Test(key_map, what_was_cleared_is_not_known)
{
	struct key_map m;
	cr_assert(key_map_init(&m, 1 << 20, 0.9) == 0);
	for (unsigned i = 0; i < 1000; i++)
		key_map_put(&m, key_of(i), i);
	key_map_clear(&m);
	for (unsigned i = 0; i < 1000; i++)
		cr_assert(key_map_find(&m, key_of(i)) == -1);
	cr_assert(m.count == 0 && key_map_put(&m, key_of(3), 1));
	key_map_fini(&m);
}

/* Whoever made two keys of one hash for one map has not for the next. */
Test(key_map, no_two_maps_hash_alike)
{
	struct key_map a, b;
	cr_assert(key_map_init(&a, 1 << 20, 0.9) == 0 && key_map_init(&b, 1 << 20, 0.9) == 0);
	cr_assert(memcmp(a.keys, b.keys, sizeof a.keys) != 0);
	cr_assert(memcmp(&a.keys[0], &a.keys[1], sizeof a.keys[0]) != 0);
	key_map_fini(&a);
	key_map_fini(&b);
}
