/* test_mark_file.c - marks of one writer's logs into its file, over a disk that completes when
 * and how the test says. */
#include "dataplane/base/require.h"
#include "dataplane/store/mark_file.h"
#include "tests/unit/store/disk/fake_disk.h"
#include "tests/unit/store/mark_rig.h"
#include "tests/unit/store/rig_files.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPS = 64, WRITER = 3, STEP_NS = 10 * 1000 * 1000 };

struct rig {
	char root[64];
	struct log_dir dir;
	struct disk *disk;
	struct disk *control;
	struct stats stats;
	struct descriptors descriptors;
	struct mark_file marks;
	uint64_t now_ns;
};

static struct rig *open_rig(uint32_t descriptors)
{
	int error;
	struct rig *r = calloc(1, sizeof *r);
	require(r);
	rig_directory_make(r->root, sizeof r->root);
	r->dir.path = r->root;
	r->disk = disk_create("writer", &error);
	r->control = disk_create("control", &error);
	fake_eager(r->disk, true, 1);
	require(descriptors_init(&r->descriptors, r->disk, descriptors) == 0);
	require(mark_file_init(&r->marks, &r->descriptors, &r->stats, 0, &r->dir, WRITER) == 0);
	return r;
}

static struct mark_key key_of(uint32_t n)
{
	return (struct mark_key){{(uint8_t)n, (uint8_t)(n >> 8), 1}, n};
}

static void serve(struct rig *r, uint32_t slot, uint32_t n)
{
	struct mark_key key = key_of(n);
	mark_file_begin(&r->marks, slot, &key);
}

static int64_t found(const struct rig *r, uint32_t n)
{
	struct mark_key key = key_of(n);
	return mark_rig_find(r->control, r->root, &key);
}

static void reap(struct rig *r)
{
	struct disk_op *ops[OPS];
	unsigned n = disk_reap(r->disk, ops, OPS);
	for (unsigned i = 0; i < n; i++)
		for (struct disk_op *over = descriptors_reaped(ops[i]), *next; over; over = next) {
			next = over->next;
			mark_file_reaped(over->owner);
		}
}

static void turn(struct rig *r)
{
	reap(r);
	mark_file_turn(&r->marks, r->now_ns);
	disk_kick(r->disk);
}

/* Turns for so long, each STEP_NS after the one before. */
static void turns(struct rig *r, uint64_t ns)
{
	for (uint64_t end = r->now_ns + ns; r->now_ns < end; r->now_ns += STEP_NS)
		for (unsigned i = 0; i < 8; i++)
			turn(r);
}

static void close_rig(struct rig *r)
{
	fake_eager(r->disk, true, 1);
	while (disk_outstanding(r->disk) > 0)
		reap(r);
	descriptors_drop(&r->marks.files);
	while (disk_outstanding(r->disk) > 0)
		reap(r);
	mark_file_fini(&r->marks);
	descriptors_fini(&r->descriptors);
	disk_destroy(r->disk);
	disk_destroy(r->control);
	rig_directory_remove(r->root);
	free(r);
}

static unsigned writes(const struct rig *r)
{
	return fake_submitted(r->disk, DISK_WRITE);
}

Test(mark_file, a_mark_is_in_the_file_a_tenth_of_a_second_later_and_nothing_is_synced)
{
	struct rig *r = open_rig(4);
	serve(r, 0, 1);
	turns(r, MARK_DELAY_NS);
	cr_assert(writes(r) == 1); /* the header */
	mark_file_note(&r->marks, 0, 10);
	turns(r, MARK_DELAY_NS - STEP_NS);
	cr_assert(found(r, 1) == -1 && writes(r) == 1);
	turns(r, 3 * STEP_NS);
	cr_assert(found(r, 1) == 10);
	cr_assert(writes(r) == 2 && fake_submitted(r->disk, DISK_SYNC) == 0);
	cr_assert(mark_file_due_ns(&r->marks) == UINT64_MAX);
	close_rig(r);
}

/* What comes to lie at its path later is another directory, perhaps. */
Test(mark_file, the_file_is_made_as_soon_as_a_log_is_served)
{
	struct rig *r = open_rig(4);
	turn(r);
	cr_assert(fake_submitted(r->disk, DISK_OPEN) == 0);
	serve(r, 0, 1);
	turn(r);
	cr_assert(fake_submitted(r->disk, DISK_OPEN) == 1);
	close_rig(r);
}

