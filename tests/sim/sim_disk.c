/* sim_disk.c - the disk seam over a simulated file system: operations under way, their
 * faults and crashes; files and entries are sim_fs.c's. See sim_disk.h. */
#include "tests/sim/sim_disk.h"
#include "control/catalog/flush_rule.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/require.h"
#include "tests/aligned.h"
#include "tests/sim/sim_fs.h"

#include <errno.h>
#include <fcntl.h>

enum { SECTOR_BYTES = 512, STALL_FACTOR = 100 };

static const char *const disk_kinds[] = {
	[DISK_OPEN] = "open ",
	[DISK_CLOSE] = "close",
	[DISK_READ] = "read",
	[DISK_WRITE] = "write",
	[DISK_SYNC] = "sync",
	[DISK_SYNC_ALL] = "sync of all",
	[DISK_ALLOCATE] = "allocate",
	[DISK_TRUNCATE] = "truncate",
	[DISK_SIZE] = "size",
	[DISK_RENAME] = "rename of ",
	[DISK_UNLINK] = "unlink of ",
	[DISK_MKDIR] = "mkdir ",
	[DISK_LIST] = "list of ",
	[DISK_STAT] = "look at ",
	[DISK_COMMIT] = "commit",
	[DISK_SPACE] = "space of ",
	[DISK_TRAITS] = "traits",
};

/* An operation under way. */
struct pending {
	struct pending *next;
	struct disk *disk;
	struct disk_op *op;
	uint64_t due_ns;
	uint64_t sequence; /* a sync keeps what completed before it was submitted */
	uint32_t check;    /* of a write's bytes */
	struct sim_snapshot *snapshot; /* of a sync */
	/* Of a commit, a sync of a file that needs none, or one of all. */
	struct sim_flush *flush;
	bool has_failed; /* its result is set; control's */
};

struct disk {
	struct sim_fs *fs;
	unsigned outstanding;
	uint32_t files;
	uint32_t files_max;
	struct disk *next;
};

static uint32_t write_check(const struct disk_op *op)
{
	uint32_t crc = 0;
	for (unsigned i = 0; i < op->iov_count; i++)
		crc = crc32c_extend(crc, op->iov[i].iov_base, op->iov[i].iov_len);
	return crc;
}

static size_t iov_bytes(const struct disk_op *op)
{
	size_t bytes = 0;
	for (unsigned i = 0; i < op->iov_count; i++)
		bytes += op->iov[i].iov_len;
	return bytes;
}

struct disk *disk_create(const char *name, int *error)
{
	struct disk *d = calloc(1, sizeof *d);
	require(d);
	d->fs = sim_world()->fs;
	d->files_max = UINT32_MAX;
	d->next = d->fs->disks;
	d->fs->disks = d;
	*error = 0;
	return d;
}

void disk_destroy(struct disk *d)
{
	require(d->outstanding == 0);
	struct disk **at = &d->fs->disks;
	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	free(d);
}

void disk_keep_apart(struct disk *d, unsigned disks)
{
}

bool disk_has_room(const struct disk *d)
{
	return d->outstanding < DISK_QUEUE_ENTRIES;
}

static uint64_t op_duration_ns(struct sim_fs *fs, const struct disk_op *op)
{
	struct rng *rng = &sim_world()->rng;
	uint64_t mean = op->kind == DISK_WRITE || op->kind == DISK_READ ? fs->faults.write_ns
									: fs->faults.sync_ns;
	if (rng_one_in(rng, fs->faults.stall))
		mean *= STALL_FACTOR;
	return mean / 4 + rng_below(rng, mean * 3 / 2 + 1);
}

/* What an operation will keep is settled when it is submitted. A sync of a file that nothing is
 * pending of is the device's flush, and covers overwrites in any file; other syncs are not
 * trusted to be more than a sync of theirs. */
