/* test_eal_memory.c - huge pages that cannot be had are known before DPDK is asked. */
#include "control/eal_memory.h"

#include <criterion/criterion.h>

static char reason[512];

Test(eal_memory, more_than_is_free_is_refused_with_what_to_reserve)
{
	enum { PETABYTE_MIB = 1 << 30 };
	cr_assert(!eal_huge_pages_try(PETABYTE_MIB, 0, reason, sizeof reason));
	cr_assert(strstr(reason, "sysctl vm.nr_hugepages=536870913"), "%s", reason);
}

Test(eal_memory, pages_that_are_tried_are_given_back)
{
	if (!eal_huge_pages_try(4, 0, reason, sizeof reason))
		cr_skip("%s", reason);
	for (unsigned i = 0; i < 256; i++)
		cr_assert(eal_huge_pages_try(4, 0, reason, sizeof reason), "%s", reason);
}

Test(eal_memory, descriptors_that_must_be_left_are_left)
{
	if (!eal_huge_pages_try(4, 0, reason, sizeof reason))
		cr_skip("%s", reason);
	cr_assert(!eal_huge_pages_try(4, 1u << 30, reason, sizeof reason));
	cr_assert(strstr(reason, "is an open file") && strstr(reason, "ulimit -n"), "%s",
		  reason);
}
