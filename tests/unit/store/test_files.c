/* test_files.c - a file that goes, in pieces where it is large. */
#include "dataplane/store/disk/disk_call.h"
#include "dataplane/store/disk_files.h"
#include "tests/unit/store/rig_files.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECES = 3, SIZE = PIECES * FILE_PIECE_BYTES + 5 };

static char directory[256], path[PATH_MAX], other[PATH_MAX];
static unsigned calls, failing_call, cuts;
static int64_t least_cut;
static atomic_bool is_over;
static bool ends_behind_cut;

/* The n-th call of a removal fails; 0: none does. */
int64_t disk_run(struct disk *d, struct disk_op *op)
{
	op->result = -EIO;
	if (++calls == failing_call)
		return op->result;
	if (op->kind == DISK_COMMIT) {
		struct stat st;
		cr_assert(fstat(op->fd, &st) == 0);
		cr_assert(op->size < (uint64_t)st.st_size, "it grows");
		cr_assert((uint64_t)st.st_size - op->size <= FILE_PIECE_BYTES);
		least_cut = (int64_t)op->size;
		cuts++;
	}
	disk_call(op);
	if (op->kind == DISK_COMMIT && ends_behind_cut)
		atomic_store(&is_over, true);
	return op->result;
}

static void make_file(const char *at, off_t size)
{
	rig_file_store(at, "", 0);
	cr_assert(truncate(at, size) == 0);
}

static void setup(void)
{
	rig_directory_make(directory, sizeof directory);
	disk_path(path, directory, "file");
	disk_path(other, directory, "other");
	calls = failing_call = cuts = 0;
	ends_behind_cut = false;
	atomic_store(&is_over, false);
}

static void teardown(void)
{
	rig_directory_remove(directory);
}

TestSuite(files, .init = setup, .fini = teardown);

static bool is_there(const char *at)
{
	return access(at, F_OK) == 0;
}

static off_t size_of(const char *at)
{
	struct stat st;
	cr_assert(stat(at, &st) == 0);
	return st.st_size;
}

Test(files, a_large_file_goes_in_pieces)
{
	make_file(path, SIZE);
	cr_assert(file_remove(NULL, path, NULL) == 0 && !is_there(path));
	cr_assert(cuts == PIECES && least_cut == 5);
}

Test(files, a_file_of_one_piece_goes_at_once)
{
	make_file(path, FILE_PIECE_BYTES);
	cr_assert(file_remove(NULL, path, &is_over) == 0 && !is_there(path) && cuts == 0);
	cr_assert(file_remove(NULL, path, NULL) == -ENOENT);
}

/* A backup is often no more than names. */
Test(files, a_file_with_another_name_keeps_its_bytes_there)
{
	make_file(path, SIZE);
	cr_assert(link(path, other) == 0);
	cr_assert(file_remove(NULL, path, NULL) == 0 && !is_there(path));
	cr_assert(cuts == 0 && size_of(other) == SIZE);
}

Test(files, what_a_link_points_to_keeps_its_bytes)
{
	make_file(other, SIZE);
	cr_assert(symlink(other, path) == 0);
	cr_assert(file_remove(NULL, path, NULL) == 0 && !is_there(path));
	cr_assert(cuts == 0 && size_of(other) == SIZE);
}

Test(files, what_is_no_file_is_unlinked, .timeout = 10)
{
	cr_assert(mkfifo(path, 0600) == 0);
	cr_assert(file_remove(NULL, path, NULL) == 0 && !is_there(path) && cuts == 0);
}

/* Opening, asking for the size, a piece, the next: the file goes all the same. Without the last
 * call it stays, and that is said. */
Test(files, a_piece_that_cannot_be_cut_off_keeps_no_file)
{
	unsigned all;
	make_file(path, SIZE);
	cr_assert(file_remove(NULL, path, NULL) == 0);
	all = calls;
	for (unsigned n = 1; n < all; n++) {
		make_file(path, SIZE);
		calls = 0;
		failing_call = n;
		cr_assert(file_remove(NULL, path, NULL) == 0 && !is_there(path), "%u", n);
	}
	make_file(path, SIZE);
	calls = 0;
	failing_call = all;
	cr_assert(file_remove(NULL, path, NULL) == -EIO && is_there(path));
}

Test(files, who_stops_waits_for_one_piece)
{
	make_file(path, SIZE);
	ends_behind_cut = true;
	cr_assert(file_remove(NULL, path, &is_over) == -ECANCELED);
	cr_assert(cuts == 1 && size_of(path) == SIZE - FILE_PIECE_BYTES);
}

Test(files, a_directory_goes_with_its_files_and_may_be_stopped)
{
	char inner[PATH_MAX], file[PATH_MAX];
	disk_path(inner, directory, "d");
	cr_assert(mkdir(inner, 0700) == 0);
	make_file(disk_path(file, inner, "large"), SIZE);
	atomic_store(&is_over, true);
	cr_assert(disk_remove_directory(NULL, inner, &is_over) == -ECANCELED);
	cr_assert(size_of(file) == SIZE);
	atomic_store(&is_over, false);
	cr_assert(disk_remove_directory(NULL, inner, &is_over) == 0 && !is_there(inner));
	cr_assert(disk_remove_directory(NULL, inner, &is_over) == 0, "it is gone");
}
