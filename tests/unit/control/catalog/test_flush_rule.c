/* test_flush_rule.c - file systems as they are made and mounted in, the rule that is found there
 * out; on images in a mount namespace of the test's own, which ends with it. */
#include "control/catalog/flush_file.h"
#include "control/catalog/flush_rule.h"
#include "dataplane/store/log/flush_group.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/penstock-flush-rule-XXXXXX";
static char mounted[64]; /* in it */
static struct flush_rule rule;

static bool run(const char *command)
{
	return system(command) == 0;
}

static void start(void)
{
	cr_assert(mkdtemp(directory) != NULL);
	snprintf(mounted, sizeof mounted, "%s/m", directory);
	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		cr_skip("only root can mount");
	if (access("/dev/loop-control", F_OK) != 0)
		cr_skip("there are no loop devices");
}

static void stop(void)
{
	char command[256];
	umount2(mounted, MNT_DETACH);
	snprintf(command, sizeof command, "rm -rf %s", directory);
	cr_assert(run(command));
}

TestSuite(flush_rule, .init = start, .fini = stop);

/* Makes an image by `make`, mounts it with `options`, and finds the rule there. */
static void find(const char *make, const char *options)
{
	char command[512];
	snprintf(command, sizeof command,
		 "cd %s && truncate -s 320M image && %s image >/dev/null 2>&1 && mkdir m && "
		 "mount -o loop,%s image m",
		 directory, make, options);
	cr_assert(run(command), "%s", command);
	flush_rule_find(mounted, &rule);
}

static void expect(bool may_flush, bool may_commit, const char *reason)
{
	cr_assert(rule.may_flush == may_flush && rule.may_commit == may_commit &&
			  strcmp(rule.reason, reason) == 0,
		  "flush %d, commit %d: %s", rule.may_flush, rule.may_commit, rule.reason);
}

/* So that another may be made in its place. */
static void forget(void)
{
	char command[256];
	snprintf(command, sizeof command, "cd %s && umount m && rmdir m && rm image", directory);
	cr_assert(run(command), "%s", command);
}

Test(flush_rule, what_is_known_of_ext4_and_xfs)
{
	static const struct {
		const char *make, *options;
		bool may_flush, may_commit, has_journal;
		const char *reason;
	} rows[] = {
		{"mkfs.ext4 -F", "rw", true, true, true, "ext4, data=ordered"},
		{"mkfs.ext4 -F", "data=writeback", true, true, true, "ext4, data=writeback"},
		{"mkfs.ext4 -F", "data=journal", false, false, false, "ext4, data=journal"},
		{"mkfs.ext4 -F -O ^has_journal", "rw", true, true, false, "ext4 without a journal"},
		{"mkfs.xfs -m reflink=0", "rw", true, true, true, "xfs without reflink"},
		{"mkfs.xfs -m reflink=1", "rw", false, true, true, "xfs with reflink"},
	};
	for (unsigned i = 0; i < array_len(rows); i++) {
		find(rows[i].make, rows[i].options);
		expect(rows[i].may_flush, rows[i].may_commit, rows[i].reason);
		cr_assert(rule.has_journal == rows[i].has_journal, "%s", rule.reason);
		forget();
	}
}

Test(flush_rule, ext4_without_barriers_sends_no_flush)
{
	find("mkfs.ext4 -F", "nobarrier");
	cr_assert(!rule.may_flush && !rule.may_commit && strstr(rule.reason, "nobarrier"));
}

/* The kernel's name for it is ext4, too, and so is its magic number. */
Test(flush_rule, ext2_is_not_known)
{
	char command[256];
	find("mkfs.ext2 -F", "rw");
	if (!rule.may_flush && !rule.may_commit)
		return;
	snprintf(command, sizeof command, "grep -q ' %s .* - ext4 ' /proc/self/mountinfo", mounted);
	cr_assert(run(command), "%s", rule.reason);
	expect(true, true, "ext4 without a journal");
}

Test(flush_rule, tmpfs_is_not_known)
{
	cr_assert(mkdir(mounted, 0755) == 0 && mount("none", mounted, "tmpfs", 0, NULL) == 0);
	flush_rule_find(mounted, &rule);
	expect(false, false, "tmpfs, of which it is not known");
}

