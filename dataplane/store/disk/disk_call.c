/* disk_call.c - disk operations in, made as blocking system calls, results out. */
#include "dataplane/store/disk/disk_call.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* An error is a negative result, as in io_uring's completions. */
static int64_t result_of(ssize_t returned)
{
	return returned < 0 ? -errno : returned;
}

static int64_t call_size(struct disk_op *op)
{
	struct stat st;
	if (fstat(op->fd, &st) < 0)
		return -errno;
	op->size = (uint64_t)st.st_size;
	op->offset = st.st_nlink;
	return 0;
}

/* A time before 1970 counts as 1970: less than 0 is an error. */
static int64_t call_stat(struct disk_op *op)
{
	struct stat st;
	if ((op->flags & DISK_FLAG_LINK ? lstat : stat)(op->path, &st) < 0)
		return -errno;
	op->offset = st.st_dev;
	op->size = st.st_ino;
	op->mode = (int)st.st_mode;
	int64_t changed_ns = st.st_mtim.tv_sec * (int64_t)NS_PER_S + st.st_mtim.tv_nsec;
	return changed_ns < 0 ? 0 : changed_ns;
}

static int64_t call_space(struct disk_op *op)
{
	struct statvfs s;
	if (statvfs(op->path, &s) < 0)
		return -errno;
	op->size = (uint64_t)s.f_blocks * s.f_frsize;
	op->offset = (uint64_t)s.f_bavail * s.f_frsize;
	return 0;
}

/* readdir() tells its end from a failure by errno alone. */
static int64_t call_list(struct disk_op *op)
{
	DIR *dir = opendir(op->path);
	if (!dir)
		return -errno;
	FILE *out = open_memstream(&op->names, &op->names_bytes);
	if (!out) {
		closedir(dir);
		return -ENOMEM;
	}
	errno = 0;
	for (struct dirent *e; (e = readdir(dir)); errno = 0)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			fwrite(e->d_name, 1, strlen(e->d_name) + 1, out);
	int64_t result = -errno;
	closedir(dir);
	return fclose(out) == 0 ? result : -ENOMEM;
}

static int64_t call_sync(const struct disk_op *op)
{
	/* A directory has no data of its own to speak of: its entries are metadata. */
	return result_of(op->flags & DISK_FLAG_DIRECTORY ? fsync(op->fd) : fdatasync(op->fd));
}

/* A new size is a change that fsync() has to commit, and one commit of the journal covers what
 * other files had changed before. ext4 without a journal has inodes written last by syncfs(),
 * behind its own flush of the device: so that of the fdatasync() is needed. */
static int64_t call_commit(const struct disk_op *op)
{
	if (op->flags & DISK_FLAG_ALL)
		return syncfs(op->fd) < 0 ? -errno : result_of(fdatasync(op->fd));
	if (ftruncate(op->fd, (off_t)op->size) < 0)
		return -errno;
	return result_of(fsync(op->fd));
}

/* What the file system would have to be asked by an ioctl of its own, and does not answer, is
 * not known: a file that may be otherwise is not plain. */
static int64_t call_traits(struct disk_op *op)
{
	enum { ODD = STATX_ATTR_COMPRESSED | STATX_ATTR_ENCRYPTED | STATX_ATTR_VERITY |
		     STATX_ATTR_DAX };
	struct stat st;
	struct statx more;
	struct fsxattr extended;
	int flags;
	if (fstat(op->fd, &st) < 0)
		return -errno;
	op->offset = st.st_dev;
	if (statx(op->fd, "", AT_EMPTY_PATH, 0, &more) < 0 ||
	    ioctl(op->fd, FS_IOC_GETFLAGS, &flags) < 0 ||
	    ioctl(op->fd, FS_IOC_FSGETXATTR, &extended) < 0)
		return 0;
	return !(more.stx_attributes & ODD) &&
	       !(flags & (FS_JOURNAL_DATA_FL | FS_COMPR_FL | FS_NOCOW_FL)) &&
	       !(extended.fsx_xflags & (FS_XFLAG_REALTIME | FS_XFLAG_DAX));
}

