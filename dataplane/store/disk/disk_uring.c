/* disk_uring.c - disk operations in, through io_uring, completions out; see disk.h.
 *
 * What the running kernel's io_uring cannot do goes to the helper thread (disk_call.c). One
 * descriptor tells of both: while the helper has work, the ring holds a read of the helper's
 * eventfd, whose completion is no op's but says "look at the helper".
 */
#include "dataplane/store/disk/disk.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/store/disk/disk_call.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <unistd.h>

struct disk {
	struct io_uring ring;
	bool has_ring;
	bool in_ring[DISK_KINDS];
	unsigned outstanding; /* ops, the helper's too */
	unsigned with_helper;
	bool is_listening; /* the read of the helper's eventfd is in the ring */
	uint64_t helper_events;
	unsigned unsubmitted;
	struct disk_helper *helper;
};

/* The io_uring operation that does a kind; the no-op where there is none. */
static const int ring_opcode[DISK_KINDS] = {
	[DISK_OPEN] = IORING_OP_OPENAT,       [DISK_CLOSE] = IORING_OP_CLOSE,
	[DISK_READ] = IORING_OP_READV,        [DISK_WRITE] = IORING_OP_WRITEV,
	[DISK_SYNC] = IORING_OP_FSYNC,        [DISK_ALLOCATE] = IORING_OP_FALLOCATE,
	[DISK_SYNC_ALL] = IORING_OP_NOP,
	[DISK_TRUNCATE] = IORING_OP_NOP,           [DISK_SIZE] = IORING_OP_NOP,
	[DISK_RENAME] = IORING_OP_RENAMEAT,   [DISK_UNLINK] = IORING_OP_UNLINKAT,
	[DISK_MKDIR] = IORING_OP_MKDIRAT,     [DISK_LIST] = IORING_OP_NOP,
	[DISK_STAT] = IORING_OP_NOP,          [DISK_COMMIT] = IORING_OP_NOP,
	[DISK_SPACE] = IORING_OP_NOP,         [DISK_TRAITS] = IORING_OP_NOP,
};

/* A kernel that cannot be asked is taken to do nothing: every op is the helper's then. */
static void disk_probe(struct disk *d)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(&d->ring);
	for (unsigned kind = 0; probe && kind < DISK_KINDS; kind++)
		d->in_ring[kind] = ring_opcode[kind] != IORING_OP_NOP &&
				   io_uring_opcode_supported(probe, ring_opcode[kind]);
	io_uring_free_probe(probe);
}

/* How to get a ring where io_uring_queue_init() gave `status`. */
static const char *ring_advice(int status)
{
	if (status == -EPERM || status == -EACCES)
		return "allow it: sysctl kernel.io_uring_disabled=0, and in a container's seccomp "
		       "profile";
	if (status == -ENOMEM)
		return "raise the limit on locked memory (ulimit -l, LimitMEMLOCK=)";
	return "a kernel from 5.11 on has it";
}

struct disk *disk_create(const char *name, int *error)
{
	struct disk *d = map_take(sizeof *d);
	*error = -ENOMEM;
	if (!d)
		return NULL;
	d->helper = disk_helper_create(error);
	if (!d->helper) {
		fprintf(stderr, "disk %s: no helper thread: %s\n", name, strerror(-*error));
		map_give(d, sizeof *d);
		return NULL;
	}
	/* One entry more than ops: the read of the helper's eventfd. */
	int status = io_uring_queue_init(2 * DISK_QUEUE_ENTRIES, &d->ring, 0);
	d->has_ring = status == 0;
	if (d->has_ring)
		disk_probe(d);
	else
		fprintf(stderr,
			"disk %s: no io_uring (%s): one thread makes the calls, which is "
			"slower; %s\n",
			name, strerror(-status), ring_advice(status));
	return d;
}

void disk_destroy(struct disk *d)
{
	require(d->outstanding == 0);
	if (d->has_ring)
		io_uring_queue_exit(&d->ring);
	disk_helper_destroy(d->helper);
	map_give(d, sizeof *d);
}

/* Of the thread that submits, whichever that is; a kernel before 5.15 keeps to what it has. */
void disk_keep_apart(struct disk *d, unsigned disks)
{
	unsigned workers[2] = {disks * DISK_QUEUE_ENTRIES, 0};
	if (d->has_ring)
		io_uring_register_iowq_max_workers(&d->ring, workers);
}

bool disk_has_room(const struct disk *d)
{
	return d->outstanding < DISK_QUEUE_ENTRIES;
}

unsigned disk_outstanding(const struct disk *d)
{
	return d->outstanding;
}

int disk_wait_fd(const struct disk *d)
{
	return d->has_ring ? d->ring.ring_fd : disk_helper_fd(d->helper);
}

