/* files.c - paths and descriptors in, results out; see files.h. */
#include "dataplane/store/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

static int run(struct disk *d, struct disk_op op)
{
	return (int)disk_run(d, &op);
}

static int open_with(struct disk *d, const char *path, int flags)
{
	return run(d, (struct disk_op){.kind = DISK_OPEN, .path = path, .mode = 0644,
				       .flags = flags | O_CLOEXEC});
}

int file_open(struct disk *d, const char *path, bool is_direct)
{
	return open_with(d, path, O_RDWR | O_CREAT | (is_direct ? O_DIRECT : 0));
}

int file_open_to_read(struct disk *d, const char *path)
{
	return open_with(d, path, O_RDONLY);
}

void file_close(struct disk *d, int *fd)
{
	if (*fd >= 0)
		run(d, (struct disk_op){.kind = DISK_CLOSE, .fd = *fd});
	*fd = -1;
}

int file_size(struct disk *d, int fd, uint64_t *ret)
{
	struct disk_op op = {.kind = DISK_SIZE, .fd = fd};
	int status = (int)disk_run(d, &op);
	*ret = op.size;
	return status;
}

int file_truncate(struct disk *d, int fd, uint64_t size)
{
	return run(d, (struct disk_op){.kind = DISK_TRUNCATE, .fd = fd, .size = size});
}

static int transfer(struct disk *d, enum disk_kind kind, int fd, struct iovec iov,
		    uint64_t offset)
{
	int n = run(d, (struct disk_op){.kind = kind, .fd = fd, .iov = &iov, .iov_count = 1,
					.offset = offset});
	if (n < 0)
		return n;
	return (size_t)n == iov.iov_len ? 0 : -EIO;
}

int file_read(struct disk *d, int fd, void *out, size_t size, uint64_t offset)
{
	return transfer(d, DISK_READ, fd, (struct iovec){out, size}, offset);
}

int file_write(struct disk *d, int fd, const void *data, size_t size, uint64_t offset)
{
	if (size == 0)
		return 0;
	return transfer(d, DISK_WRITE, fd, (struct iovec){(void *)data, size}, offset);
}

int file_unlink(struct disk *d, const char *path)
{
	return run(d, (struct disk_op){.kind = DISK_UNLINK, .path = path});
}

int file_sync(struct disk *d, int fd)
{
	return run(d, (struct disk_op){.kind = DISK_SYNC, .fd = fd});
}

int directory_make(struct disk *d, const char *path)
{
	int status = run(d, (struct disk_op){.kind = DISK_MKDIR, .path = path, .mode = 0755});
	return status == -EEXIST ? 0 : status;
}

int directory_sync(struct disk *d, const char *path)
{
	int fd = open_with(d, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	int status = run(d, (struct disk_op){
				    .kind = DISK_SYNC, .fd = fd, .flags = DISK_FLAG_DIRECTORY});
	file_close(d, &fd);
	return status;
}
