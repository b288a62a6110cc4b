/* test_cleaner_pace.c - how long a compaction rests. */
#include "control/cleaner_pace.h"
#include "dataplane/base/clock.h"

#include <criterion/criterion.h>

#define MB 1000000ull

enum { QUICK_BYTES_PER_S = 1000000000 };

Test(cleaner_pace, it_rests_as_long_as_it_has_worked)
{
	struct cleaner_pace p = {.begun_ns = NS_PER_S};
	uint64_t now_ns = NS_PER_S + 7 * NS_PER_MS;
	cr_assert(cleaner_pace(&p, now_ns, MB, QUICK_BYTES_PER_S) == now_ns + 7 * NS_PER_MS);
}

Test(cleaner_pace, short_rests_are_put_off_and_not_forgotten)
{
	struct cleaner_pace p = {.begun_ns = NS_PER_S};
	uint64_t now_ns = NS_PER_S + NS_PER_MS / 2;
	cr_assert(cleaner_pace(&p, now_ns, 1, QUICK_BYTES_PER_S) == 0);
	now_ns += 3 * NS_PER_MS / 4;
	cr_assert(cleaner_pace(&p, now_ns, 1, QUICK_BYTES_PER_S) == now_ns + 5 * NS_PER_MS / 4);
}

Test(cleaner_pace, what_its_bytes_cost_may_take_longer)
{
	struct cleaner_pace p = {.begun_ns = NS_PER_S};
	uint64_t now_ns = NS_PER_S + 7 * NS_PER_MS;
	cr_assert(cleaner_pace(&p, now_ns, MB, 10 * MB) == now_ns + 100 * NS_PER_MS);
	p.begun_ns = now_ns;
	cr_assert(cleaner_pace(&p, now_ns, MB, 10 * MB) == now_ns + 200 * NS_PER_MS);
}

Test(cleaner_pace, who_has_been_idle_has_saved_nothing_up)
{
	struct cleaner_pace p = {.paid_ns = NS_PER_S, .begun_ns = 60 * NS_PER_S};
	cr_assert(cleaner_pace(&p, 60 * NS_PER_S, 10 * MB, 10 * MB) == 61 * NS_PER_S);
}

Test(cleaner_pace, a_rate_of_a_byte_a_second_is_no_rest_for_ever)
{
	struct cleaner_pace p = {.begun_ns = NS_PER_S};
	uint64_t until_ns = cleaner_pace(&p, NS_PER_S, UINT32_MAX, 1);
	cr_assert(until_ns == NS_PER_S + 3600 * NS_PER_S);
}
