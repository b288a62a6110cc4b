/* test_descriptors.c - which files are open, over a disk that completes when the test says. */
#include "dataplane/base/require.h"
#include "dataplane/store/descriptors.h"
#include "dataplane/store/files.h"
#include "tests/unit/store/disk/fake_disk.h"
#include "tests/unit/store/rig_files.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILES = 40, OPS = 64 };

struct rig {
	char directory[64];
	struct disk *disk;
	struct descriptors descriptors;
	struct open_file *files[FILES];
	struct list open;
	/* One operation of each file at a time. */
	struct disk_op ops[FILES];
	bool is_over[FILES];
	uint8_t bytes[FILES];
	struct iovec iovs[FILES];
	unsigned most; /* files open at a time */
};

static struct rig *rig_create(uint32_t limit)
{
	int error;
	struct rig *r = calloc(1, sizeof *r);
	require(r);
	rig_directory_make(r->directory, sizeof r->directory);
	r->disk = disk_create("test", &error);
	fake_eager(r->disk, true, 1);
	list_init(&r->open);
	require(descriptors_init(&r->descriptors, r->disk, limit) == 0);
	return r;
}

static unsigned files_open(const struct rig *r)
{
	return fake_submitted(r->disk, DISK_OPEN) - fake_submitted(r->disk, DISK_CLOSE);
}

static void use_as(struct rig *r, unsigned i, enum disk_kind kind, bool is_preferred)
{
	if (!r->files[i]) {
		char *path;
		int flags = O_RDWR | (kind == DISK_READ ? 0 : O_CREAT);
		open_file_begin(&r->descriptors, &r->files[i], &r->open, flags, &path);
		snprintf(path, FILE_PATH_BYTES_MAX, "%s/%u", r->directory, i);
	}
	open_file_prefer(r->files[i], is_preferred);
	r->bytes[i] = (uint8_t)i;
	r->iovs[i] = (struct iovec){&r->bytes[i], 1};
	r->ops[i] = (struct disk_op){
		.kind = (uint8_t)kind, .iov = &r->iovs[i], .iov_count = 1};
	r->is_over[i] = false;
	open_file_submit(r->files[i], &r->ops[i]);
}

static void use(struct rig *r, unsigned i)
{
	use_as(r, i, DISK_WRITE, false);
}

static void turn(struct rig *r)
{
	struct disk_op *ops[OPS];
	unsigned n = disk_reap(r->disk, ops, OPS);
	for (unsigned i = 0; i < n; i++) {
		struct disk_op *over = descriptors_reaped(ops[i]);
		for (; over; over = over->next) {
			unsigned file = (unsigned)(over - r->ops);
			cr_assert(file < FILES && !r->is_over[file]);
			r->is_over[file] = true;
		}
	}
	if (files_open(r) > r->most)
		r->most = files_open(r);
}

static void drain(struct rig *r)
{
	while (disk_outstanding(r->disk) > 0)
		turn(r);
}

static void rig_destroy(struct rig *r)
{
	drain(r);
	descriptors_drop(&r->open);
	drain(r);
	cr_assert(list_is_empty(&r->open));
	cr_assert(r->descriptors.files.in_use == 0 && r->descriptors.paths.in_use == 0);
	cr_assert(r->descriptors.taken == 0 && r->descriptors.held == 0);
	descriptors_fini(&r->descriptors);
	disk_destroy(r->disk);
	rig_directory_remove(r->directory);
	free(r);
}

Test(descriptors, a_file_is_opened_by_its_first_operation_and_stays_open)
{
	struct rig *r = rig_create(4);
	for (unsigned i = 0; i < 10; i++) {
		use(r, 0);
		drain(r);
		cr_assert(r->is_over[0] && r->ops[0].result == 1);
	}
	cr_assert(fake_submitted(r->disk, DISK_OPEN) == 1);
	rig_destroy(r);
}

Test(descriptors, the_one_used_longest_ago_makes_room)
{
	struct rig *r = rig_create(3);
	for (unsigned i = 0; i < 3; i++) {
		use(r, i);
		drain(r);
	}
	use(r, 0);
	drain(r);
	use(r, 3);
	drain(r);
	cr_assert(r->files[0] && !r->files[1] && r->files[2] && r->files[3]);
	use(r, 1);
	drain(r);
	cr_assert(r->ops[1].result == 1 && !r->files[2], "opened anew, in the next one's place");
	cr_assert(r->most == 3);
	rig_destroy(r);
}

Test(descriptors, a_preferred_file_is_closed_when_no_other_is_idle)
{
	struct rig *r = rig_create(2);
	use_as(r, 0, DISK_WRITE, true);
	drain(r);
	for (unsigned i = 1; i < 6; i++) {
		use(r, i);
		drain(r);
		cr_assert(r->files[0] && r->is_over[i]);
	}
	/* No longer hot. */
	use_as(r, 0, DISK_WRITE, false);
	drain(r);
	use_as(r, 6, DISK_WRITE, true);
	drain(r);
	use_as(r, 7, DISK_WRITE, true);
	drain(r);
	cr_assert(!r->files[0] && r->files[6] && r->files[7]);
	use_as(r, 8, DISK_WRITE, true);
	drain(r);
	cr_assert(r->is_over[8] && !r->files[6]);
	rig_destroy(r);
}

