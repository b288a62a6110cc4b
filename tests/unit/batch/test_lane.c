/* test_lane.c - byte credits per partition and per writer. */
#include "dataplane/batch/lane.h"

#include <criterion/criterion.h>

static struct lanes lanes;

static void setup(void)
{
	cr_assert(lanes_init(&lanes, 2, 100000, 60000, 10000) == 0);
}

static void teardown(void)
{
	lanes_fini(&lanes);
}

TestSuite(lane, .init = setup, .fini = teardown);

static struct lane *lane_of(uint32_t slot)
{
	return lanes_get(&lanes, (struct partition_ref){slot, 1});
}

Test(lane, one_partition_cannot_take_all_of_its_writers_credit)
{
	struct lane *a = lane_of(0), *b = lane_of(2);
	cr_assert(lane_reserve(&lanes, a, 60000, false));
	cr_assert(!lane_reserve(&lanes, a, 1, false), "the lane's cap");
	cr_assert(lane_reserve(&lanes, b, 40000, false), "same writer, other lane");
	cr_assert(!lane_reserve(&lanes, b, 1, false), "the writer's credit is used up");
	lane_release(&lanes, a, 60000);
	cr_assert(lane_reserve(&lanes, b, 20000, false));
}

Test(lane, writers_do_not_share_credit)
{
	cr_assert(lane_reserve(&lanes, lane_of(0), 60000, false));
	cr_assert(lane_reserve(&lanes, lane_of(2), 40000, false));
	cr_assert(lane_reserve(&lanes, lane_of(1), 60000, false), "slot 1 has the other writer");
}

Test(lane, the_reserve_serves_only_who_may_use_it)
{
	struct lane *a = lane_of(0);
	cr_assert(lane_reserve(&lanes, a, 60000, false));
	cr_assert(!lane_reserve(&lanes, a, 10000, false));
	cr_assert(lane_reserve(&lanes, a, 10000, true));
	cr_assert(!lane_reserve(&lanes, a, 10000, true), "once");
}

Test(lane, reserved_bytes_always_find_chunks)
{
	/* The pool covers every credit, and the chunks that appends only begin. */
	uint64_t credit = 2 * (100000 + 2ull * HANDOFF_APPENDS_MAX * CHUNK_BYTES);
	cr_assert((uint64_t)lanes.batch_pool.count * CHUNK_BYTES >= credit);
}

Test(lane, a_slot_with_a_new_generation_is_a_new_partition)
{
	struct lane *old = lane_of(5);
	cr_assert(lane_reserve(&lanes, old, 500, false));
	struct lane *fresh = lanes_get(&lanes, (struct partition_ref){5, 2});
	cr_assert(fresh == old && fresh->partition.generation == 2);
	cr_assert(fresh->reserved_bytes == 500, "the old one's appends are still on their way");
}