Test(mark_file, any_number_of_notes_are_one_write_and_one_open)
{
	struct rig *r = open_rig(4);
	for (uint32_t slot = 0; slot < 100; slot++)
		serve(r, slot, slot);
	for (unsigned round = 1; round <= 20; round++) {
		for (uint32_t slot = 0; slot < 100; slot++)
			mark_file_note(&r->marks, slot, 100 * round + slot);
		turns(r, STEP_NS);
	}
	turns(r, 2 * MARK_DELAY_NS);
	for (uint32_t slot = 0; slot < 100; slot++)
		cr_assert(found(r, slot) == 2000 + slot);
	cr_assert(writes(r) <= 4, "%u", writes(r));
	cr_assert(fake_submitted(r->disk, DISK_OPEN) == 1);
	close_rig(r);
}

/* All slots, one after the other in bounded writes; and then a few only. */
Test(mark_file, every_slot_has_its_place_and_only_what_changed_is_written)
{
	struct rig *r = open_rig(4);
	for (uint32_t slot = 0; slot < PARTITIONS_MAX; slot++) {
		serve(r, slot, slot);
		mark_file_note(&r->marks, slot, slot + 1);
	}
	for (unsigned i = 0; i < 100; i++) {
		turns(r, MARK_DELAY_NS);
		const struct disk_op *op = fake_find(r->disk, DISK_WRITE);
		cr_assert(!op || op->iov->iov_len <= MARK_WRITE_BYTES);
	}
	cr_assert(writes(r) == (MARK_BLOCKS + 7) / 8, "%u", writes(r));
	for (uint32_t slot = 0; slot < PARTITIONS_MAX; slot += 127)
		cr_assert(found(r, slot) == slot + 1, "%u", slot);
	cr_assert(found(r, PARTITIONS_MAX - 1) == PARTITIONS_MAX);
	mark_file_note(&r->marks, 5000, 77);
	turns(r, MARK_DELAY_NS);
	for (unsigned i = 0; i < 4; i++)
		turn(r);
	cr_assert(found(r, 5000) == 77 && writes(r) == (MARK_BLOCKS + 7) / 8 + 1);
	close_rig(r);
}

Test(mark_file, one_write_is_under_way_at_a_time_and_its_bytes_stay_as_they_are)
{
	struct rig *r = open_rig(4);
	serve(r, 0, 1);
	serve(r, 4000, 2);
	mark_file_note(&r->marks, 0, 10);
	mark_file_note(&r->marks, 4000, 20);
	fake_eager(r->disk, false, 1);
	turns(r, 3 * MARK_DELAY_NS);
	cr_assert(fake_pending(r->disk) == 1);
	cr_assert(mark_file_due_ns(&r->marks) == UINT64_MAX, "a core may sleep meanwhile");
	mark_file_note(&r->marks, 0, 11);
	fake_complete(r->disk, fake_op(r->disk, 0));
	turn(r);
	cr_assert(found(r, 1) == 10);
	cr_assert(fake_pending(r->disk) == 1, "the other block");
	fake_eager(r->disk, true, 1);
	turns(r, 2 * MARK_DELAY_NS);
	cr_assert(found(r, 1) == 11 && found(r, 2) == 20);
	close_rig(r);
}

Test(mark_file, a_log_that_comes_to_a_slot_inherits_nothing)
{
	struct rig *r = open_rig(4);
	serve(r, 7, 1);
	mark_file_note(&r->marks, 7, 10);
	turns(r, 2 * MARK_DELAY_NS);
	mark_file_end(&r->marks);
	cr_assert(found(r, 1) == 10, "as long as nobody comes");
	serve(r, 7, 2);
	serve(r, 8, 3);
	mark_file_note(&r->marks, 8, 5);
	turns(r, 2 * MARK_DELAY_NS);
	cr_assert(found(r, 2) == -1 && found(r, 1) == -1 && found(r, 3) == 5);
	close_rig(r);
}