static void take_snapshots(struct sim_fs *fs, struct pending *p)
{
	struct sim_fd *fd = sim_fs_fd(fs, p->op->fd);
	if (fd && p->op->kind == DISK_SYNC_ALL)
		p->flush = sim_fs_flush_begin(fs, SIM_SYNC, fd->file->device);
	if (!fd || fd->file->is_directory)
		return;
	if (p->op->kind == DISK_COMMIT)
		p->flush = sim_fs_flush_begin(fs, SIM_SYNC, fd->file->device);
	if (p->op->kind != DISK_SYNC)
		return;
	p->snapshot = sim_file_snapshot(fd->file, SIM_SYNC);
	if (sim_file_is_clean(fd->file))
		p->flush = sim_fs_flush_begin(fs, SIM_FLUSH, fd->file->device);
}

/* From its beginning on there is something pending of the file that a commit changes. */
static void change_for_commit(struct sim_fs *fs, const struct disk_op *op)
{
	struct sim_fd *fd = sim_fs_fd(fs, op->fd);
	if (fd && op->kind == DISK_COMMIT && !(op->flags & DISK_FLAG_ALL))
		sim_file_resize(fd->file, op->size, ++fs->sequence);
}

static void drop_snapshots(struct pending *p)
{
	free(p->snapshot);
	sim_fs_flush_drop(p->flush);
}

static int64_t run_write(struct sim_fs *fs, struct sim_file *f, const struct disk_op *op,
			 size_t bytes_max)
{
	size_t done = 0;
	for (unsigned i = 0; i < op->iov_count && done < bytes_max; i++) {
		size_t n = min_size(op->iov[i].iov_len, bytes_max - done);
		sim_file_write(f, op->offset + done, op->iov[i].iov_base, n, ++fs->sequence);
		done += n;
	}
	return (int64_t)done;
}

static bool takes_room(const struct disk_op *op)
{
	return op->kind == DISK_WRITE || op->kind == DISK_ALLOCATE || op->kind == DISK_MKDIR ||
	       (op->kind == DISK_OPEN && (op->flags & O_CREAT));
}

static bool changes_something(const struct disk_op *op)
{
	return takes_room(op) || op->kind == DISK_SYNC || op->kind == DISK_SYNC_ALL ||
	       op->kind == DISK_COMMIT ||
	       op->kind == DISK_TRUNCATE || op->kind == DISK_RENAME ||
	       op->kind == DISK_UNLINK ||
	       (op->kind == DISK_OPEN && (op->flags & O_DIRECTORY));
}

/* The second device is dead from its n-th operation of a writer on. */
static bool is_on_dead_device(struct sim_fs *fs, const struct disk_op *op, bool is_writers)
{
	if (!fs->faults.dead_at || sim_fs_device(fs, op) != SIM_DISK_DEVICE + 1)
		return false;
	fs->second_operations += is_writers;
	return fs->second_operations >= fs->faults.dead_at;
}

/* A full disk takes a part of a write, then nothing. */
static int64_t run_on_full_disk(struct sim_fs *fs, const struct disk_op *op)
{
	struct sim_fd *fd = sim_fs_fd(fs, op->fd);
	size_t bytes = iov_bytes(op) / 2;
	if (op->kind != DISK_WRITE || bytes == 0 || fs->control_operations % 2)
		return -ENOSPC;
	return run_write(fs, fd->file, op, bytes);
}

/* True: it fails, its result is set. May not return: the process or the power is gone. */
static bool control_fails(struct sim_fs *fs, struct disk_op *op)
{
	const struct sim_control_faults *f = &fs->control_faults;
	if (!changes_something(op))
		return false;
	uint64_t n = ++fs->control_operations;
	if (n == f->cut_at)
		longjmp(sim_world()->cut, 1);
	bool is_dead = (f->dead_at && n >= f->dead_at) || is_on_dead_device(fs, op, false);
	if (!is_dead && (n < f->fail_at || n >= f->fail_at + f->failures ||
			 (f->is_full && !takes_room(op))))
		return false;
	fs->control_failures++;
	op->result = f->is_full && !is_dead ? run_on_full_disk(fs, op) : -EIO;
	sim_say("control: %s%s fails", disk_kinds[op->kind], op->path ? op->path : "");
	return true;
}

