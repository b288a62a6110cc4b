/* sim_fs.c - names and directories of the simulated disk; see sim_fs.h.
 *
 * A name lies in a directory, not at a path: a directory that is renamed takes along what lies
 * in it, and what lies in it stays there when a power loss forgets the renaming. What lies in a
 * directory whose own name is lost is lost with it. */
#include "tests/sim/sim_fs.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <fcntl.h>

static struct sim_file *file_new(struct sim_fs *fs, bool is_directory)
{
	struct sim_file *f = calloc(1, sizeof *f);
	require(f);
	f->identity = ++fs->sequence;
	f->is_directory = is_directory;
	return f;
}

static void file_release(struct sim_file *f)
{
	if (f->links == 0 && f->children == 0)
		sim_file_free(f);
}

static void file_unlink(struct sim_file *f)
{
	f->links--;
	file_release(f);
}

struct sim_fs *sim_fs_create(const struct sim_disk_faults *faults)
{
	struct sim_fs *fs = calloc(1, sizeof *fs);
	require(fs);
	fs->faults = *faults;
	fs->root = file_new(fs, true);
	fs->root->links = 1;
	fs->root->device = SIM_DISK_DEVICE;
	return fs;
}

void sim_fs_set_faults(struct sim_fs *fs, const struct sim_disk_faults *faults)
{
	fs->faults = *faults;
	fs->operations = fs->second_operations = 0;
	fs->failures = 0;
	fs->has_loss = false;
	fs->control_failures = 0;
	sim_fs_set_control_faults(fs, &(struct sim_control_faults){0});
}

void sim_fs_set_control_faults(struct sim_fs *fs, const struct sim_control_faults *faults)
{
	fs->control_faults = *faults;
	fs->control_operations = 0;
}

/* ---- names ----------------------------------------------------------------------------- */

static bool is_there(const struct sim_entry *e, enum sim_view view)
{
	return view == SIM_NOW ? e->is_now : e->is_kept;
}

static struct sim_entry *entry_in(const struct sim_fs *fs, const struct sim_file *directory,
				  const char *name, enum sim_view view)
{
	for (struct sim_entry *e = fs->entries; e; e = e->next)
		if (e->parent == directory && is_there(e, view) && strcmp(e->name, name) == 0)
			return e;
	return NULL;
}

/* The directory that the last name of `path` lies in, or would; null: there is none. */
static struct sim_file *parent_of(const struct sim_fs *fs, const char *path,
				  enum sim_view view, char name[SIM_PATH_BYTES_MAX])
{
	struct sim_file *at = fs->root;
	for (;;) {
		path += strspn(path, "/");
		size_t n = strcspn(path, "/");
		require(n < SIM_PATH_BYTES_MAX);
		snprintf(name, SIM_PATH_BYTES_MAX, "%.*s", (int)n, path);
		path += n;
		if (!path[strspn(path, "/")])
			return at;
		struct sim_entry *e = entry_in(fs, at, name, view);
		if (!e || !e->file->is_directory)
			return NULL;
		at = e->file;
	}
}

static struct sim_entry *entry_find(const struct sim_fs *fs, const char *path,
				    enum sim_view view)
{
	char name[SIM_PATH_BYTES_MAX];
	const struct sim_file *parent = parent_of(fs, path, view, name);
	return parent ? entry_in(fs, parent, name, view) : NULL;
}

/* Into a directory that is there. */
static struct sim_entry *entry_add(struct sim_fs *fs, const char *path, struct sim_file *file)
{
	struct sim_entry *e = calloc(1, sizeof *e);
	require(e);
	e->parent = parent_of(fs, path, SIM_NOW, e->name);
	require(e->parent);
	e->parent->children++;
	e->file = file;
	file->device = file->device ? file->device : e->parent->device;
	file->links++;
	e->is_now = true;
	e->sequence = e->parent->changed = ++fs->sequence;
	struct sim_entry **at = &fs->entries;
	while (*at && strcmp((*at)->name, e->name) < 0)
		at = &(*at)->next;
	e->next = *at;
	*at = e;
	return e;
}

