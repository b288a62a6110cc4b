/* registry_fakes.c - what the registry stands on, for its tests: logs that are only
 * counted, marks, and a disk that makes real calls until it dies. Only a sync is none: nothing
 * here outlives the machine (test_registry_power.c does), and a test makes thousands. */
#include "dataplane/store/disk/disk_call.h"
#include "tests/unit/control/catalog/registry_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

struct rig_faults faults;

/* Not from the heap: a crash forgets them. */
struct log {
	bool is_open;
};

static struct log logs[256];

static struct log *log_take(void)
{
	struct log *log = logs;
	while (log->is_open)
		log++;
	log->is_open = true;
	return log;
}

void rig_forget_logs(void)
{
	memset(logs, 0, sizeof logs);
}

/* A full disk takes what lies where something was. */
static bool takes_room(const struct disk_op *op)
{
	struct disk_op size = {.kind = DISK_SIZE, .fd = op->fd};
	disk_call(&size);
	return op->offset + op->iov[0].iov_len > size.size;
}

/* Of a descriptor that is none it fails as a real one. */
static int sync_nothing(const struct disk_op *op)
{
	return fcntl(op->fd, F_GETFD) < 0 ? -errno : 0;
}

static bool changes_something(const struct disk_op *op)
{
	return op->kind == DISK_WRITE || op->kind == DISK_SYNC || op->kind == DISK_SYNC_ALL ||
	       op->kind == DISK_RENAME || op->kind == DISK_UNLINK || op->kind == DISK_MKDIR ||
	       (op->kind == DISK_OPEN && (op->flags & (O_CREAT | O_WRONLY | O_DIRECTORY)));
}

/* Some fail, the others work: no process dies of it. */
static bool fails_in_burst(const struct disk_op *op)
{
	if (faults.changes_left == 0 || !changes_something(op))
		return false;
	if (faults.changes_left > 1) {
		faults.changes_left--;
		return false;
	}
	if (faults.failed == faults.failures)
		return false;
	faults.failed++;
	return true;
}

/* A file that is open tells its path. */
static bool is_below(const struct disk_op *op, const char *directory)
{
	char link[64], path[PATH_MAX] = "";
	snprintf(link, sizeof link, "/proc/self/fd/%d", op->fd);
	if (op->path)
		snprintf(path, sizeof path, "%s", op->path);
	else if (readlink(link, path, sizeof path - 1) < 0)
		return false;
	return strncmp(path, directory, strlen(directory)) == 0;
}

static bool fails_there(const struct disk_op *op)
{
	bool may_fail = faults.fails_syncs ? op->kind == DISK_SYNC_ALL : changes_something(op);
	return faults.failing && may_fail && is_below(op, faults.failing);
}

int64_t disk_run(struct disk *d, struct disk_op *op)
{
	bool is_look = op->kind == DISK_STAT || op->kind == DISK_SPACE;
	faults.calls += !is_look;
	if (faults.delay_us)
		usleep(faults.delay_us);
	faults.delayed_us += faults.delay_us;
	if (!is_look && faults.calls_left && --faults.calls_left == 0)
		faults.is_dead = true;
	if (faults.is_dead || fails_in_burst(op)) {
		op->result = faults.failing_error ? faults.failing_error : -EIO;
		return op->result;
	}
	if (fails_there(op)) {
		op->result = faults.failing_error;
		return op->result;
	}
	if (op->kind == DISK_WRITE && faults.is_full &&
	    (faults.copies_on_write || takes_room(op)))
		op->result = -ENOSPC;
	else if (op->kind == DISK_RENAME && faults.is_full && faults.has_full_names &&
		 strlen(op->path2) > strlen(op->path))
		op->result = -ENOSPC;
	else if (op->kind == DISK_SYNC || op->kind == DISK_SYNC_ALL)
		op->result = sync_nothing(op);
	else
		disk_call(op);
	if (op->kind == DISK_SPACE && faults.bytes_left) {
		op->size = UINT64_C(1) << 40;
		op->offset = faults.bytes_left;
	}
	if (op->kind == DISK_UNLINK && op->result >= 0 && !strstr(op->path, ".penstock.tmp"))
		faults.is_full = false;
	return op->result;
}

/* Of syncs: done when they are submitted, told when they are asked for. */
struct disk {
	struct disk_op *done;
};

struct disk *disk_create(const char *name, int *error)
{
	*error = 0;
	return calloc(1, sizeof(struct disk));
}

void disk_destroy(struct disk *d)
{
	free(d);
}

unsigned disk_outstanding(const struct disk *d)
{
	return d->done != NULL;
}

int disk_wait_fd(const struct disk *d)
{
	return -1;
}

void disk_submit(struct disk *d, struct disk_op *op)
{
	disk_run(d, op);
	d->done = op;
	faults.syncs++;
}

void disk_kick(struct disk *d)
{
}

unsigned disk_reap(struct disk *d, struct disk_op **ret, unsigned max)
{
	if (!d->done || faults.sync_is_slow ||
	    (faults.slow_at && is_below(d->done, faults.slow_at)))
		return 0;
	*ret = d->done;
	d->done = NULL;
	return 1;
}

struct log *log_open(struct disk *d, const struct log_open_options *options,
		     struct log_recovery *ret, int *error)
{
	faults.last_options = options->log;
	faults.last_recovery_point = options->recovery_point;
	faults.last_log_start = options->log_start_offset;
	faults.last_is_compacted = options->is_compacted;
	faults.last_is_clean = options->is_clean;
	faults.last_mark = ret->durable_mark = options->durable_mark;
	faults.start_of[faults.opened % array_len(faults.start_of)] = options->log_start_offset;
	faults.mark_of[faults.opened++ % array_len(faults.mark_of)] = options->durable_mark;
	ret->has_old_mark = faults.has_old_mark;
	const char *name = strrchr(options->directory, '/') + 1;
	*error = faults.log_error;
	faults.is_full |= faults.log_error == -ENOSPC;
	if (faults.log_error &&
	    (!faults.log_error_at || strcmp(name, faults.log_error_at) == 0))
		return NULL;
	if (faults.log_is_corrupt) {
		ret->is_corrupt = true;
		snprintf(ret->message, sizeof ret->message, "damage at offset 7");
	}
	faults.logs_open++;
	return log_take();
}

void log_close(struct log *log)
{
	faults.logs_open--;
	log->is_open = false;
}

void log_alter(struct log *log, const struct log_options *options)
{
	faults.last_options = *options;
}

void log_get_marks(const struct log *log, struct log_marks *ret)
{
	*ret = (struct log_marks){.high_watermark = 42, .recovery_point = 41};
}

void marks_read(struct marks_page *page, struct log_marks *ret)
{
	*ret = page->marks;
}
