/* test_sim_fs.c - what a power loss leaves of names on the simulated disk: over many outcomes
 * each that may be is seen, and no other. */
#include "tests/sim/sim_disk.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>

enum { OUTCOMES = 64 };

static struct world w;
static struct disk *disk;

static void begin(uint64_t outcome)
{
	int error;
	w = (struct world){.rng = {outcome}, .now_ns = NS_PER_S};
	sim_set_world(&w);
	w.fs = sim_fs_create(&(struct sim_disk_faults){0});
	sim_fs_make_directory(w.fs, "/log");
	disk = disk_create("test", &error);
}

static int64_t call(struct disk_op op)
{
	return disk_run(disk, &op);
}

static void make_directory(const char *path)
{
	cr_assert(call((struct disk_op){.kind = DISK_MKDIR, .path = path}) == 0);
}

static void rename_to(const char *from, const char *to)
{
	cr_assert(call((struct disk_op){.kind = DISK_RENAME, .path = from, .path2 = to}) == 0);
}

static int64_t open_path(const char *path, int flags)
{
	int64_t fd = call((struct disk_op){.kind = DISK_OPEN, .path = path, .flags = flags});
	cr_assert(fd > 0, "%s: %lld", path, (long long)fd);
	return fd;
}

static void sync_and_close(int64_t fd)
{
	cr_assert(call((struct disk_op){.kind = DISK_SYNC, .fd = (int)fd}) == 0);
	cr_assert(call((struct disk_op){.kind = DISK_CLOSE, .fd = (int)fd}) == 0);
}

static void sync_directory(const char *path)
{
	sync_and_close(open_path(path, O_RDONLY | O_DIRECTORY));
}

static void make_file(const char *path)
{
	sync_and_close(open_path(path, O_RDWR | O_CREAT));
}

static bool is_there(const char *path)
{
	return call((struct disk_op){.kind = DISK_STAT, .path = path}) >= 0;
}

static void lose_power(void)
{
	int error;
	sim_fs_crash(w.fs, true);
	disk = disk_create("test", &error);
}

static void end(void)
{
	sim_fs_destroy(w.fs);
}

Test(sim_fs, what_a_directory_holds_stays_in_it_when_its_renaming_is_lost)
{
	unsigned old = 0, new = 0;
	for (uint64_t outcome = 1; outcome <= OUTCOMES; outcome++) {
		begin(outcome);
		make_directory("/log/a");
		make_file("/log/a/x");
		sync_directory("/log/a");
		sync_directory("/log");
		rename_to("/log/a", "/log/b");
		cr_assert(!is_there("/log/a/x") && is_there("/log/b/x"));
		lose_power();
		old += is_there("/log/a/x");
		new += is_there("/log/b/x");
		cr_assert(is_there("/log/a") != is_there("/log/b"));
		end();
	}
	cr_assert(old > 0 && new > 0 && old + new == OUTCOMES, "%u %u", old, new);
}

Test(sim_fs, what_was_synced_in_a_directory_of_either_name_is_in_it)
{
	for (uint64_t outcome = 1; outcome <= OUTCOMES; outcome++) {
		begin(outcome);
		make_directory("/log/a");
		sync_directory("/log");
		int64_t directory = open_path("/log/a", O_RDONLY | O_DIRECTORY);
		rename_to("/log/a", "/log/b");
		make_file("/log/b/x");
		sync_and_close(directory);
		lose_power();
		cr_assert(is_there("/log/a/x") != is_there("/log/b/x"));
		end();
	}
}

Test(sim_fs, what_lies_in_a_directory_whose_name_is_lost_is_lost_with_it)
{
	unsigned kept = 0;
	for (uint64_t outcome = 1; outcome <= OUTCOMES; outcome++) {
		struct sim_kept_file file;
		begin(outcome);
		make_directory("/log/a");
		make_file("/log/a/x");
		sync_directory("/log/a");
		cr_assert(!sim_fs_kept(w.fs, "/log/a/x", &file), "for sure it is not");
		lose_power();
		cr_assert(is_there("/log/a") == is_there("/log/a/x"));
		kept += is_there("/log/a/x");
		end();
	}
	cr_assert(kept > 0 && kept < OUTCOMES, "%u", kept);
}

/* Made again under the same name it is another one. */
Test(sim_fs, a_directory_that_was_removed_takes_nothing_back)
{
	for (uint64_t outcome = 1; outcome <= OUTCOMES; outcome++) {
		begin(outcome);
		make_directory("/log/a");
		make_file("/log/a/x");
		cr_assert(call((struct disk_op){.kind = DISK_UNLINK, .path = "/log/a",
						.flags = DISK_FLAG_DIRECTORY}) == -ENOTEMPTY);
		cr_assert(call((struct disk_op){.kind = DISK_UNLINK, .path = "/log/a/x"}) == 0);
		cr_assert(call((struct disk_op){.kind = DISK_UNLINK, .path = "/log/a",
						.flags = DISK_FLAG_DIRECTORY}) == 0);
		make_directory("/log/a");
		sync_directory("/log");
		lose_power();
		cr_assert(is_there("/log/a") && !is_there("/log/a/x"));
		end();
	}
}

/* It covers what was there when it began, and not what came while it was under way. */
Test(sim_fs, a_sync_of_everything_keeps_what_came_before_it)
{
	unsigned later = 0;
	for (uint64_t outcome = 1; outcome <= OUTCOMES; outcome++) {
		begin(outcome);
		struct disk_op sync = {.kind = DISK_SYNC_ALL,
				       .fd = (int)open_path("/log", O_RDONLY | O_DIRECTORY)};
		struct disk_op *done;
		make_directory("/log/a");
		make_directory("/log/a/b");
		disk_submit(disk, &sync);
		make_directory("/log/c");
		cr_assert(disk_reap(disk, &done, 1) == 1 && done == &sync && sync.result == 0);
		lose_power();
		cr_assert(is_there("/log/a/b"));
		later += is_there("/log/c");
		end();
	}
	cr_assert(later > 0 && later < OUTCOMES, "%u", later);
}