static void entry_hide(struct sim_fs *fs, struct sim_entry *e)
{
	e->is_now = false;
	e->sequence = e->parent->changed = ++fs->sequence;
}

static bool has_parent(const struct sim_fs *fs, const char *path)
{
	char name[SIM_PATH_BYTES_MAX];
	return parent_of(fs, path, SIM_NOW, name) != NULL;
}

/* Drops one name that is neither seen nor kept, or whose directory is gone. */
static bool sweep_one(struct sim_fs *fs)
{
	for (struct sim_entry **at = &fs->entries; *at; at = &(*at)->next) {
		struct sim_entry *e = *at;
		if ((e->is_now || e->is_kept) && e->parent->links > 0)
			continue;
		*at = e->next;
		e->parent->children--;
		file_release(e->parent);
		file_unlink(e->file);
		free(e);
		return true;
	}
	return false;
}

static void entries_sweep(struct sim_fs *fs)
{
	while (sweep_one(fs))
		;
}

void sim_fs_destroy(struct sim_fs *fs)
{
	sim_fs_crash(fs, false);
	for (struct sim_entry *e = fs->entries; e; e = e->next)
		e->is_now = e->is_kept = false;
	entries_sweep(fs);
	file_unlink(fs->root);
	free(fs);
}

/* ---- calls ----------------------------------------------------------------------------- */

struct sim_fd *sim_fs_fd(struct sim_fs *fs, int fd)
{
	return fd > 0 && fd < SIM_FDS_MAX && fs->fds[fd].in_use ? &fs->fds[fd] : NULL;
}

static int64_t open_file(struct sim_fs *fs, struct sim_file *file, int flags)
{
	for (int fd = 3; fd < SIM_FDS_MAX; fd++) {
		if (fs->fds[fd].in_use)
			continue;
		fs->fds[fd] = (struct sim_fd){.file = file, .flags = flags, .in_use = true};
		file->links++;
		return fd;
	}
	return -EMFILE;
}