Test(descriptors, when_all_are_in_use_an_operation_waits)
{
	struct rig *r = rig_create(1);
	fake_eager(r->disk, false, 1);
	use(r, 0);
	turn(r);
	struct disk_op *first = fake_find(r->disk, DISK_WRITE);
	cr_assert(first == &r->ops[0]);
	use(r, 1);
	for (unsigned i = 0; i < 5; i++)
		turn(r);
	cr_assert(files_open(r) == 1 && fake_count(r->disk, DISK_WRITE) == 1);
	fake_complete(r->disk, first);
	for (unsigned i = 0; i < 5; i++)
		turn(r);
	cr_assert(r->is_over[0] && fake_find(r->disk, DISK_WRITE) == &r->ops[1]);
	fake_eager(r->disk, true, 1);
	drain(r);
	cr_assert(r->is_over[1] && r->most == 1);
	rig_destroy(r);
}

Test(descriptors, a_process_that_has_run_out_is_waited_for)
{
	struct rig *r = rig_create(10);
	use(r, 0);
	drain(r);
	use(r, 1);
	drain(r);
	fake_fail_at(r->disk, DISK_OPEN, 1, -EMFILE);
	use(r, 2);
	drain(r);
	cr_assert(r->is_over[2] && r->ops[2].result == 1);
	cr_assert(r->descriptors.limit == 2, "%u", r->descriptors.limit);
	cr_assert(!r->files[0], "one more is not to be had");
	/* Even if none can be had for now. */
	struct rig *other = rig_create(10);
	fake_fail_at(other->disk, DISK_OPEN, 1, -ENFILE);
	use(other, 0);
	drain(other);
	cr_assert(other->is_over[0] && other->ops[0].result == 1);
	rig_destroy(other);
	rig_destroy(r);
}

Test(descriptors, a_process_that_has_descriptors_again_has_them_all_in_the_end)
{
	enum { MOST = 3 };
	struct rig *r = rig_create(MOST);
	fake_fail_at(r->disk, DISK_OPEN, 1, -EMFILE);
	unsigned opens = 0;
	for (; r->descriptors.limit < MOST || opens == 0; opens++) {
		cr_assert(opens <= 2 * DESCRIPTOR_OPENS_PER_STEP, "one step after so many");
		use(r, opens % FILES);
		drain(r);
		cr_assert(r->descriptors.taken <= r->descriptors.limit);
	}
	cr_assert(opens == (MOST - 1) * DESCRIPTOR_OPENS_PER_STEP, "%u", opens);
	for (unsigned i = 0; i < FILES; i++) {
		use(r, i);
		drain(r);
	}
	cr_assert(r->descriptors.limit == MOST && r->descriptors.taken == MOST, "and no more");
	rig_destroy(r);
}

Test(descriptors, what_waits_for_a_file_that_is_not_there_is_told_so)
{
	struct rig *r = rig_create(2);
	use_as(r, 0, DISK_READ, false);
	r->ops[1] = r->ops[0];
	open_file_submit(r->files[0], &r->ops[1]);
	drain(r);
	cr_assert(r->is_over[0] && r->ops[0].result == -ENOENT);
	cr_assert(r->is_over[1] && r->ops[1].result == -ENOENT);
	cr_assert(!r->files[0]);
	use(r, 0);
	drain(r);
	cr_assert(r->is_over[0] && r->ops[0].result == 1, "made meanwhile");
	rig_destroy(r);
}

Test(descriptors, an_opening_that_is_asked_for_is_over_when_it_is_open)
{
	struct rig *r = rig_create(2);
	use_as(r, 0, DISK_OPEN, false);
	drain(r);
	cr_assert(r->is_over[0] && r->ops[0].result >= 0 && r->files[0]);
	rig_destroy(r);
}

static void random_load(uint32_t limit, unsigned seed)
{
	struct rig *r = rig_create(limit);
	srand(seed);
	for (unsigned i = 0; i < FILES; i++)
		r->is_over[i] = true;
	for (unsigned i = 0; i < 5000; i++) {
		unsigned file = (unsigned)rand() % FILES;
		if (r->is_over[file] && descriptors_have_room(&r->descriptors, 1))
			use_as(r, file, DISK_WRITE, file < 3);
		if (rand() % 3 == 0)
			turn(r);
	}
	drain(r);
	for (unsigned i = 0; i < FILES; i++) {
		char path[FILE_PATH_BYTES_MAX];
		size_t size;
		snprintf(path, sizeof path, "%s/%u", r->directory, i);
		uint8_t *data = rig_file_load(path, &size);
		cr_assert(r->is_over[i] && r->ops[i].result == 1);
		cr_assert(size == 1 && data[0] == i, "each write in its own file");
		free(data);
	}
	cr_assert(r->most <= limit, "%u open", r->most);
	rig_destroy(r);
}

Test(descriptors, any_number_of_files_gets_by_with_any_number_of_descriptors)
{
	for (uint32_t limit = 1; limit < 6; limit++)
		random_load(limit, limit);
	random_load(FILES + 5, 1);
}
