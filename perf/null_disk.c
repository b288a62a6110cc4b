/* null_disk.c - the disk seam for measuring what is above it: every call succeeds at the next
 * reap, nothing is kept. Files are empty when they are opened to be written; there are none that
 * are only to be read.
 *
 * NULL_DISK_MB_PER_S makes it a slow one: calls are done one after the other, a write takes as long
 * as its bytes do at that rate. A gateway in front of it has a capacity that is known beforehand.
 */
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/store/disk/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <sys/stat.h>

struct disk {
	struct disk_op *first, *last;
	unsigned outstanding;
	int next_fd;
	double ns_per_byte; /* 0: no time at all */
	uint64_t begun_ns;  /* when it turned to `first` */
	void *made;         /* tsearch() tree of the directories made */
};

struct disk *disk_create(const char *name, int *error)
{
	struct disk *d = calloc(1, sizeof *d);
	require(d);
	d->next_fd = 1000;
	const char *mb_per_s = getenv("NULL_DISK_MB_PER_S");
	if (mb_per_s)
		d->ns_per_byte = 1e3 / strtod(mb_per_s, NULL);
	*error = 0;
	return d;
}

void disk_destroy(struct disk *d)
{
	tdestroy(d->made, free);
	free(d);
}

void disk_keep_apart(struct disk *d, unsigned disks)
{
}

bool disk_has_room(const struct disk *d)
{
	return d->outstanding < DISK_QUEUE_ENTRIES;
}

static int64_t iov_bytes(const struct disk_op *op)
{
	int64_t bytes = 0;
	for (unsigned i = 0; i < op->iov_count; i++)
		bytes += (int64_t)op->iov[i].iov_len;
	return bytes;
}

/* What is opened to be read is missing: a start finds nothing of an earlier one. */
static bool is_there(const struct disk_op *op)
{
	return (op->flags & O_ACCMODE) != O_RDONLY || op->flags & O_DIRECTORY;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* A directory that was made is there, and what the gateway takes for granted, its own. */
static void look(struct disk *d, struct disk_op *op)
{
	bool is_made = tfind(op->path, &d->made, compare_paths) != NULL;
	op->result = is_made || !(op->flags & DISK_FLAG_LINK) ? 0 : -ENOENT;
	op->mode = S_IFDIR;
	op->offset = op->size = 1;
}

static void complete(struct disk *d, struct disk_op *op)
{
	op->result = 0;
	if (op->kind == DISK_OPEN)
		op->result = is_there(op) ? d->next_fd++ : -ENOENT;
	else if (op->kind == DISK_WRITE)
		op->result = iov_bytes(op);
	else if (op->kind == DISK_SIZE)
		op->size = 0;
	else if (op->kind == DISK_LIST)
		op->names_bytes = 0;
	else if (op->kind == DISK_STAT)
		look(d, op);
	else if (op->kind == DISK_MKDIR)
		tsearch(strdup(op->path), &d->made, compare_paths);
}

/* A disk that had nothing to do turns to the call now; else to each when the one before is
 * done. */
void disk_submit(struct disk *d, struct disk_op *give)
{
	give->next = NULL;
	if (d->last)
		d->last->next = give;
	else
		d->first = give;
	if (d->first == give && d->ns_per_byte > 0)
		d->begun_ns = clock_now_ns();
	d->last = give;
	d->outstanding++;
}

void disk_kick(struct disk *d)
{
}

/* The disk has done `first`, or has not got that far. */
static bool is_done(struct disk *d, uint64_t now_ns)
{
	if (d->first->kind != DISK_WRITE)
		return true;
	uint64_t end_ns =
		d->begun_ns + (uint64_t)((double)iov_bytes(d->first) * d->ns_per_byte);
	if (end_ns > now_ns)
		return false;
	d->begun_ns = end_ns;
	return true;
}

/* In the order of submission: what a sync covers is done before it. */
unsigned disk_reap(struct disk *d, struct disk_op **ret, unsigned max)
{
	unsigned count = 0;
	uint64_t now_ns = d->first && d->ns_per_byte > 0 ? clock_now_ns() : 0;
	while (count < max && d->first && (!now_ns || is_done(d, now_ns))) {
		struct disk_op *op = d->first;
		d->first = op->next;
		if (!d->first)
			d->last = NULL;
		complete(d, op);
		ret[count++] = op;
		d->outstanding--;
	}
	return count;
}

unsigned disk_outstanding(const struct disk *d)
{
	return d->outstanding;
}

int disk_wait_fd(const struct disk *d)
{
	return -1;
}

int64_t disk_run(struct disk *d, struct disk_op *op)
{
	complete(d, op);
	return op->result;
}