void disk_submit(struct disk *d, struct disk_op *give)
{
	require(disk_has_room(d));
	struct sim_fs *fs = d->fs;
	struct pending *p = calloc(1, sizeof *p);
	require(p);
	p->disk = d;
	p->op = give;
	p->due_ns = sim_world()->now_ns + op_duration_ns(fs, give);
	change_for_commit(fs, give);
	p->sequence = fs->sequence;
	p->has_failed = give->kind == DISK_SYNC_ALL && control_fails(fs, give);
	if (give->kind == DISK_WRITE)
		p->check = write_check(give);
	take_snapshots(fs, p);
	p->next = fs->pending;
	fs->pending = p;
	d->outstanding++;
}

void disk_kick(struct disk *d)
{
}

/* Every file system that there may be, by seed: this disk keeps what each of them promises. */
void flush_rule_find(const char *directory, struct flush_rule *ret)
{
	static const struct flush_rule rules[] = {
		{.may_flush = true, .may_commit = true, .has_journal = true, .reason = "a journal"},
		{.may_flush = true, .may_commit = true, .has_journal = true, .reason = "a journal"},
		{.may_flush = true, .may_commit = true, .reason = "no journal"},
		{.may_commit = true, .has_journal = true, .reason = "shared blocks"},
		{.reason = "not known"},
	};
	struct disk_op look = {.kind = DISK_STAT, .path = directory};
	sim_fs_stat(sim_world()->fs, &look);
	*ret = rules[(sim_world()->seed + look.offset - SIM_DISK_DEVICE) % array_len(rules)];
	ret->device = look.offset;
}

static int64_t run_read(const struct sim_file *f, const struct disk_op *op)
{
	size_t done = 0;
	for (unsigned i = 0; i < op->iov_count; i++) {
		uint64_t at = op->offset + done;
		if (at >= f->size)
			break;
		size_t n = min_size(op->iov[i].iov_len, f->size - at);
		memcpy(op->iov[i].iov_base, f->now + at, n);
		done += n;
		if (n < op->iov[i].iov_len)
			break;
	}
	return (int64_t)done;
}

static int64_t run_sync(struct sim_fs *fs, struct sim_fd *fd, struct pending *p)
{
	if (fd->file->is_directory)
		sim_fs_keep_entries(fs, fd->file, p->sequence);
	else
		sim_file_keep(fd->file, p->snapshot, p->sequence);
	p->snapshot = NULL;
	if (p->flush)
		sim_fs_flush_end(p->flush, p->sequence);
	p->flush = NULL;
	return 0;
}

/* What was done behind its submission is left as it is. */
static int64_t run_sync_all(struct sim_fs *fs, const struct sim_fd *fd, struct pending *p)
{
	sim_fs_keep_names(fs, p->sequence, fd->file->device);
	sim_fs_flush_end(p->flush, p->sequence);
	p->flush = NULL;
	return 0;
}

static int64_t run_commit(struct pending *p)
{
	sim_fs_flush_end(p->flush, p->sequence);
	p->flush = NULL;
	return 0;
}

static int64_t run_traits(const struct sim_file *f, struct disk_op *op)
{
	op->offset = f->device;
	return 1;
}

