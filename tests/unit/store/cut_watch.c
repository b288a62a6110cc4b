/* cut_watch.c - calls in, what a start would find out; see cut_watch.h. */
#include "tests/unit/store/cut_watch.h"
#include "dataplane/store/files.h"
#include "tests/unit/store/disk/fake_disk.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

enum { NAMES = 16 };

static unsigned cuts, fresh_count;
static char fresh[NAMES][FILE_PATH_BYTES_MAX]; /* names that a power cut may take back */

static bool is_only_removed(const char *path)
{
	const char *dot = strrchr(path, '.');
	return dot && (strcmp(dot, ".deleted") == 0 || strcmp(dot, ".cleaned") == 0 ||
		       strcmp(dot, ".tmp") == 0);
}

static void note_cut(int fd)
{
	char link[64], path[FILE_PATH_BYTES_MAX] = "";
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	cr_assert(readlink(link, path, sizeof path - 1) > 0);
	cr_assert(is_only_removed(path), "%s is cut", path);
	for (unsigned i = 0; i < fresh_count; i++)
		cr_assert(strcmp(fresh[i], path) != 0, "%s may not last", path);
	cuts++;
}

static void watch(const struct disk_op *op)
{
	if (op->result < 0)
		return;
	if (op->kind == DISK_RENAME)
		snprintf(fresh[fresh_count++ % NAMES], sizeof fresh[0], "%s", op->path2);
	if (op->kind == DISK_SYNC && op->flags & DISK_FLAG_DIRECTORY)
		fresh_count = 0;
	if (op->kind == DISK_COMMIT)
		note_cut(op->fd);
}

void cut_watch_begin(struct disk *d)
{
	cuts = fresh_count = 0;
	fake_watch(d, watch);
}

unsigned cut_watch_end(struct disk *d)
{
	fake_watch(d, NULL);
	return cuts;
}

void cut_watch_enlarge(const char *directory, const char *name)
{
	char path[FILE_PATH_BYTES_MAX];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	cr_assert(truncate(path, 2 * FILE_PIECE_BYTES + 1) == 0);
}