Test(flush_rule, a_directory_that_is_not_there_allows_nothing)
{
	flush_rule_find(mounted, &rule);
	expect(false, false, "No such file or directory");
}

/* ---- which files join ------------------------------------------------------------------- */

enum { WRITER = 3 };

static struct log_dir dir;
static const struct flush_file *const own = &dir.flush[WRITER];
static char line[512];

/* As a start does. */
static void open_dir(void)
{
	int error;
	struct disk *d = disk_create("test", &error);
	cr_assert(d && log_dir_open(&dir, d, mounted) == 0);
	flush_rule_find(mounted, &dir.rule);
	flush_file_open(&dir, WRITER, line, sizeof line);
}

static void close_dir(void)
{
	flush_file_close(&dir, WRITER);
	log_dir_close(&dir);
	disk_destroy(dir.disk);
}

static bool joins(const char *path)
{
	struct flush_group group;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	struct disk_op op = {.kind = DISK_TRAITS, .fd = fd};
	cr_assert(fd >= 0 && disk_run(dir.disk, &op) >= 0);
	close(fd);
	flush_group_init(&group, &dir, WRITER);
	return flush_group_takes(&group, &op);
}

Test(flush_rule, a_plain_file_of_that_file_system_joins_and_no_other)
{
	char path[128];
	find("mkfs.ext4 -F", "rw");
	open_dir();
	cr_assert(own->may_flush && own->may_commit, "%s", line);
	snprintf(path, sizeof path, "%s/a", mounted);
	cr_assert(joins(path));
	snprintf(path, sizeof path, "%s/elsewhere", directory);
	cr_assert(!joins(path));

	/* Its own files are made anew from what a gateway leaves, and from nothing else. */
	cr_assert(own->fd != own->commit_fd, "a flush would wait for a commit");
	struct disk_op commit = {
		.kind = DISK_COMMIT, .fd = own->commit_fd, .size = 2 * DISK_BLOCK_BYTES};
	cr_assert(disk_run(dir.disk, &commit) == 0);
	close_dir();
	open_dir();
	cr_assert(own->may_flush, "%s", line);
	close_dir();
	snprintf(path, sizeof path, "%s/" COMMIT_FILE_NAME "3", mounted);
	cr_assert(truncate(path, 3 * DISK_BLOCK_BYTES) == 0);
	open_dir();
	cr_assert(!own->may_flush && !own->may_commit && strstr(line, "File exists"), "%s", line);
	close_dir();
}

Test(flush_rule, a_commit_without_a_journal_changes_no_file)
{
	struct stat before, after;
	find("mkfs.ext4 -F -O ^has_journal", "rw");
	open_dir();
	cr_assert(own->may_commit && !dir.rule.has_journal, "%s", line);
	struct disk_op commit = {.kind = DISK_COMMIT,
				 .fd = own->commit_fd,
				 .flags = DISK_FLAG_ALL,
				 .size = 2 * DISK_BLOCK_BYTES};
	cr_assert(fstat(own->commit_fd, &before) == 0 && disk_run(dir.disk, &commit) == 0 &&
		  fstat(own->commit_fd, &after) == 0 && before.st_size == after.st_size);
	close_dir();
}

/* Marked +j while nobody has it mounted: chattr would need a privilege that root may lack. */
Test(flush_rule, a_file_whose_data_is_journaled_does_not_join)
{
	char command[512], path[128];
	find("mkfs.ext4 -F", "rw");
	snprintf(command, sizeof command,
		 "cd %s && touch m/a && umount m && "
		 "debugfs -w -R 'set_inode_field a flags 0x84000' image 2>/dev/null && "
		 "mount -o loop image m",
		 directory);
	cr_assert(run(command), "%s", command);
	open_dir();
	snprintf(path, sizeof path, "%s/a", mounted);
	cr_assert(own->may_flush && !joins(path), "%s", line);
	snprintf(path, sizeof path, "%s/b", mounted);
	cr_assert(joins(path));
	close_dir();
}