static int64_t run_data(struct sim_fs *fs, struct pending *p)
{
	struct disk_op *op = p->op;
	struct sim_fd *fd = sim_fs_fd(fs, op->fd);
	if (!fd)
		return -EBADF;
	bool moves_data = op->kind == DISK_WRITE || op->kind == DISK_READ;
	if (moves_data && (fd->flags & O_DIRECT) && !disk_op_is_aligned(op))
		return -EINVAL;
	switch ((enum disk_kind)op->kind) {
	case DISK_WRITE: {
		size_t bytes = iov_bytes(op);
		bool may_be_short = !fs->faults.is_short_buffered || !(fd->flags & O_DIRECT);
		if (may_be_short && rng_one_in(&sim_world()->rng, fs->faults.short_write)) {
			fs->failures++;
			bytes = bytes / 2 / SECTOR_BYTES * SECTOR_BYTES;
		}
		return run_write(fs, fd->file, op, bytes);
	}
	case DISK_READ:
		return run_read(fd->file, op);
	case DISK_SYNC:
		return run_sync(fs, fd, p);
	case DISK_SYNC_ALL:
		return run_sync_all(fs, fd, p);
	case DISK_ALLOCATE:
		sim_file_resize(fd->file, max_u64(fd->file->size, op->offset + op->size),
				++fs->sequence);
		return 0;
	case DISK_TRUNCATE:
		sim_file_resize(fd->file, op->size, ++fs->sequence);
		return 0;
	case DISK_SIZE:
		op->size = fd->file->size;
		op->offset = 1;
		return 0;
	case DISK_COMMIT:
		return run_commit(p);
	case DISK_TRAITS:
		return run_traits(fd->file, op);
	default:
		return sim_fs_close(fs, op->fd);
	}
}

static int64_t run_op(struct sim_fs *fs, struct pending *p)
{
	struct disk_op *op = p->op;
	switch ((enum disk_kind)op->kind) {
	case DISK_OPEN:
		return sim_fs_open(fs, op->path, op->flags);
	case DISK_RENAME:
		return sim_fs_rename(fs, op->path, op->path2);
	case DISK_UNLINK:
		return sim_fs_unlink(fs, op->path, op->flags & DISK_FLAG_DIRECTORY);
	case DISK_MKDIR:
		return sim_fs_mkdir(fs, op->path);
	case DISK_LIST:
		return sim_fs_list(fs, op);
	case DISK_STAT:
		return sim_fs_stat(fs, op);
	case DISK_SPACE:
		return -ENOSYS;
	default:
		return run_data(fs, p);
	}
}

void sim_disk_limit(struct disk *d, uint32_t files_max)
{
	d->files_max = files_max;
}

/* 0, or how it fails. */
static int64_t writer_fault(struct sim_fs *fs, const struct disk_op *op)
{
	if (op->kind != DISK_CLOSE && is_on_dead_device(fs, op, true)) {
		fs->failures++;
		return -EIO;
	}
	if (op->kind == DISK_CLOSE || ++fs->operations != fs->faults.fail_at)
		return 0;
	fs->failures++;
	fs->faults.fail_at += fs->faults.fail_again;
	return takes_room(op) && rng_one_in(&sim_world()->rng, 2) ? -ENOSPC : -EIO;
}

void sim_fs_set_call_fault(struct sim_fs *fs, const struct sim_call_fault *fault)
{
	fs->call_fault = *fault;
	fs->calls = 0;
}

bool sim_fs_call_failed(const struct sim_fs *fs)
{
	return fs->call_fault.at > 0 && fs->calls >= fs->call_fault.at;
}

/* Half of it, in whole sectors where it has several. */
static int64_t run_part(struct sim_fs *fs, const struct disk_op *op)
{
	struct sim_fd *fd = sim_fs_fd(fs, op->fd);
	size_t bytes = iov_bytes(op) / 2;
	if (bytes > SECTOR_BYTES)
		bytes = bytes / SECTOR_BYTES * SECTOR_BYTES;
	return fd ? run_write(fs, fd->file, op, bytes) : -EBADF;
}

/* True: it fails, its result is set. */
static bool call_fails(struct sim_fs *fs, struct disk_op *op)
{
	const struct sim_call_fault *f = &fs->call_fault;
	if (f->at == 0 || op->kind != f->kind || ++fs->calls != f->at)
		return false;
	op->result = f->result < 0 ? f->result : run_part(fs, op);
	return true;
}

