/* disk_files.c - whole small files in and out through disk_run(). */
#include "control/catalog/disk_files.h"

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

static int64_t open_at(struct disk *d, const char *path, int flags)
{
	struct disk_op op = {.kind = DISK_OPEN,
			     .path = path,
			     .flags = flags | O_CLOEXEC,
			     .mode = 0644};
	return disk_run(d, &op);
}

void disk_close(struct disk *d, int fd)
{
	struct disk_op op = {.kind = DISK_CLOSE, .fd = fd};
	disk_run(d, &op);
}

static int sync_fd(struct disk *d, int fd, int flags)
{
	struct disk_op op = {.kind = DISK_SYNC, .fd = fd, .flags = flags};
	return (int)disk_run(d, &op);
}

/* Moves bytes until `size` are through or, reading, the file ends; bytes or -errno. */
static int64_t transfer(struct disk *d, enum disk_kind kind, int fd, void *data,
			size_t size)
{
	size_t done = 0;
	while (done < size) {
		struct iovec part = {(uint8_t *)data + done, size - done};
		struct disk_op op = {.kind = (uint8_t)kind,
				     .fd = fd,
				     .iov = &part,
				     .iov_count = 1,
				     .offset = done};
		int64_t n = disk_run(d, &op);
		if (n < 0)
			return n;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (int64_t)done;
}

static int read_all(struct disk *d, int fd, size_t size_max, char **ret)
{
	struct disk_op op = {.kind = DISK_SIZE, .fd = fd};
	int64_t error = disk_run(d, &op);
	if (error < 0)
		return (int)error;
	if (op.size > size_max)
		return -EFBIG;
	char *data = malloc(op.size + 1);
	if (!data)
		return -ENOMEM;
	int64_t size = transfer(d, DISK_READ, fd, data, op.size);
	if (size < 0) {
		free(data);
		return (int)size;
	}
	data[size] = '\0';
	*ret = data;
	return 0;
}

int disk_read_file(struct disk *d, const char *path, size_t size_max, char **ret)
{
	int64_t fd = open_at(d, path, O_RDONLY);
	if (fd < 0)
		return (int)fd;
	int error = read_all(d, (int)fd, size_max, ret);
	disk_close(d, (int)fd);
	return error;
}

int disk_overwrite(struct disk *d, const char *path, uint64_t offset, const void *data,
		   size_t size)
{
	int64_t fd = open_at(d, path, O_WRONLY);
	if (fd < 0)
		return (int)fd;
	struct iovec part = {(void *)(uintptr_t)data, size};
	struct disk_op op = {.kind = DISK_WRITE, .fd = (int)fd, .iov = &part, .iov_count = 1,
			     .offset = offset};
	int64_t written = disk_run(d, &op);
	int error = written < 0 ? (int)written : (size_t)written < size ? -ENOSPC : 0;
	if (!error)
		error = sync_fd(d, (int)fd, 0);
	disk_close(d, (int)fd);
	return error;
}

static int64_t create(struct disk *d, const char *path)
{
	return open_at(d, path, O_WRONLY | O_CREAT | O_TRUNC);
}

static int write_all(struct disk *d, int fd, const void *data, size_t size)
{
	int64_t written = transfer(d, DISK_WRITE, fd, (void *)(uintptr_t)data, size);
	return written < 0 ? (int)written : (size_t)written < size ? -ENOSPC : 0;
}

int disk_write_file(struct disk *d, const char *path, const void *data, size_t size)
{
	int64_t fd = create(d, path);
	if (fd < 0)
		return (int)fd;
	int error = write_all(d, (int)fd, data, size);
	disk_close(d, (int)fd);
	return error;
}

static int write_durably(struct disk *d, const char *path, const void *data, size_t size)
{
	int64_t fd = create(d, path);
	if (fd < 0)
		return (int)fd;
	int error = write_all(d, (int)fd, data, size);
	if (!error)
		error = sync_fd(d, (int)fd, 0);
	disk_close(d, (int)fd);
	return error;
}

/* One temporary name per directory: control does one thing at a time. */
#define TEMPORARY_NAME ".penstock.tmp"

int disk_replace_file(struct disk *d, const char *directory, const char *name,
		      const void *data, size_t size)
{
	char temporary[PATH_MAX], path[PATH_MAX];
	disk_path(temporary, directory, TEMPORARY_NAME);
	disk_path(path, directory, name);
	int error = write_durably(d, temporary, data, size);
	if (!error)
		error = disk_rename(d, temporary, path);
	if (!error)
		error = disk_sync_directory(d, directory);
	if (error)
		disk_remove_file(d, temporary);
	return error;
}

int disk_make_directory(struct disk *d, const char *path)
{
	struct disk_op op = {.kind = DISK_MKDIR, .path = path, .mode = 0755};
	int error = (int)disk_run(d, &op);
	return error == -EEXIST ? 0 : error;
}

int disk_open_directory(struct disk *d, const char *path)
{
	return (int)open_at(d, path, O_RDONLY | O_DIRECTORY);
}

int disk_sync_directory(struct disk *d, const char *path)
{
	int fd = disk_open_directory(d, path);
	if (fd < 0)
		return fd;
	int error = sync_fd(d, fd, DISK_FLAG_DIRECTORY);
	disk_close(d, fd);
	return error;
}

int disk_sync_all(struct disk *d, int fd)
{
	struct disk_op op = {.kind = DISK_SYNC_ALL, .fd = fd};
	return (int)disk_run(d, &op);
}

int disk_list(struct disk *d, const char *path, char **ret, size_t *ret_bytes)
{
	struct disk_op op = {.kind = DISK_LIST, .path = path};
	int error = (int)disk_run(d, &op);
	*ret = op.names;
	*ret_bytes = op.names_bytes;
	return error < 0 ? error : 0;
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

int disk_rename(struct disk *d, const char *from, const char *to)
{
	struct disk_op op = {.kind = DISK_RENAME, .path = from, .path2 = to};
	return (int)disk_run(d, &op);
}

static int unlink_at(struct disk *d, const char *path, int flags)
{
	struct disk_op op = {.kind = DISK_UNLINK, .path = path, .flags = flags};
	int error = (int)disk_run(d, &op);
	return error == -ENOENT ? 0 : error;
}

int disk_remove_file(struct disk *d, const char *path)
{
	return unlink_at(d, path, 0);
}

int disk_remove_directory(struct disk *d, const char *path)
{
	char *names = NULL;
	size_t names_bytes = 0;
	int error = disk_list(d, path, &names, &names_bytes);
	for (size_t at = 0; !error && at < names_bytes; at += strlen(names + at) + 1) {
		char file[PATH_MAX];
		error = disk_remove_file(d, disk_path(file, path, names + at));
	}
	free(names);
	if (!error)
		error = unlink_at(d, path, DISK_FLAG_DIRECTORY);
	return error == -ENOENT ? 0 : error;
}
