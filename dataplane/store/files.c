/* files.c - paths and descriptors in, results out; see files.h. */
#include "dataplane/store/files.h"

#include <errno.h>
#include <fcntl.h>

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

int file_open_to_write(struct disk *d, const char *path)
{
	return open_with(d, path, O_WRONLY);
}

int file_create(struct disk *d, const char *path)
{
	return open_with(d, path, O_WRONLY | O_CREAT | O_TRUNC);
}

/* Nobody asks for the result: what has to last was synced before. */
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

/* A file may take or give less than all at a time; where it takes or gives nothing, it ends. */
static int64_t transfer(struct disk *d, enum disk_kind kind, int fd, struct iovec all,
			uint64_t offset)
{
	size_t done = 0;
	while (done < all.iov_len) {
		struct iovec rest = {(uint8_t *)all.iov_base + done, all.iov_len - done};
		struct disk_op op = {.kind = kind, .fd = fd, .iov = &rest, .iov_count = 1,
				     .offset = offset + done};
		int64_t n = disk_run(d, &op);
		if (n < 0)
			return n;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (int64_t)done;
}

int64_t file_read_some(struct disk *d, int fd, void *out, size_t size, uint64_t offset)
{
	return transfer(d, DISK_READ, fd, (struct iovec){out, size}, offset);
}

/* A file that ends before what was asked for is an error here; who does not know where it ends
 * calls file_read_some(). */
int file_read(struct disk *d, int fd, void *out, size_t size, uint64_t offset)
{
	int64_t n = file_read_some(d, fd, out, size, offset);
	return n < 0 ? (int)n : (size_t)n < size ? -EIO : 0;
}

/* A file that takes no more, and gives no error either, lies on a full disk. */
int file_write(struct disk *d, int fd, const void *data, size_t size, uint64_t offset)
{
	int64_t n = transfer(d, DISK_WRITE, fd, (struct iovec){(void *)data, size}, offset);
	return n < 0 ? (int)n : (size_t)n < size ? -ENOSPC : 0;
}

int file_rename(struct disk *d, const char *from, const char *to)
{
	return run(d, (struct disk_op){.kind = DISK_RENAME, .path = from, .path2 = to});
}

int file_unlink(struct disk *d, const char *path)
{
	return run(d, (struct disk_op){.kind = DISK_UNLINK, .path = path});
}

int file_sync(struct disk *d, int fd)
{
	return run(d, (struct disk_op){.kind = DISK_SYNC, .fd = fd});
}

static bool is_true(const atomic_bool *flag)
{
	return flag && atomic_load_explicit(flag, memory_order_relaxed);
}

static void cut(struct disk *d, int fd, const atomic_bool *is_over)
{
	struct disk_op op = {.kind = DISK_SIZE, .fd = fd};
	int status = (int)disk_run(d, &op);
	uint64_t size = op.offset == 1 ? op.size : 0;
	while (status == 0 && size > FILE_PIECE_BYTES && !is_true(is_over)) {
		size -= FILE_PIECE_BYTES;
		status = run(d, (struct disk_op){.kind = DISK_COMMIT, .fd = fd, .size = size});
	}
}

/* A link is not followed, and nothing waits for the other end of a pipe. That a piece could not be
 * cut off spares others less, and is no reason to keep the file. */
int file_remove(struct disk *d, const char *path, const atomic_bool *is_over)
{
	int fd = open_with(d, path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0)
		cut(d, fd, is_over);
	file_close(d, &fd);
	return is_true(is_over) ? -ECANCELED : file_unlink(d, path);
}

int directory_make_new(struct disk *d, const char *path)
{
	return run(d, (struct disk_op){.kind = DISK_MKDIR, .path = path, .mode = 0755});
}

/* One that is there already will do. If it is a file, the first use of it says so. */
int directory_make(struct disk *d, const char *path)
{
	int status = directory_make_new(d, path);
	return status == -EEXIST ? 0 : status;
}

int directory_open(struct disk *d, const char *path)
{
	return open_with(d, path, O_RDONLY | O_DIRECTORY);
}

int directory_list(struct disk *d, const char *path, char **ret, size_t *ret_bytes)
{
	struct disk_op op = {.kind = DISK_LIST, .path = path};
	int status = (int)disk_run(d, &op);
	*ret = op.names;
	*ret_bytes = op.names_bytes;
	return status < 0 ? status : 0;
}

int directory_unlink(struct disk *d, const char *path)
{
	return run(d, (struct disk_op){.kind = DISK_UNLINK, .path = path,
				       .flags = DISK_FLAG_DIRECTORY});
}

int directory_sync(struct disk *d, const char *path)
{
	int fd = directory_open(d, path);
	if (fd < 0)
		return fd;
	int status = run(d, (struct disk_op){
				    .kind = DISK_SYNC, .fd = fd, .flags = DISK_FLAG_DIRECTORY});
	file_close(d, &fd);
	return status;
}
