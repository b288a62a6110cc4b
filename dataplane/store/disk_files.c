/* disk_files.c - whole small files in and out through disk_run(). */
#include "dataplane/store/disk_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

char *disk_path(char out[PATH_MAX], const char *directory, const char *name)
{
	snprintf(out, PATH_MAX, "%s/%s", directory, name);
	return out;
}

/* With a NUL behind what was read, for those who read text. */
static int read_all(struct disk *d, int fd, size_t size_max, char **ret, size_t *ret_bytes)
{
	uint64_t file_bytes;
	int error = file_size(d, fd, &file_bytes);
	if (error < 0)
		return error;
	if (file_bytes > size_max)
		return -EFBIG;
	char *data = malloc(file_bytes + 1);
	if (!data)
		return -ENOMEM;
	int64_t size = file_read_some(d, fd, data, file_bytes, 0);
	if (size < 0) {
		free(data);
		return (int)size;
	}
	data[size] = '\0';
	*ret = data;
	if (ret_bytes)
		*ret_bytes = (size_t)size;
	return 0;
}

int disk_read_file(struct disk *d, const char *path, size_t size_max, char **ret,
		   size_t *ret_bytes)
{
	int fd = file_open_to_read(d, path);
	if (fd < 0)
		return fd;
	int error = read_all(d, fd, size_max, ret, ret_bytes);
	file_close(d, &fd);
	return error;
}

/* Writes and, where that is wanted, syncs what was opened; closes it. */
static int write_and_close(struct disk *d, int fd, struct bytes data, uint64_t offset,
			   bool is_durable)
{
	if (fd < 0)
		return fd;
	int error = file_write(d, fd, data.data, data.size, offset);
	if (!error && is_durable)
		error = file_sync(d, fd);
	file_close(d, &fd);
	return error;
}

/* The file keeps its size: this works on a disk that is full, too. */
int disk_overwrite(struct disk *d, const char *path, uint64_t offset, const void *data,
		   size_t size)
{
	return write_and_close(d, file_open_to_write(d, path), (struct bytes){data, size},
			       offset, true);
}

int disk_write_file(struct disk *d, const char *path, const void *data, size_t size)
{
	return write_and_close(d, file_create(d, path), (struct bytes){data, size}, 0, false);
}

/* One temporary name per directory: control does one thing at a time. */
#define TEMPORARY_NAME ".penstock.tmp"

/* After a power cut there is the old file or the new one: its bytes last before it has the
 * name, and the name lasts before anybody is told. */
int disk_replace_file(struct disk *d, const char *directory, const char *name,
		      const void *data, size_t size)
{
	char temporary[PATH_MAX], path[PATH_MAX];
	disk_path(temporary, directory, TEMPORARY_NAME);
	disk_path(path, directory, name);
	int error = write_and_close(d, file_create(d, temporary),
				    (struct bytes){data, size}, 0, true);
	if (!error)
		error = file_rename(d, temporary, path);
	if (!error)
		error = directory_sync(d, directory);
	if (error)
		disk_remove_file(d, temporary);
	return error;
}

int disk_sync_all(struct disk *d, int fd)
{
	struct disk_op op = {.kind = DISK_SYNC_ALL, .fd = fd};
	return (int)disk_run(d, &op);
}

int disk_look(struct disk *d, const char *path, int flags, struct disk_place *ret)
{
	struct disk_op op = {.kind = DISK_STAT, .path = path, .flags = flags};
	int64_t changed_ns = disk_run(d, &op);
	if (changed_ns < 0)
		return (int)changed_ns;
	*ret = (struct disk_place){.device = op.offset,
				   .inode = op.size,
				   .changed_ns = changed_ns,
				   .is_directory = S_ISDIR((unsigned)op.mode),
				   .is_file = S_ISREG((unsigned)op.mode)};
	return 0;
}

int disk_find_space(struct disk *d, const char *path, struct disk_space *ret)
{
	struct disk_op op = {.kind = DISK_SPACE, .path = path};
	int error = (int)disk_run(d, &op);
	*ret = (struct disk_space){.total_bytes = op.size, .usable_bytes = op.offset};
	return error;
}

/* Other errors, as a lack of memory, pass and say nothing of what lies there. */
bool disk_place_is_lost(struct disk *d, const char *path, const struct disk_place *was,
			struct disk_place *now)
{
	*now = *was;
	int error = disk_look(d, path, 0, now);
	if (error)
		return error == -ENOENT || error == -ENOTDIR || error == -ESTALE ||
		       error == -EIO;
	return now->device != was->device || now->inode != was->inode;
}

/* That it is gone already is what was wanted. */
int disk_remove_file(struct disk *d, const char *path)
{
	int error = file_unlink(d, path);
	return error == -ENOENT ? 0 : error;
}

/* A partition holds files only: a directory in it is not the gateway's, is left, and ends this
 * with an error. */
int disk_remove_directory(struct disk *d, const char *path, const atomic_bool *is_over)
{
	char *names = NULL;
	size_t names_bytes = 0;
	int error = directory_list(d, path, &names, &names_bytes);
	for (size_t at = 0; !error && at < names_bytes; at += strlen(names + at) + 1) {
		char file[PATH_MAX];
		error = file_remove(d, disk_path(file, path, names + at), is_over);
		error = error == -ENOENT ? 0 : error;
	}
	free(names);
	if (!error)
		error = directory_unlink(d, path);
	return error == -ENOENT ? 0 : error;
}