static int64_t call(struct disk_op *op)
{
	int count = (int)op->iov_count;
	off_t offset = (off_t)op->offset;
	off_t size = (off_t)op->size;
	switch ((enum disk_kind)op->kind) {
	case DISK_OPEN:
		return result_of(open(op->path, op->flags, op->mode));
	case DISK_CLOSE:
		return result_of(close(op->fd));
	case DISK_READ:
		return result_of(preadv(op->fd, op->iov, count, offset));
	case DISK_WRITE:
		return result_of(pwritev(op->fd, op->iov, count, offset));
	case DISK_SYNC:
		return call_sync(op);
	case DISK_SYNC_ALL:
		return result_of(syncfs(op->fd));
	case DISK_ALLOCATE:
		return result_of(fallocate(op->fd, 0, offset, size));
	case DISK_TRUNCATE:
		return result_of(ftruncate(op->fd, size));
	case DISK_SIZE:
		return call_size(op);
	case DISK_RENAME:
		return result_of(rename(op->path, op->path2));
	case DISK_UNLINK:
		return result_of(op->flags & DISK_FLAG_DIRECTORY ? rmdir(op->path)
								 : unlink(op->path));
	case DISK_MKDIR:
		return result_of(mkdir(op->path, (mode_t)op->mode));
	case DISK_LIST:
		return call_list(op);
	case DISK_STAT:
		return call_stat(op);
	case DISK_COMMIT:
		return call_commit(op);
	case DISK_SPACE:
		return call_space(op);
	case DISK_TRAITS:
		return call_traits(op);
	}
	return -EINVAL;
}

void disk_call(struct disk_op *op)
{
	op->result = call(op);
}

/* First in, first out. */
struct op_queue {
	struct disk_op *head;
	struct disk_op **end;
};

struct disk_helper {
	pthread_mutex_t lock;
	pthread_cond_t given;
	struct op_queue waiting; /* under the lock, as all that follows */
	struct op_queue done;
	bool is_ending;
	int fd;
	pthread_t thread;
};

static void queue_init(struct op_queue *q)
{
	q->head = NULL;
	q->end = &q->head;
}

static void queue_put(struct op_queue *q, struct disk_op *op)
{
	op->next = NULL;
	*q->end = op;
	q->end = &op->next;
}

static struct disk_op *queue_take(struct op_queue *q)
{
	struct disk_op *op = q->head;
	if (!op)
		return NULL;
	q->head = op->next;
	if (!q->head)
		q->end = &q->head;
	return op;
}

/* Waits for the next op; null when it is time to end. */
static struct disk_op *helper_next(struct disk_helper *h)
{
	pthread_mutex_lock(&h->lock);
	while (!h->waiting.head && !h->is_ending)
		pthread_cond_wait(&h->given, &h->lock);
	struct disk_op *op = queue_take(&h->waiting);
	pthread_mutex_unlock(&h->lock);
	return op;
}

/* The op is in the list before the event is posted: whoever sees the event finds it. */
static void *helper_main(void *arg)
{
	struct disk_helper *h = arg;
	for (struct disk_op *op; (op = helper_next(h));) {
		disk_call(op);
		pthread_mutex_lock(&h->lock);
		queue_put(&h->done, op);
		pthread_mutex_unlock(&h->lock);
		uint64_t one = 1;
		ssize_t n = write(h->fd, &one, sizeof one);
		require(n == sizeof one);
	}
	return NULL;
}

/* Signalled when the lock is free again, or the helper would wake up only to wait for it. */
void disk_helper_give(struct disk_helper *h, struct disk_op *op)
{
	pthread_mutex_lock(&h->lock);
	queue_put(&h->waiting, op);
	pthread_mutex_unlock(&h->lock);
	pthread_cond_signal(&h->given);
}

/* A data core asks for what is done, too: nobody holds the lock over a call to the disk. */
unsigned disk_helper_take(struct disk_helper *h, struct disk_op **ret, unsigned max)
{
	unsigned n = 0;
	pthread_mutex_lock(&h->lock);
	while (n < max && h->done.head)
		ret[n++] = queue_take(&h->done);
	pthread_mutex_unlock(&h->lock);
	return n;
}

int disk_helper_fd(const struct disk_helper *h)
{
	return h->fd;
}

struct disk_helper *disk_helper_create(int *error)
{
	struct disk_helper *h = map_take(sizeof *h);
	if (!h) {
		*error = -ENOMEM;
		return NULL;
	}
	queue_init(&h->waiting);
	queue_init(&h->done);
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->given, NULL);
	h->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*error = h->fd < 0 ? -errno : -pthread_create(&h->thread, NULL, helper_main, h);
	if (*error == 0)
		return h;
	if (h->fd >= 0)
		close(h->fd);
	map_give(h, sizeof *h);
	return NULL;
}

/* What it was given is done first: the helper ends when nothing waits. */
void disk_helper_destroy(struct disk_helper *h)
{
	pthread_mutex_lock(&h->lock);
	h->is_ending = true;
	pthread_mutex_unlock(&h->lock);
	pthread_cond_signal(&h->given);
	pthread_join(h->thread, NULL);
	close(h->fd);
	pthread_cond_destroy(&h->given);
	pthread_mutex_destroy(&h->lock);
	map_give(h, sizeof *h);
}
