/* flush_rule_linux.c - a directory in, what mountinfo, /proc/fs/ext4 and xfs say of its file
 * system; see flush_rule.h. */
#include "control/catalog/flush_rule.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <libmount/libmount.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <xfs/xfs.h>

enum { OPTIONS_BYTES_MAX = 8192 };

__attribute__((format(printf, 4, 5)))
static void decide(struct flush_rule *r, bool may_flush, bool may_commit, const char *format, ...)
{
	r->may_flush = may_flush;
	r->may_commit = may_commit;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(r->reason, sizeof r->reason, format, arguments);
	va_end(arguments);
}

/* ---- ext4 --------------------------------------------------------------------------------- */

/* As the kernel calls it: vda1, dm-0. */
static bool device_name(uint64_t device, char name[NAME_MAX + 1])
{
	char link[64], path[PATH_MAX];
	snprintf(link, sizeof link, "/sys/dev/block/%u:%u", major(device), minor(device));
	if (!realpath(link, path))
		return false;
	snprintf(name, NAME_MAX + 1, "%s", basename(path));
	return true;
}

/* One option in a line. */
/* A text that is not whole counts as none: an option behind its end could forbid what the
 * others allow. */
static bool read_options(const char *name, char text[OPTIONS_BYTES_MAX])
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "/proc/fs/ext4/%s/options", name);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	text[0] = '\n';
	size_t n = fread(text + 1, 1, OPTIONS_BYTES_MAX - 2, f);
	bool is_whole = feof(f) && !ferror(f);
	fclose(f);
	text[1 + n] = '\0';
	return is_whole;
}

static bool has_option(const char *text, const char *option)
{
	char line[64];
	snprintf(line, sizeof line, "\n%s\n", option);
	return strstr(text, line) != NULL;
}

/* A journal inside the file system is its inode 8. */
static bool has_journal_inside(const char *name)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "/proc/fs/jbd2/%s-8", name);
	return access(path, F_OK) == 0;
}

static void decide_ext4(struct flush_rule *r)
{
	char name[NAME_MAX + 1], options[OPTIONS_BYTES_MAX];
	if (!device_name(r->device, name) || !read_options(name, options)) {
		decide(r, false, false, "ext4, whose options cannot be read");
		return;
	}
	bool is_ordered = has_option(options, "data=ordered");
	bool is_plain = is_ordered || has_option(options, "data=writeback");
	bool has_mode = strstr(options, "\ndata=") != NULL;
	if (!has_option(options, "barrier"))
		decide(r, false, false,
		       "ext4 with nobarrier, which sends no flush to the disk: unless its cache "
		       "survives a power cut, remount it with barrier");
	else if (!has_mode)
		decide(r, true, true, "ext4 without a journal");
	else if (!is_plain)
		decide(r, false, false, "ext4, data=journal");
	else if (!has_journal_inside(name))
		decide(r, false, false, "ext4 with its journal on another device");
	else
		decide(r, true, true, "ext4, data=%s", is_ordered ? "ordered" : "writeback");
	r->has_journal = r->may_commit && has_mode;
}

/* ---- xfs ---------------------------------------------------------------------------------- */

/* Asked of the file system, not of its mount options: reflink is how it was made. */
static bool read_geometry(const char *directory, struct xfs_fsop_geom *ret)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_known = fd >= 0 && ioctl(fd, XFS_IOC_FSGEOMETRY, ret) == 0;
	if (fd >= 0)
		close(fd);
	return is_known;
}

static void decide_xfs(struct flush_rule *r, const char *directory, const char *options)
{
	struct xfs_fsop_geom geometry;
	if (!options || !read_geometry(directory, &geometry))
		decide(r, false, false, "xfs, whose geometry cannot be read");
	else if (strstr(options, "logdev="))
		decide(r, false, false, "xfs with its log on another device");
	else if (strstr(options, "nobarrier"))
		decide(r, false, false,
		       "xfs with nobarrier, which sends no flush to the disk: unless its cache "
		       "survives a power cut, remount it with barrier");
	else if (geometry.flags & XFS_FSOP_GEOM_FLAGS_REFLINK)
		decide(r, false, true, "xfs with reflink");
	else
		decide(r, true, true, "xfs without reflink");
	r->has_journal = r->may_commit;
}

/* ---- which file system -------------------------------------------------------------------- */

static void decide_by_mount(struct flush_rule *r, const char *directory, struct libmnt_fs *fs)
{
	const char *type = mnt_fs_get_fstype(fs);
	if (strcmp(type, "ext4") == 0)
		decide_ext4(r);
	else if (strcmp(type, "xfs") == 0)
		decide_xfs(r, directory, mnt_fs_get_fs_options(fs));
	else
		decide(r, false, false, "%s, of which it is not known", type);
}

/* By the device's number and the last mount of it: a path may lead through links and mounts
 * that hide others. */
void flush_rule_find(const char *directory, struct flush_rule *ret)
{
	*ret = (struct flush_rule){0};
	struct stat st;
	if (stat(directory, &st) < 0) {
		decide(ret, false, false, "%s", strerror(errno));
		return;
	}
	ret->device = st.st_dev;
	struct libmnt_table *mounts = mnt_new_table_from_file("/proc/self/mountinfo");
	struct libmnt_fs *fs =
		mounts ? mnt_table_find_devno(mounts, st.st_dev, MNT_ITER_BACKWARD) : NULL;
	if (fs && mnt_fs_get_fstype(fs))
		decide_by_mount(ret, directory, fs);
	else
		decide(ret, false, false, "a file system that is not in /proc/self/mountinfo");
	mnt_unref_table(mounts);
}
