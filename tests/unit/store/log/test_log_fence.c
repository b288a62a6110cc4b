/* test_log_fence.c - a disk that goes on failing behind the failure that has fenced a log. */
#include "tests/unit/store/disk/fake_disk.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <errno.h>

enum { BATCHES = 33, BATCH_BYTES = 16384 };

/* Two writes of 256 KiB and a bit of a third are under way. */
static struct rig *open_writing(void)
{
	struct rig *r = rig_create();
	r->service_options.settings.buffers = 256;
	cr_assert(rig_open(r, 0, false));
	fake_eager(r->disk, true, 1);
	rig_drain(r);
	fake_eager(r->disk, false, 1);
	for (unsigned i = 0; i < BATCHES; i++)
		rig_append(r, 1, BATCH_BYTES, ACK_WRITTEN);
	rig_turn(r);
	cr_assert(fake_count(r->disk, DISK_WRITE) == 3);
	return r;
}

Test(log_fence, writes_that_fail_behind_the_first_are_given_back)
{
	struct rig *r = open_writing();
	for (struct disk_op *op; (op = fake_find(r->disk, DISK_WRITE));) {
		fake_fail(r->disk, op, -EIO);
		rig_turn(r);
	}
	cr_assert(rig_marks(r).is_fenced && r->failed == BATCHES);
	fake_eager(r->disk, true, 1);
	rig_drain(r);
	cr_assert(r->service.free_count == r->service.buffers, "no buffer is lost");
	rig_finish(r);
	rig_destroy(r);
}
