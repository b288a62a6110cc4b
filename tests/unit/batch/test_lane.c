/* test_lane.c - byte credits per partition and per writer. */
#include "dataplane/batch/lane.h"

#include <criterion/criterion.h>

static struct lanes lanes;

static void setup(void)
{
	cr_assert(lanes_init(&lanes, 2, 100000, 60000, 10) == 0);
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
	cr_assert(lane_reserve(&lanes, a, CREDIT_FRAMES, 60000));
	cr_assert(!lane_reserve(&lanes, a, CREDIT_FRAMES, 1), "the lane's cap");
	cr_assert(lane_reserve(&lanes, b, CREDIT_FRAMES, 40000), "same writer, other lane");
	cr_assert(!lane_reserve(&lanes, b, CREDIT_FRAMES, 1), "the writer's credit is used up");
	lane_release(&lanes, a, CREDIT_FRAMES, 60000);
	cr_assert(lane_reserve(&lanes, b, CREDIT_FRAMES, 20000));
}

Test(lane, writers_do_not_share_credit)
{
	cr_assert(lane_reserve(&lanes, lane_of(0), CREDIT_FRAMES, 60000));
	cr_assert(lane_reserve(&lanes, lane_of(2), CREDIT_FRAMES, 40000));
	cr_assert(lane_reserve(&lanes, lane_of(1), CREDIT_FRAMES, 60000),
		  "slot 1 has the other writer");
}

Test(lane, frames_datagrams_and_batches_of_producers_have_credit_apart)
{
	struct lane *a = lane_of(0), *b = lane_of(2);
	for (unsigned kind = 0; kind < CREDIT_KINDS; kind++) {
		cr_assert(lane_reserve(&lanes, a, kind, 60000));
		cr_assert(!lane_reserve(&lanes, a, kind, 1), "the lane's, of this kind");
		cr_assert(lane_reserve(&lanes, b, kind, 40000));
		cr_assert(!lane_reserve(&lanes, b, kind, 1), "the writer's, of this kind");
	}
	lane_release(&lanes, a, CREDIT_DATAGRAMS, 60000);
	cr_assert(!lane_reserve(&lanes, a, CREDIT_FRAMES, 1), "another kind's came back");
}

Test(lane, reserved_bytes_always_find_chunks)
{
	/* The pool covers every credit, and the chunks that appends only begin. */
	uint64_t credit = 2 * (CREDIT_KINDS * 100000 + 2ull * HANDOFF_APPENDS_MAX * CHUNK_BYTES);
	uint64_t incoming = 10 * CHUNK_BYTES;
	cr_assert((uint64_t)lanes.batch_pool.count * CHUNK_BYTES >= credit + incoming);
}

Test(lane, a_slot_with_a_new_generation_is_a_new_partition)
{
	struct lane *old = lane_of(5);
	cr_assert(lane_reserve(&lanes, old, CREDIT_FRAMES, 500));
	struct lane *fresh = lanes_get(&lanes, (struct partition_ref){5, 2});
	cr_assert(fresh == old && fresh->partition.generation == 2);
	cr_assert(fresh->credit[CREDIT_FRAMES].reserved_bytes == 500,
		  "the old one's appends are still on their way");
}
