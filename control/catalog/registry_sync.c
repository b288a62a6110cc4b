/* registry_sync.c - jobs that wait in, one sync of the file system for all of them, jobs that go on
 * out; see registry_sync.h. */
#include "control/catalog/registry_sync.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/store/files.h"

#include <poll.h>

enum {
	/* Where one job has much to do others do not wait longer than that for a sync to begin. */
	SYNC_GATHER_MS = 5,
	CLOSE_POLL_MS = 1,
};

int syncs_open(struct registry *r)
{
	int error;
	list_init(&r->syncs.waiting);
	list_init(&r->syncs.covered);
	r->syncs.fd = -1;
	r->syncs.disk = disk_create("syncs", &error);
	if (!r->syncs.disk)
		return error;
	/* One of its own: an error is told once to each. */
	r->syncs.fd = directory_open(r->dir->disk, r->dir->path);
	return r->syncs.fd < 0 ? r->syncs.fd : 0;
}

void syncs_close(struct registry *r)
{
	struct syncs *s = &r->syncs;
	if (!s->disk)
		return;
	while (disk_outstanding(s->disk) > 0 && !syncs_reap(r))
		poll(&(struct pollfd){disk_wait_fd(s->disk), POLLIN, 0}, 1, CLOSE_POLL_MS);
	disk_destroy(s->disk);
	file_close(r->dir->disk, &s->fd);
}

void syncs_join(struct registry *r, struct job *j)
{
	j->syncs_failed = r->syncs.failed;
}

void syncs_wait(struct registry *r, struct job *j)
{
	require(!j->is_syncing);
	j->is_syncing = true;
	j->sync_error = 0;
	list_append(&r->syncs.waiting, &j->sync_node);
}

void syncs_hasten(struct registry *r)
{
	r->syncs.is_wanted = true;
}

void syncs_leave(struct job *j)
{
	list_remove(&j->sync_node);
	j->is_syncing = false;
}

static void let_go(struct syncs *s, int error)
{
	struct list *node;
	s->failed += error != 0;
	s->error = error ? error : s->error;
	while ((node = list_take_first(&s->covered))) {
		struct job *j = list_entry(node, struct job, sync_node);
		j->is_syncing = false;
		j->sync_error = j->syncs_failed == s->failed ? 0 : s->error;
	}
}

bool syncs_reap(struct registry *r)
{
	struct syncs *s = &r->syncs;
	struct disk_op *op;
	if (disk_outstanding(s->disk) == 0 || disk_reap(s->disk, &op, 1) == 0)
		return false;
	let_go(s, (int)op->result);
	return true;
}

/* The first to wait since the last one began starts the clock. */
static bool is_due(struct syncs *s, uint64_t now_ns, bool is_idle)
{
	if (list_is_empty(&s->waiting) && !s->is_wanted) {
		s->since_ns = 0;
		return false;
	}
	s->since_ns = s->since_ns ? s->since_ns : now_ns;
	return is_idle || now_ns - s->since_ns >= SYNC_GATHER_MS * NS_PER_MS;
}

bool syncs_begin(struct registry *r, uint64_t now_ns, bool is_idle)
{
	struct syncs *s = &r->syncs;
	if (!is_due(s, now_ns, is_idle) || disk_outstanding(s->disk) > 0)
		return false;
	list_splice(&s->covered, &s->waiting);
	s->is_wanted = false;
	s->since_ns = 0;
	s->op = (struct disk_op){.kind = DISK_SYNC_ALL, .fd = s->fd};
	disk_submit(s->disk, &s->op);
	disk_kick(s->disk);
	return true;
}
