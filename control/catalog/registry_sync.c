/* registry_sync.c - jobs that wait in, one sync of a file system for all of them, jobs that go on
 * out; see registry_sync.h. */
#include "control/catalog/registry_sync.h"
#include "control/catalog/registry_dirs.h"
#include "control/catalog/registry_offline.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/store/files.h"

#include <errno.h>
#include <poll.h>

enum {
	/* Where one job has much to do others do not wait longer than that for a sync to begin. */
	SYNC_GATHER_MS = 5,
	CLOSE_POLL_MS = 1,
};

/* ---- who waits ----------------------------------------------------------------------------- */

void syncs_join(struct registry *r, struct job *j)
{
	for_each_dir(d, r) j->syncs_failed[d->number] = r->syncs[d->number].failed;
}

void syncs_wait(struct registry *r, struct job *j, uint32_t dirs)
{
	require(!j->is_syncing && dirs != 0);
	j->is_syncing = true;
	j->sync_error = 0;
	j->syncs_awaited = dirs;
	for_each_dir(d, r) r->syncs[d->number].waiting += (dirs & dir_bit(d)) != 0;
	list_append(&r->syncing, &j->sync_node);
}

void syncs_hasten(struct registry *r, uint32_t dirs)
{
	for_each_dir(d, r) r->syncs[d->number].is_wanted |= (dirs & dir_bit(d)) != 0;
}

void syncs_leave(struct registry *r, struct job *j)
{
	for_each_dir(d, r) r->syncs[d->number].waiting -= (j->syncs_awaited & dir_bit(d)) != 0;
	j->syncs_awaited = j->syncs_begun = 0;
	list_remove(&j->sync_node);
	j->is_syncing = false;
}

/* The job waits for this directory no more. */
static void let_go(struct registry *r, struct job *j, const struct log_dir *d, int error)
{
	r->syncs[d->number].waiting -= (j->syncs_awaited & dir_bit(d)) != 0;
	j->syncs_awaited &= ~dir_bit(d);
	j->syncs_begun &= ~dir_bit(d);
	if (error && !j->sync_error) {
		j->sync_error = error;
		j->sync_dir = d;
	}
	if (!j->syncs_awaited && !j->syncs_begun)
		syncs_leave(r, j);
}

/* Of the last sync that failed since the job has begun. */
static int error_of(const struct job *j, const struct syncs *s, const struct log_dir *d)
{
	return j->syncs_failed[d->number] == s->failed ? 0 : s->error;
}

/* Of one that is under way the end is awaited, unless nothing is heard of it any more. */
static uint32_t waits_of(const struct job *j, const struct log_dir *d, bool is_over)
{
	uint32_t waits = is_over ? 0 : j->syncs_awaited;
	return is_over || d->is_stuck ? waits | j->syncs_begun : waits;
}

/* A sync is over; or there will be none, and `why`. True: somebody waited for it. */
static bool settle(struct registry *r, const struct log_dir *d, int why)
{
	bool any = false;
	struct list all, *node;
	list_init(&all);
	list_splice(&all, &r->syncing);
	while ((node = list_take_first(&all))) {
		struct job *j = list_entry(node, struct job, sync_node);
		list_append(&r->syncing, node);
		if ((waits_of(j, d, why == 0) & dir_bit(d)) == 0)
			continue;
		let_go(r, j, d, why ? why : error_of(j, &r->syncs[d->number], d));
		any = true;
	}
	return any;
}

/* ---- syncs --------------------------------------------------------------------------------- */

static bool reap(struct registry *r, struct log_dir *d)
{
	struct syncs *s = &r->syncs[d->number];
	struct disk_op *op;
	if (!s->disk || disk_outstanding(s->disk) == 0 || disk_reap(s->disk, &op, 1) == 0)
		return false;
	int error = (int)op->result;
	s->failed += error != 0;
	s->error = error ? error : s->error;
	settle(r, d, 0);
	directory_note_error(r, d, error);
	return true;
}

bool syncs_reap(struct registry *r)
{
	bool any = false;
	for_each_dir(d, r) {
		any |= reap(r, d);
		if (d->is_lost || d->is_stuck)
			any |= settle(r, d, d->is_lost ? -ESTALE : -ETIMEDOUT);
	}
	return any;
}

/* The first to wait since the last one began starts the clock. */
static bool is_due(struct syncs *s, uint64_t now_ns, bool is_idle)
{
	if (s->waiting == 0 && !s->is_wanted) {
		s->since_ns = 0;
		return false;
	}
	s->since_ns = s->since_ns ? s->since_ns : now_ns;
	return is_idle || now_ns - s->since_ns >= SYNC_GATHER_MS * NS_PER_MS;
}

static bool begin(struct registry *r, const struct log_dir *d, uint64_t now_ns, bool is_idle)
{
	struct syncs *s = &r->syncs[d->number];
	if (d->is_lost || d->is_stuck || !is_due(s, now_ns, is_idle) ||
	    disk_outstanding(s->disk) > 0)
		return false;
	list_for_each(node, &r->syncing) {
		struct job *j = list_entry(node, struct job, sync_node);
		j->syncs_begun |= j->syncs_awaited & dir_bit(d);
		j->syncs_awaited &= ~dir_bit(d);
	}
	s->waiting = 0;
	s->is_wanted = false;
	s->since_ns = 0;
	s->op = (struct disk_op){.kind = DISK_SYNC_ALL, .fd = s->fd};
	disk_submit(s->disk, &s->op);
	disk_kick(s->disk);
	return true;
}

bool syncs_begin(struct registry *r, uint64_t now_ns, bool is_idle)
{
	bool any = false;
	for_each_dir(d, r) any |= begin(r, d, now_ns, is_idle);
	return any;
}

/* ---- disks --------------------------------------------------------------------------------- */

static int open_one(struct syncs *s, const struct log_dir *d)
{
	int error;
	s->fd = -1;
	s->disk = disk_create("syncs", &error);
	if (!s->disk)
		return error;
	/* One of its own: an error is told once to each. */
	s->fd = directory_open(d->disk, d->path);
	return s->fd < 0 ? s->fd : 0;
}

int syncs_open(struct registry *r)
{
	list_init(&r->syncing);
	for_each_dir(d, r) {
		int error = d->is_lost ? 0 : open_one(&r->syncs[d->number], d);
		if (error && d == r->dir)
			return error;
		if (error)
			directory_give_up(r, d, error);
	}
	return 0;
}

static void close_one(struct registry *r, struct log_dir *d)
{
	struct syncs *s = &r->syncs[d->number];
	while (s->disk && disk_outstanding(s->disk) > 0 && !d->is_stuck && !reap(r, d))
		poll(&(struct pollfd){disk_wait_fd(s->disk), POLLIN, 0}, 1, CLOSE_POLL_MS);
	if (!s->disk || disk_outstanding(s->disk) > 0)
		return;
	disk_destroy(s->disk);
	if (s->fd >= 0)
		file_close(d->disk, &s->fd);
}

void syncs_close(struct registry *r)
{
	for_each_dir(d, r) close_one(r, d);
}

unsigned syncs_wait_fds(const struct registry *r, int ret[LOG_DIRS_MAX])
{
	unsigned count = 0;
	for_each_dir(d, r)
		if (r->syncs[d->number].disk)
			ret[count++] = disk_wait_fd(r->syncs[d->number].disk);
	return count;
}