/* It goes on claiming it before the log has a new one: its neighbours' block is written first. */
Test(mark_file, a_log_that_comes_back_to_its_slot_keeps_its_mark)
{
	struct rig *r = open_rig(4);
	serve(r, 7, 1);
	mark_file_note(&r->marks, 7, 10);
	turns(r, 2 * MARK_DELAY_NS);
	mark_file_end(&r->marks);
	serve(r, 7, 1);
	serve(r, 8, 3);
	mark_file_note(&r->marks, 8, 5);
	turns(r, 2 * MARK_DELAY_NS);
	cr_assert(found(r, 1) == 10 && found(r, 3) == 5);
	close_rig(r);
}

/* It is an earlier run's, which the start could not take in. */
Test(mark_file, a_file_that_is_there_is_not_written_over)
{
	struct rig *r = open_rig(4);
	const struct durable_mark old[] = {{key_of(9), 90}};
	mark_rig_store(r->root, MARK_FILE_NAME ".3", old, 1);
	serve(r, 0, 1);
	mark_file_note(&r->marks, 0, 10);
	turns(r, 5 * MARK_DELAY_NS);
	cr_assert(found(r, 9) == 90 && found(r, 1) == -1);
	cr_assert(r->marks.error == -EEXIST && writes(r) == 0);
	cr_assert(r->stats.value[STAT_log_mark_failures] >= 2);
	close_rig(r);
}

Test(mark_file, what_could_not_be_written_is_tried_again_and_counted)
{
	static const int64_t results[] = {-ENOSPC, -EIO, 100, 0};
	for (unsigned i = 0; i < array_len(results); i++) {
		struct rig *r = open_rig(4);
		serve(r, 0, 1);
		mark_file_note(&r->marks, 0, 10);
		fake_eager(r->disk, false, 1);
		turns(r, 2 * MARK_DELAY_NS);
		fake_fail(r->disk, fake_find(r->disk, DISK_WRITE), results[i]);
		turn(r);
		cr_assert(r->marks.error == (results[i] < 0 ? results[i] : -ENOSPC));
		cr_assert(r->stats.value[STAT_log_mark_failures] == 1);
		cr_assert(mark_file_due_ns(&r->marks) >= r->now_ns + MARK_DELAY_NS - STEP_NS);
		fake_eager(r->disk, true, 1);
		turns(r, 2 * MARK_DELAY_NS);
		cr_assert(found(r, 1) == 10 && r->marks.error == 0);
		close_rig(r);
	}
}

/* As a topic's deletion does; the file was not there before, and must not be made anew. */
Test(mark_file, with_one_descriptor_it_is_opened_again_as_it_was_left)
{
	struct rig *r = open_rig(1);
	struct open_file *other = NULL;
	struct list others;
	uint8_t byte = 0;
	struct iovec iov = {&byte, 1};
	char *path;
	list_init(&others);
	serve(r, 0, 1);
	for (unsigned round = 1; round <= 3; round++) {
		mark_file_note(&r->marks, 0, 10 * round);
		turns(r, 2 * MARK_DELAY_NS);
		cr_assert(found(r, 1) == 10 * round && r->marks.error == 0);
		struct disk_op op = {.kind = DISK_READ, .iov = &iov, .iov_count = 1};
		open_file_begin(&r->descriptors, &other, &others, 0, &path);
		snprintf(path, FILE_PATH_BYTES_MAX, "/dev/zero");
		open_file_submit(other, &op);
		while (disk_outstanding(r->disk) > 0) {
			struct disk_op *ops[OPS];
			unsigned n = disk_reap(r->disk, ops, OPS);
			for (unsigned i = 0; i < n; i++)
				descriptors_reaped(ops[i]);
		}
		cr_assert(!r->marks.file && op.result == 1);
	}
	descriptors_drop(&others);
	close_rig(r);
}

Test(mark_file, while_no_log_is_served_nothing_is_begun)
{
	struct rig *r = open_rig(4);
	serve(r, 0, 1);
	mark_file_note(&r->marks, 0, 10);
	mark_file_end(&r->marks);
	turns(r, 3 * MARK_DELAY_NS);
	cr_assert(disk_outstanding(r->disk) == 0 && fake_submitted(r->disk, DISK_OPEN) == 0);
	cr_assert(mark_file_due_ns(&r->marks) == UINT64_MAX);
	close_rig(r);
}
