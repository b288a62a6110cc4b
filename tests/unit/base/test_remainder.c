/* test_remainder.c - the remainder without a division against the one with. */
#include "dataplane/base/remainder.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void check(uint32_t x, uint32_t d)
{
	cr_assert(remainder_of(x, d, remainder_magic(d)) == x % d, "%u %% %u", x, d);
}

Test(remainder, is_exact_at_the_ends_and_around_multiples)
{
	static const uint32_t ends[] = {0, 1, 2, 3, 7, 8, 10000, 0x7fffffff, 0x80000000,
					UINT32_MAX - 1, UINT32_MAX};
	for (size_t i = 1; i < array_len(ends); i++) {
		for (size_t k = 0; k < array_len(ends); k++)
			check(ends[k], ends[i]);
		uint32_t last = UINT32_MAX / ends[i] * ends[i];
		check(last, ends[i]);
		check(last - 1, ends[i]);
	}
}

Test(remainder, is_exact_for_any)
{
	srand(1);
	for (unsigned i = 0; i < 1000000; i++) {
		uint32_t d = ((uint32_t)rand() << 1 ^ (uint32_t)rand()) >> (unsigned)rand() % 32;
		check((uint32_t)rand() << 1 ^ (uint32_t)rand(), d ? d : 1);
	}
}