static int64_t run_submitted(struct disk *d, struct pending *p)
{
	if (call_fails(d->fs, p->op))
		return p->op->result;
	if (p->op->kind == DISK_SYNC_ALL)
		return p->has_failed ? p->op->result : run_op(d->fs, p);
	bool is_open = p->op->kind == DISK_OPEN;
	if (is_open && rng_one_in(&sim_world()->rng, d->fs->faults.run_out))
		return -EMFILE;
	int64_t result = writer_fault(d->fs, p->op);
	if (result < 0)
		return result;
	result = run_op(d->fs, p);
	if (is_open && result >= 0 && ++d->files > d->files_max)
		sim_fail("%u files are open, %u may be", d->files, d->files_max);
	d->files -= p->op->kind == DISK_CLOSE;
	return result;
}

unsigned disk_reap(struct disk *d, struct disk_op **ret, unsigned max)
{
	struct sim_fs *fs = d->fs;
	unsigned count = 0;
	for (struct pending **at = &fs->pending; *at && count < max;) {
		struct pending *p = *at;
		if (p->disk != d || p->due_ns > sim_world()->now_ns) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		if (p->op->kind == DISK_WRITE && write_check(p->op) != p->check)
			sim_fail("a buffer was changed while the disk owned it");
		p->op->result = run_submitted(d, p);
		ret[count++] = p->op;
		d->outstanding--;
		drop_snapshots(p);
		free(p);
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
	if (call_fails(d->fs, op) || control_fails(d->fs, op))
		return op->result;
	/* Nothing of this thread's happens meanwhile: submitted and completed in one. */
	struct pending p = {.disk = d, .op = op, .sequence = d->fs->sequence};
	take_snapshots(d->fs, &p);
	op->result = run_op(d->fs, &p);
	drop_snapshots(&p);
	return op->result;
}

uint64_t sim_fs_next_ns(const struct sim_fs *fs)
{
	uint64_t next = UINT64_MAX;
	for (const struct pending *p = fs->pending; p; p = p->next)
		next = min_u64(next, p->due_ns);
	return next;
}

/* A write under way at the crash: each sector is there or not. */
static void tear_write(struct sim_fs *fs, const struct disk_op *op)
{
	struct sim_fd *fd = sim_fs_fd(fs, op->fd);
	if (!fd)
		return;
	uint64_t at = op->offset;
	for (unsigned i = 0; i < op->iov_count; i++) {
		const uint8_t *bytes = op->iov[i].iov_base;
		for (size_t done = 0; done < op->iov[i].iov_len; done += SECTOR_BYTES) {
			size_t n = min_size(SECTOR_BYTES, op->iov[i].iov_len - done);
			if (rng_one_in(&sim_world()->rng, 2))
				sim_file_write(fd->file, at + done, bytes + done, n,
					       ++fs->sequence);
		}
		at += op->iov[i].iov_len;
	}
}

void sim_fs_crash(struct sim_fs *fs, bool power_loss)
{
	for (struct pending *p = fs->pending; p;) {
		struct pending *next = p->next;
		if (p->op->kind == DISK_WRITE)
			tear_write(fs, p->op);
		drop_snapshots(p);
		free(p);
		p = next;
	}
	fs->pending = NULL;
	for (struct disk *d = fs->disks; d;) {
		struct disk *next = d->next;
		free(d);
		d = next;
	}
	fs->disks = NULL;
	sim_fs_close_all(fs);
	if (power_loss)
		sim_fs_lose_power(fs);
}

uint64_t sim_fs_failures(const struct sim_fs *fs)
{
	return fs->failures + fs->has_loss;
}

void sim_fs_note_loss(struct sim_fs *fs)
{
	fs->has_loss = true;
}

uint64_t sim_fs_writer_failures(const struct sim_fs *fs)
{
	return fs->failures;
}

uint64_t sim_fs_control_failures(const struct sim_fs *fs)
{
	return fs->control_failures;
}
