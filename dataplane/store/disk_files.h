/* disk_files.h - whole small files in and out, each in one call; see files.h for the calls they
 * are made of.
 *
 * A file is replaced, never written in place: temporary name, sync, rename, sync of the
 * directory. After a crash there is the old one or the new one.
 *
 * Core: control (blocks). All return 0 or -errno unless they say otherwise.
 */
#ifndef PENSTOCK_DISK_FILES_H
#define PENSTOCK_DISK_FILES_H

#include "dataplane/store/files.h"

#include <limits.h>

/* "directory/name" into `out` (PATH_MAX); returns `out`. */
char *disk_path(char out[PATH_MAX], const char *directory, const char *name);

/* The whole file, NUL behind it, malloc'ed for the caller; at most `size_max` bytes (-EFBIG).
 * `ret_bytes`: how many, for those to whom a NUL is a byte like any other; else null. */
int disk_read_file(struct disk *d, const char *path, size_t size_max, char **ret,
		   size_t *ret_bytes);
/* Part of a file that is there, in the place it has: takes no room on a full disk. Durable. */
int disk_overwrite(struct disk *d, const char *path, uint64_t offset, const void *data,
		   size_t size);
int disk_replace_file(struct disk *d, const char *directory, const char *name,
		      const void *data, size_t size);

/* Not durable, perhaps not whole, until a disk_sync_all(). */
int disk_write_file(struct disk *d, const char *path, const void *data, size_t size);

/* All that was done so far on the file system of `fd` is durable; also says what failed on it
 * since the last time, or since `fd` was opened. One call for any number of files. */
int disk_sync_all(struct disk *d, int fd);
/* What lies at a path. */
struct disk_place {
	uint64_t device;
	uint64_t inode;
	int64_t changed_ns; /* of a directory: when something was made or removed in it */
	bool is_directory;
	bool is_file;
};

/* Of the file system that a path lies in; 0 or -errno. */
struct disk_space {
	uint64_t total_bytes;
	uint64_t usable_bytes; /* left, for others than root */
};
int disk_find_space(struct disk *d, const char *path, struct disk_space *ret);

/* Links are followed; with DISK_FLAG_LINK in `flags` a link is neither file nor directory. */
int disk_look(struct disk *d, const char *path, int flags, struct disk_place *ret);
/* Is the place at `path` another than it was, or is nothing there? `now`: what is. */
bool disk_place_is_lost(struct disk *d, const char *path, const struct disk_place *was,
			struct disk_place *now);
/* 0 also when there is none. */
int disk_remove_file(struct disk *d, const char *path);
/* A directory and the files in it, as file_remove() does. */
int disk_remove_directory(struct disk *d, const char *path, const atomic_bool *is_over);

#endif
