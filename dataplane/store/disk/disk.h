/* disk.h - the disk seam: every file-system call, asynchronously.
 *
 *     disk_submit(op) ──▶ kernel or simulator ──▶ disk_reap() gives the op back, result set
 *
 * One implementation is linked: disk_uring.c (io_uring for data and syncs; a helper thread
 * of the disk for the calls io_uring of Linux 6.1 lacks) or tests/sim/sim_disk.c. A writer
 * turn submits and reaps and never waits. Control, which may block, uses disk_run().
 *
 * Core: a disk belongs to one core (or thread). Ownership: an op and its buffers are the
 * disk's from submit until reaped. Operations run in no order: whoever needs one before
 * another waits for its completion. At most DISK_QUEUE_ENTRIES are outstanding:
 * disk_has_room() first.
 */
#ifndef PENSTOCK_DISK_H
#define PENSTOCK_DISK_H

#include "config/bounds.h"
#include "dataplane/base/base.h"

#include <sys/uio.h>

enum disk_kind {
	DISK_OPEN,      /* path, flags, mode -> fd; directories too (O_DIRECTORY) */
	DISK_CLOSE,     /* fd */
	DISK_READ,      /* fd, iov, offset -> bytes (short at end of file) */
	DISK_WRITE,     /* fd, iov, offset -> bytes */
	DISK_SYNC,      /* fd: fdatasync, or fsync of a directory */
	DISK_SYNC_ALL,  /* fd: all of its file system (control only) */
	DISK_ALLOCATE,  /* fd, offset, size: blocks for [offset, offset + size), file size too */
	DISK_TRUNCATE,  /* fd, size */
	DISK_SIZE,      /* fd -> bytes in `size`, and in `offset` how many names it has: what is
			 * cut off it is cut off for all of them */
	DISK_RENAME,    /* path -> path2 */
	DISK_UNLINK,    /* path; a directory with DISK_FLAG_DIRECTORY in flags */
	DISK_MKDIR,     /* path, mode */
	DISK_LIST,      /* path -> names, see below */
	DISK_STAT,      /* path -> device in `offset`, inode in `size`, mode; when its bytes, or
			 * the names in it, changed, in ns (control only) */
	DISK_COMMIT,    /* fd, size: changes the file's size to `size` and syncs it. Where the
			 * file system has one journal for all, that commits what was done to any
			 * of its files before, too. With DISK_FLAG_ALL, fd: syncs the whole file
			 * system, which does the same without a journal: flush_group.h */
	DISK_SPACE,     /* path -> bytes of its file system in `size`, and of these in `offset`
			 * what it has left for others than root (control only) */
	DISK_TRAITS,    /* fd -> device in `offset`; 1: its blocks are plain, written directly
			 * and in place, once they are zeroed; 0: they are not, or nobody knows */
};

enum { DISK_KINDS = DISK_TRAITS + 1 };

enum {
	DISK_FLAG_DIRECTORY = 1,
	DISK_FLAG_LINK = 2, /* DISK_STAT: of a link itself, not of what it points to */
	DISK_FLAG_ALL = 4,  /* DISK_COMMIT: everything, whoever wrote it */
};

struct disk_op {
	uint8_t kind; /* enum disk_kind */
	uint8_t tag;  /* submitter's own: what the op is a part of */
	int fd;
	int flags;
	int mode;
	const char *path;
	const char *path2;
	const struct iovec *iov; /* direct I/O: base, length and offset in DISK_BLOCK_BYTES */
	unsigned iov_count;
	uint64_t offset;
	uint64_t size;
	/* DISK_LIST: names without "." and "..", NUL after each; malloc'ed, the caller's. */
	char *names;
	size_t names_bytes;
	/* Completion: >= 0 (fd, bytes, time) or -errno. A short write is a result, not an error. */
	int64_t result;
	void *owner; /* submitter's own */
	struct open_file *file; /* whose descriptor it is: descriptors.h */
	struct disk_op *next; /* the disk's own */
};

struct disk;

/* `name` goes into error messages. Null with *error = -errno. */
struct disk *disk_create(const char *name, int *error);
void disk_destroy(struct disk *d);

/* Disks that one thread turns share the kernel's workers, which wait with every call that blocks.
 * There are enough of them from here on for all calls of `disks` disks, so that one whose calls do
 * not come back leaves some to the others. */
void disk_keep_apart(struct disk *d, unsigned disks);

bool disk_has_room(const struct disk *d);
void disk_submit(struct disk *d, struct disk_op *give);
/* Makes what was submitted since the last call visible to the kernel: once per turn. */
void disk_kick(struct disk *d);
unsigned disk_reap(struct disk *d, struct disk_op **ret, unsigned max);
unsigned disk_outstanding(const struct disk *d);
/* Readable when something can be reaped, or -1. */
int disk_wait_fd(const struct disk *d);

/* Makes one call and waits for it. Core: control and its crew (control/catalog/crew.h), each for
 * itself: nothing of the disk is changed, and nothing may be outstanding. Returns op->result. */
int64_t disk_run(struct disk *d, struct disk_op *op);

#endif