static void prepare(struct io_uring_sqe *sqe, const struct disk_op *op)
{
	switch ((enum disk_kind)op->kind) {
	case DISK_OPEN:
		io_uring_prep_openat(sqe, AT_FDCWD, op->path, op->flags, (mode_t)op->mode);
		break;
	case DISK_CLOSE:
		io_uring_prep_close(sqe, op->fd);
		break;
	case DISK_READ:
		io_uring_prep_readv(sqe, op->fd, op->iov, op->iov_count, op->offset);
		break;
	case DISK_WRITE:
		io_uring_prep_writev(sqe, op->fd, op->iov, op->iov_count, op->offset);
		break;
	case DISK_SYNC:
		io_uring_prep_fsync(
			sqe, op->fd,
			op->flags & DISK_FLAG_DIRECTORY ? 0 : IORING_FSYNC_DATASYNC);
		break;
	case DISK_ALLOCATE:
		io_uring_prep_fallocate(sqe, op->fd, 0, (off_t)op->offset, (off_t)op->size);
		break;
	case DISK_RENAME:
		io_uring_prep_renameat(sqe, AT_FDCWD, op->path, AT_FDCWD, op->path2, 0);
		break;
	case DISK_UNLINK:
		io_uring_prep_unlinkat(sqe, AT_FDCWD, op->path,
				       op->flags & DISK_FLAG_DIRECTORY ? AT_REMOVEDIR : 0);
		break;
	case DISK_MKDIR:
		io_uring_prep_mkdirat(sqe, AT_FDCWD, op->path, (mode_t)op->mode);
		break;
	case DISK_SYNC_ALL:
	case DISK_TRUNCATE:
	case DISK_SIZE:
	case DISK_LIST:
	case DISK_STAT:
	case DISK_COMMIT:
	case DISK_SPACE:
	case DISK_TRAITS:
		require(!"an operation of the helper's");
	}
}

static struct io_uring_sqe *take_sqe(struct disk *d)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&d->ring);
	/* The queue holds more than can be outstanding. */
	require(sqe);
	d->unsubmitted++;
	return sqe;
}

/* One read is enough, whatever the helper has done: it finds the sum of all events. */
static void listen_to_helper(struct disk *d)
{
	if (!d->has_ring || d->is_listening || d->with_helper == 0)
		return;
	struct io_uring_sqe *sqe = take_sqe(d);
	io_uring_prep_read(sqe, disk_helper_fd(d->helper), &d->helper_events,
			   sizeof d->helper_events, 0);
	io_uring_sqe_set_data(sqe, NULL);
	d->is_listening = true;
}

/* An op for the ring is only prepared: all of a turn go to the kernel in one call. */
void disk_submit(struct disk *d, struct disk_op *give)
{
	require(disk_has_room(d) && give->kind < DISK_KINDS);
	d->outstanding++;
	if (d->in_ring[give->kind]) {
		struct io_uring_sqe *sqe = take_sqe(d);
		prepare(sqe, give);
		io_uring_sqe_set_data(sqe, give);
		return;
	}
	d->with_helper++;
	disk_helper_give(d->helper, give);
	listen_to_helper(d);
}

void disk_kick(struct disk *d)
{
	if (d->unsubmitted == 0)
		return;
	int sent = io_uring_submit(&d->ring);
	/* EAGAIN and EBUSY: the kernel is short of memory; the next turn tries again. */
	require(sent >= 0 || sent == -EAGAIN || sent == -EBUSY || sent == -EINTR);
	if (sent > 0)
		d->unsubmitted -= min_u32((uint32_t)sent, d->unsubmitted);
}

/* The completion without an op is that of the read of the helper's eventfd. */
static unsigned reap_ring(struct disk *d, struct disk_op **ret, unsigned max)
{
	unsigned n = 0;
	struct io_uring_cqe *cqe;
	while (n < max && io_uring_peek_cqe(&d->ring, &cqe) == 0) {
		struct disk_op *op = io_uring_cqe_get_data(cqe);
		if (op) {
			op->result = cqe->res;
			ret[n++] = op;
		} else {
			d->is_listening = false;
		}
		io_uring_cqe_seen(&d->ring, cqe);
	}
	return n;
}

/* While the ring's read of the eventfd is out, the helper has finished nothing: that read's
 * completion would say so. */
static unsigned reap_helper(struct disk *d, struct disk_op **ret, unsigned max)
{
	if (d->with_helper == 0 || d->is_listening)
		return 0;
	uint64_t events;
	if (!d->has_ring && read(disk_helper_fd(d->helper), &events, sizeof events) < 0)
		return 0;
	unsigned n = disk_helper_take(d->helper, ret, max);
	d->with_helper -= n;
	if (n == max && d->with_helper > 0) {
		/* Perhaps not all were taken: keep the descriptor readable. */
		events = 1;
		ssize_t written = write(disk_helper_fd(d->helper), &events, sizeof events);
		require(written == sizeof events);
	}
	return n;
}

/* The ring first: there the helper's word comes in. */
unsigned disk_reap(struct disk *d, struct disk_op **ret, unsigned max)
{
	unsigned n = d->has_ring ? reap_ring(d, ret, max) : 0;
	n += reap_helper(d, ret + n, max - n);
	if (!d->is_listening && d->with_helper > 0) {
		listen_to_helper(d);
		disk_kick(d);
	}
	d->outstanding -= n;
	return n;
}

/* The caller may block: neither ring nor helper would be any faster. */
int64_t disk_run(struct disk *d, struct disk_op *op)
{
	require(d->outstanding == 0);
	disk_call(op);
	return op->result;
}