int64_t sim_fs_open(struct sim_fs *fs, const char *path, int flags)
{
	struct sim_entry *e = entry_find(fs, path, SIM_NOW);
	if (e && (flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	if (!e && (!(flags & O_CREAT) || !has_parent(fs, path)))
		return -ENOENT;
	if (e && e->file->is_directory != !!(flags & O_DIRECTORY))
		return e->file->is_directory ? -EISDIR : -ENOTDIR;
	if (!e)
		e = entry_add(fs, path, file_new(fs, false));
	if (flags & O_TRUNC)
		sim_file_resize(e->file, 0, ++fs->sequence);
	return open_file(fs, e->file, flags);
}

int64_t sim_fs_close(struct sim_fs *fs, int fd)
{
	struct sim_fd *f = sim_fs_fd(fs, fd);
	if (!f)
		return -EBADF;
	f->in_use = false;
	file_unlink(f->file);
	return 0;
}

void sim_fs_close_all(struct sim_fs *fs)
{
	for (int fd = 3; fd < SIM_FDS_MAX; fd++)
		if (fs->fds[fd].in_use)
			sim_fs_close(fs, fd);
	entries_sweep(fs);
}

int64_t sim_fs_rename(struct sim_fs *fs, const char *from, const char *to)
{
	struct sim_entry *e = entry_find(fs, from, SIM_NOW);
	struct sim_entry *old = entry_find(fs, to, SIM_NOW);
	if (!e || !has_parent(fs, to))
		return -ENOENT;
	if (old)
		entry_hide(fs, old);
	struct sim_entry *fresh = entry_add(fs, to, e->file);
	entry_hide(fs, e);
	/* One change: a power loss keeps all of it or nothing. */
	fresh->sequence = e->sequence;
	if (old)
		old->sequence = e->sequence;
	entries_sweep(fs);
	return 0;
}

static bool is_empty(const struct sim_fs *fs, const struct sim_file *directory)
{
	for (const struct sim_entry *e = fs->entries; e; e = e->next)
		if (e->is_now && e->parent == directory)
			return false;
	return true;
}

int64_t sim_fs_unlink(struct sim_fs *fs, const char *path, bool is_directory)
{
	struct sim_entry *e = entry_find(fs, path, SIM_NOW);
	if (!e)
		return -ENOENT;
	if (e->file->is_directory != is_directory)
		return is_directory ? -ENOTDIR : -EISDIR;
	if (is_directory && !is_empty(fs, e->file))
		return -ENOTEMPTY;
	entry_hide(fs, e);
	entries_sweep(fs);
	return 0;
}

int64_t sim_fs_mkdir(struct sim_fs *fs, const char *path)
{
	if (entry_find(fs, path, SIM_NOW))
		return -EEXIST;
	if (!has_parent(fs, path))
		return -ENOENT;
	entry_add(fs, path, file_new(fs, true));
	return 0;
}

void sim_fs_make_directory(struct sim_fs *fs, const char *path)
{
	struct sim_file *file = file_new(fs, true);
	file->device = ++fs->devices;
	entry_add(fs, path, file)->is_kept = true;
}

uint64_t sim_fs_device(struct sim_fs *fs, const struct disk_op *op)
{
	char name[SIM_PATH_BYTES_MAX];
	const struct sim_fd *fd = op->path ? NULL : sim_fs_fd(fs, op->fd);
	if (!op->path)
		return fd ? fd->file->device : 0;
	const struct sim_entry *e = entry_find(fs, op->path, SIM_NOW);
	const struct sim_file *parent = parent_of(fs, op->path, SIM_NOW, name);
	return e ? e->file->device : parent ? parent->device : 0;
}

int64_t sim_fs_list(struct sim_fs *fs, struct disk_op *op)
{
	struct sim_entry *d = entry_find(fs, op->path, SIM_NOW);
	if (!d || !d->file->is_directory)
		return d ? -ENOTDIR : -ENOENT;
	op->names = NULL;
	op->names_bytes = 0;
	for (struct sim_entry *e = fs->entries; e; e = e->next) {
		if (!e->is_now || e->parent != d->file)
			continue;
		size_t n = strlen(e->name) + 1;
		op->names = realloc(op->names, op->names_bytes + n);
		require(op->names);
		memcpy(op->names + op->names_bytes, e->name, n);
		op->names_bytes += n;
	}
	return 0;
}

int64_t sim_fs_stat(struct sim_fs *fs, struct disk_op *op)
{
	struct sim_entry *e = entry_find(fs, op->path, SIM_NOW);
	if (!e)
		return -ENOENT;
	op->offset = e->file->device;
	op->size = e->file->identity;
	op->mode = e->file->is_directory ? S_IFDIR : S_IFREG;
	return (int64_t)e->file->changed;
}

/* ---- what lasts -------------------------------------------------------------------------- */

void sim_fs_keep_entries(struct sim_fs *fs, const struct sim_file *directory,
			 uint64_t sequence)
{
	for (struct sim_entry *e = fs->entries; e; e = e->next)
		if (e->parent == directory && e->sequence <= sequence)
			e->is_kept = e->is_now;
	entries_sweep(fs);
}

struct sim_flush {
	size_t count;
	struct {
		struct sim_file *file;
		struct sim_snapshot *snapshot;
	} files[];
};

static bool is_covered(const struct sim_file *f, uint64_t device)
{
	return !f->is_directory && f->device == device;
}

struct sim_flush *sim_fs_flush_begin(struct sim_fs *fs, enum sim_coverage coverage,
				     uint64_t device)
{
	size_t count = 0;
	for (const struct sim_entry *e = fs->entries; e; e = e->next)
		count += is_covered(e->file, device);
	struct sim_flush *flush = malloc(sizeof *flush + count * sizeof flush->files[0]);
	require(flush);
	flush->count = 0;
	for (struct sim_entry *e = fs->entries; e; e = e->next) {
		if (!is_covered(e->file, device))
			continue;
		e->file->links++;
		flush->files[flush->count].file = e->file;
		flush->files[flush->count++].snapshot = sim_file_snapshot(e->file, coverage);
	}
	return flush;
}

void sim_fs_flush_end(struct sim_flush *flush, uint64_t sequence)
{
	for (size_t i = 0; i < flush->count; i++) {
		sim_file_keep(flush->files[i].file, flush->files[i].snapshot, sequence);
		file_unlink(flush->files[i].file);
	}
	free(flush);
}

void sim_fs_flush_drop(struct sim_flush *flush)
{
	for (size_t i = 0; flush && i < flush->count; i++) {
		free(flush->files[i].snapshot);
		file_unlink(flush->files[i].file);
	}
	free(flush);
}

void sim_fs_keep_names(struct sim_fs *fs, uint64_t sequence, uint64_t device)
{
	for (struct sim_entry *e = fs->entries; e; e = e->next)
		if (e->file->device == device && e->sequence <= sequence)
			e->is_kept = e->is_now;
	entries_sweep(fs);
}

/* By any of its names. */
static bool is_reachable(const struct sim_fs *fs, const struct sim_file *directory)
{
	if (directory == fs->root)
		return true;
	for (const struct sim_entry *e = fs->entries; e; e = e->next)
		if (e->is_now && e->file == directory && is_reachable(fs, e->parent))
			return true;
	return false;
}

/* Names that were never synced go or stay; what lay in a directory that went, goes too. */
void sim_fs_lose_power(struct sim_fs *fs)
{
	uint64_t salt = rng_next(&sim_world()->rng);
	for (struct sim_entry *e = fs->entries; e; e = e->next) {
		struct rng coin = {salt ^ e->sequence};
		if (e->is_now != e->is_kept && rng_one_in(&coin, 2))
			e->is_kept = e->is_now;
		e->is_now = e->is_kept;
	}
	for (struct sim_entry *e = fs->entries; e; e = e->next)
		if (!is_reachable(fs, e->parent))
			e->is_now = e->is_kept = false;
	entries_sweep(fs);
	for (struct sim_entry *e = fs->entries; e; e = e->next)
		if (!e->file->is_directory && (e->file->size_sequence || e->file->sectors))
			sim_file_lose_power(e->file);
}

/* ---- for the checker --------------------------------------------------------------------- */

const uint8_t *sim_fs_read(const struct sim_fs *fs, const char *path, size_t *ret_size)
{
	const struct sim_entry *e = entry_find(fs, path, SIM_NOW);
	if (!e || e->file->is_directory)
		return NULL;
	*ret_size = e->file->size;
	return e->file->now ? e->file->now : (const uint8_t *)"";
}

static struct sim_kept_file kept_file(const char *path, const struct sim_file *f)
{
	return (struct sim_kept_file){.path = path,
				      .identity = f->identity,
				      .now = f->now,
				      .kept = f->kept,
				      .size = min_size(f->size, f->kept_size)};
}

bool sim_fs_kept(const struct sim_fs *fs, const char *path, struct sim_kept_file *ret)
{
	const struct sim_entry *e = entry_find(fs, path, SIM_KEPT);
	if (!e || e->file->is_directory)
		return false;
	*ret = kept_file(path, e->file);
	return true;
}

void sim_fs_each_kept(const struct sim_fs *fs, const char *directory,
		      void (*visit)(void *arg, const struct sim_kept_file *file), void *arg)
{
	const struct sim_entry *d = entry_find(fs, directory, SIM_KEPT);
	if (!d)
		return;
	for (const struct sim_entry *e = fs->entries; e; e = e->next) {
		if (!e->is_kept || e->file->is_directory || e->parent != d->file)
			continue;
		char path[2 * SIM_PATH_BYTES_MAX];
		snprintf(path, sizeof path, "%s/%s", directory, e->name);
		struct sim_kept_file f = kept_file(path, e->file);
		visit(arg, &f);
	}
}

void sim_fs_each(const struct sim_fs *fs, const char *directory,
		 void (*visit)(void *arg, const char *path), void *arg)
{
	const struct sim_entry *d = entry_find(fs, directory, SIM_NOW);
	for (const struct sim_entry *e = d ? fs->entries : NULL; e; e = e->next) {
		if (!e->is_now || e->parent != d->file)
			continue;
		char path[2 * SIM_PATH_BYTES_MAX];
		snprintf(path, sizeof path, "%s/%s", directory, e->name);
		visit(arg, path);
	}
}
