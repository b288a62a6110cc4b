/* fake_disk.c - operations in, completions at the test's word out; see fake_disk.h. */
#include "tests/unit/store/disk/fake_disk.h"
#include "dataplane/base/require.h"
#include "dataplane/store/disk/disk_call.h"
#include "tests/aligned.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

struct disk {
	struct disk_op *pending[DISK_QUEUE_ENTRIES];
	unsigned pending_count;
	struct disk_op *done[DISK_QUEUE_ENTRIES];
	unsigned done_count;
	bool is_eager;
	unsigned seed;
	unsigned fail_in[DISK_KINDS];
	int64_t fail_result[DISK_KINDS];
	unsigned submitted[DISK_KINDS];
	void (*watch)(const struct disk_op *op);
};

struct disk *disk_create(const char *name, int *error)
{
	*error = 0;
	return calloc(1, sizeof(struct disk));
}

void disk_destroy(struct disk *d)
{
	require(disk_outstanding(d) == 0);
	free(d);
}

void disk_keep_apart(struct disk *d, unsigned disks)
{
}

bool disk_has_room(const struct disk *d)
{
	return disk_outstanding(d) < DISK_QUEUE_ENTRIES;
}

void disk_submit(struct disk *d, struct disk_op *give)
{
	require(disk_has_room(d));
	d->pending[d->pending_count++] = give;
	d->submitted[give->kind]++;
	/* Tests look for what happens to files that are open. */
	if (give->kind == DISK_OPEN || give->kind == DISK_CLOSE)
		fake_complete(d, give);
}

void disk_kick(struct disk *d)
{
}

static void take_pending(struct disk *d, struct disk_op *op)
{
	unsigned i = 0;
	while (i < d->pending_count && d->pending[i] != op)
		i++;
	require(i < d->pending_count);
	memmove(&d->pending[i], &d->pending[i + 1],
		(d->pending_count - i - 1) * sizeof d->pending[0]);
	d->pending_count--;
	d->done[d->done_count++] = op;
}

static bool is_refused(const struct disk_op *op)
{
	return op->kind == DISK_WRITE && (fcntl(op->fd, F_GETFL) & O_DIRECT) &&
	       !disk_op_is_aligned(op);
}

static void make_call(struct disk *d, struct disk_op *op)
{
	if (d->fail_in[op->kind] > 0 && --d->fail_in[op->kind] == 0)
		op->result = d->fail_result[op->kind];
	else if (is_refused(op))
		op->result = -EINVAL;
	else
		disk_call(op);
}

void fake_complete(struct disk *d, struct disk_op *op)
{
	take_pending(d, op);
	make_call(d, op);
}

void fake_fail(struct disk *d, struct disk_op *op, int64_t result)
{
	take_pending(d, op);
	op->result = result;
}

unsigned disk_reap(struct disk *d, struct disk_op **ret, unsigned max)
{
	while (d->is_eager && d->pending_count > 0)
		fake_complete(d, d->pending[(unsigned)rand_r(&d->seed) % d->pending_count]);
	unsigned n = min_u32(max, d->done_count);
	memcpy(ret, d->done, n * sizeof *ret);
	memmove(d->done, d->done + n, (d->done_count - n) * sizeof d->done[0]);
	d->done_count -= n;
	return n;
}

unsigned disk_outstanding(const struct disk *d)
{
	return d->pending_count + d->done_count;
}

int disk_wait_fd(const struct disk *d)
{
	return -1;
}

int64_t disk_run(struct disk *d, struct disk_op *op)
{
	make_call(d, op);
	if (d->watch)
		d->watch(op);
	return op->result;
}

void fake_watch(struct disk *d, void (*watch)(const struct disk_op *op))
{
	d->watch = watch;
}

void fake_eager(struct disk *d, bool is_eager, unsigned seed)
{
	d->is_eager = is_eager;
	d->seed = seed;
}

unsigned fake_pending(const struct disk *d)
{
	return d->pending_count;
}

struct disk_op *fake_op(const struct disk *d, unsigned i)
{
	return d->pending[i];
}

struct disk_op *fake_find(const struct disk *d, enum disk_kind kind)
{
	for (unsigned i = 0; i < d->pending_count; i++)
		if (d->pending[i]->kind == kind)
			return d->pending[i];
	return NULL;
}

unsigned fake_count(const struct disk *d, enum disk_kind kind)
{
	unsigned n = 0;
	for (unsigned i = 0; i < d->pending_count; i++)
		n += d->pending[i]->kind == kind;
	return n;
}

void fake_fail_at(struct disk *d, enum disk_kind kind, unsigned n, int64_t result)
{
	d->fail_in[kind] = n;
	d->fail_result[kind] = result;
}

unsigned fake_submitted(const struct disk *d, enum disk_kind kind)
{
	return d->submitted[kind];
}
