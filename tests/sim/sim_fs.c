/* sim_fs.c - files and names of the simulated disk; see sim_fs.h. */
#include "tests/sim/sim_fs.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <fcntl.h>

enum { SECTOR_BYTES = 512 };

static size_t sectors_of(size_t size)
{
	return (size + SECTOR_BYTES - 1) / SECTOR_BYTES;
}

static void *grown(void *old, size_t old_size, size_t size)
{
	uint8_t *p = realloc(old, size);
	require(p);
	memset(p + old_size, 0, size - old_size);
	return p;
}

static void file_grow(struct sim_file *f, size_t size)
{
	if (size <= f->capacity)
		return;
	size_t capacity = f->capacity ? f->capacity : 64 * SECTOR_BYTES;
	while (capacity < size)
		capacity *= 2;
	f->now = grown(f->now, f->capacity, capacity);
	f->kept = grown(f->kept, f->capacity, capacity);
	f->dirty = grown(f->dirty, sectors_of(f->capacity) * sizeof(uint64_t),
			 sectors_of(capacity) * sizeof(uint64_t));
	f->capacity = capacity;
}

void sim_file_write(struct sim_file *f, uint64_t at, const void *bytes, size_t n,
		    uint64_t sequence)
{
	if (n == 0)
		return;
	file_grow(f, at + n);
	memcpy(f->now + at, bytes, n);
	for (size_t s = at / SECTOR_BYTES; s <= (at + n - 1) / SECTOR_BYTES; s++)
		f->dirty[s] = sequence;
	if (at + n > f->size) {
		f->size = at + n;
		f->size_sequence = sequence;
	}
}

void sim_file_resize(struct sim_file *f, uint64_t size, uint64_t sequence)
{
	file_grow(f, size);
	if (size < f->size) {
		memset(f->now + size, 0, f->size - size);
		for (size_t s = size / SECTOR_BYTES; s < sectors_of(f->size); s++)
			f->dirty[s] = sequence;
	}
	if (size != f->size)
		f->size_sequence = sequence;
	f->size = size;
}

struct sim_snapshot {
	size_t size;
	size_t count;
	struct {
		size_t sector;
		uint8_t bytes[SECTOR_BYTES];
	} sectors[];
};

struct sim_snapshot *sim_file_snapshot(const struct sim_file *f)
{
	size_t total = sectors_of(f->capacity), count = 0;
	for (size_t s = 0; s < total; s++)
		count += f->dirty[s] != 0;
	struct sim_snapshot *snap = malloc(sizeof *snap + count * sizeof snap->sectors[0]);
	require(snap);
	snap->size = f->size;
	snap->count = 0;
	for (size_t s = 0; s < total; s++) {
		if (!f->dirty[s])
			continue;
		snap->sectors[snap->count].sector = s;
		memcpy(snap->sectors[snap->count++].bytes, f->now + s * SECTOR_BYTES,
		       SECTOR_BYTES);
	}
	return snap;
}

void sim_file_keep(struct sim_file *f, struct sim_snapshot *snapshot, uint64_t sequence)
{
	/* A sync that was overtaken by a later one brings nothing new. */
	if (sequence < f->kept_sequence) {
		free(snapshot);
		return;
	}
	f->kept_sequence = sequence;
	for (size_t i = 0; i < snapshot->count; i++) {
		size_t s = snapshot->sectors[i].sector;
		memcpy(f->kept + s * SECTOR_BYTES, snapshot->sectors[i].bytes, SECTOR_BYTES);
		if (f->dirty[s] <= sequence)
			f->dirty[s] = 0;
	}
	f->kept_size = snapshot->size;
	if (f->size_sequence <= sequence)
		f->size_sequence = 0;
	free(snapshot);
}

static void file_lose_power(struct sim_file *f)
{
	struct rng *rng = &sim_world()->rng;
	bool forget_all = rng_one_in(rng, 3);
	for (size_t s = 0; s < sectors_of(f->capacity); s++) {
		uint8_t *now = f->now + s * SECTOR_BYTES, *kept = f->kept + s * SECTOR_BYTES;
		if (f->dirty[s] && !forget_all && rng_one_in(rng, 2))
			memcpy(kept, now, SECTOR_BYTES);
		memcpy(now, kept, SECTOR_BYTES);
		f->dirty[s] = 0;
	}
	if (f->size_sequence && !forget_all && rng_one_in(rng, 2))
		f->kept_size = f->size;
	f->size = f->kept_size;
	f->size_sequence = 0;
	memset(f->now + f->size, 0, f->capacity - f->size);
}

static void file_unlink(struct sim_file *f)
{
	if (!f || --f->links > 0)
		return;
	free(f->now);
	free(f->kept);
	free(f->dirty);
	free(f);
}

struct sim_fs *sim_fs_create(const struct sim_disk_faults *faults)
{
	struct sim_fs *fs = calloc(1, sizeof *fs);
	require(fs);
	fs->faults = *faults;
	return fs;
}

void sim_fs_destroy(struct sim_fs *fs)
{
	sim_fs_crash(fs, false);
	for (struct sim_entry *e = fs->entries; e;) {
		struct sim_entry *next = e->next;
		file_unlink(e->file);
		free(e);
		e = next;
	}
	free(fs);
}

void sim_fs_set_faults(struct sim_fs *fs, const struct sim_disk_faults *faults)
{
	fs->faults = *faults;
	fs->operations = 0;
	fs->failures = 0;
	fs->control_failures = 0;
	sim_fs_set_control_faults(fs, &(struct sim_control_faults){0});
}

void sim_fs_set_control_faults(struct sim_fs *fs, const struct sim_control_faults *faults)
{
	fs->control_faults = *faults;
	fs->control_operations = 0;
}

static struct sim_entry *entry_find(const struct sim_fs *fs, const char *path)
{
	for (struct sim_entry *e = fs->entries; e; e = e->next)
		if (e->is_now && strcmp(e->path, path) == 0)
			return e;
	return NULL;
}

static struct sim_entry *entry_add(struct sim_fs *fs, const char *path, struct sim_file *file)
{
	struct sim_entry *e = calloc(1, sizeof *e);
	require(e && strlen(path) < sizeof e->path);
	snprintf(e->path, sizeof e->path, "%s", path);
	e->file = file;
	if (file)
		file->links++;
	e->is_now = true;
	e->sequence = ++fs->sequence;
	struct sim_entry **at = &fs->entries;
	while (*at && strcmp((*at)->path, path) < 0)
		at = &(*at)->next;
	e->next = *at;
	*at = e;
	return e;
}

static void entry_hide(struct sim_fs *fs, struct sim_entry *e)
{
	e->is_now = false;
	e->sequence = ++fs->sequence;
}

/* Drops names that are neither seen nor kept. */
static void entries_sweep(struct sim_fs *fs)
{
	for (struct sim_entry **at = &fs->entries; *at;) {
		struct sim_entry *e = *at;
		if (e->is_now || e->is_kept) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		file_unlink(e->file);
		free(e);
	}
}

static bool is_directly_below(const char *path, const char *directory)
{
	size_t n = strlen(directory);
	while (n > 1 && directory[n - 1] == '/')
		n--;
	return strncmp(path, directory, n) == 0 && path[n] == '/' && path[n + 1] &&
	       !strchr(path + n + 1, '/');
}

struct sim_fd *sim_fs_fd(struct sim_fs *fs, int fd)
{
	return fd > 0 && fd < SIM_FDS_MAX && fs->fds[fd].in_use ? &fs->fds[fd] : NULL;
}

int64_t sim_fs_open(struct sim_fs *fs, const char *path, int flags)
{
	struct sim_entry *e = entry_find(fs, path);
	if (e && (flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	if (!e && !(flags & O_CREAT))
		return -ENOENT;
	if (e && !e->file && !(flags & O_DIRECTORY))
		return -EISDIR;
	if (!e) {
		struct sim_file *file = calloc(1, sizeof *file);
		require(file);
		file->identity = ++fs->sequence;
		e = entry_add(fs, path, file);
	}
	if (e->file && (flags & O_TRUNC))
		sim_file_resize(e->file, 0, ++fs->sequence);
	for (int fd = 3; fd < SIM_FDS_MAX; fd++) {
		if (fs->fds[fd].in_use)
			continue;
		fs->fds[fd] = (struct sim_fd){.file = e->file, .flags = flags, .in_use = true};
		snprintf(fs->fds[fd].path, sizeof fs->fds[fd].path, "%s", path);
		if (e->file)
			e->file->links++;
		return fd;
	}
	return -EMFILE;
}

int64_t sim_fs_close(struct sim_fs *fs, int fd)
{
	struct sim_fd *f = sim_fs_fd(fs, fd);
	if (!f)
		return -EBADF;
	file_unlink(f->file);
	f->in_use = false;
	return 0;
}

void sim_fs_close_all(struct sim_fs *fs)
{
	for (int fd = 3; fd < SIM_FDS_MAX; fd++)
		if (fs->fds[fd].in_use)
			sim_fs_close(fs, fd);
}

static void rename_one(struct sim_fs *fs, struct sim_entry *e, const char *to)
{
	struct sim_entry *old = entry_find(fs, to);
	if (old)
		entry_hide(fs, old);
	struct sim_entry *fresh = entry_add(fs, to, e->file);
	entry_hide(fs, e);
	/* One change: a power loss keeps all of it or nothing. */
	fresh->sequence = e->sequence;
	if (old)
		old->sequence = e->sequence;
}

int64_t sim_fs_rename(struct sim_fs *fs, const char *from, const char *to)
{
	struct sim_entry *e = entry_find(fs, from);
	if (!e)
		return -ENOENT;
	if (!e->file) { /* a directory takes what lies in it along */
		size_t n = strlen(from);
		struct sim_entry *moving[256];
		unsigned count = 0;
		for (struct sim_entry *x = fs->entries; x; x = x->next)
			if (x->is_now && strncmp(x->path, from, n) == 0 && x->path[n] == '/') {
				require(count < array_len(moving));
				moving[count++] = x;
			}
		for (unsigned i = 0; i < count; i++) {
			char path[2 * SIM_PATH_BYTES_MAX];
			snprintf(path, sizeof path, "%s%s", to, moving[i]->path + n);
			bool was_kept = moving[i]->is_kept;
			rename_one(fs, moving[i], path);
			/* The entry's own directory moved: its name was synced or not as before. */
			entry_find(fs, path)->is_kept = was_kept;
			moving[i]->is_kept = false;
		}
	}
	rename_one(fs, e, to);
	entries_sweep(fs);
	return 0;
}

int64_t sim_fs_unlink(struct sim_fs *fs, const char *path)
{
	struct sim_entry *e = entry_find(fs, path);
	if (!e)
		return -ENOENT;
	entry_hide(fs, e);
	entries_sweep(fs);
	return 0;
}

int64_t sim_fs_mkdir(struct sim_fs *fs, const char *path)
{
	if (entry_find(fs, path))
		return -EEXIST;
	entry_add(fs, path, NULL);
	return 0;
}

void sim_fs_make_directory(struct sim_fs *fs, const char *path)
{
	entry_add(fs, path, NULL)->is_kept = true;
}

int64_t sim_fs_list(struct sim_fs *fs, struct disk_op *op)
{
	struct sim_entry *d = entry_find(fs, op->path);
	if (!d || d->file)
		return d ? -ENOTDIR : -ENOENT;
	op->names = NULL;
	op->names_bytes = 0;
	for (struct sim_entry *e = fs->entries; e; e = e->next) {
		if (!e->is_now || !is_directly_below(e->path, op->path))
			continue;
		const char *name = strrchr(e->path, '/') + 1;
		size_t n = strlen(name) + 1;
		op->names = realloc(op->names, op->names_bytes + n);
		require(op->names);
		memcpy(op->names + op->names_bytes, name, n);
		op->names_bytes += n;
	}
	return 0;
}

int64_t sim_fs_stat(struct sim_fs *fs, struct disk_op *op)
{
	struct sim_entry *e = entry_find(fs, op->path);
	if (!e)
		return -ENOENT;
	op->offset = 1;
	op->size = (uint64_t)(uintptr_t)e;
	op->mode = e->file ? S_IFREG : S_IFDIR;
	return 0;
}

void sim_fs_keep_entries(struct sim_fs *fs, const char *directory, uint64_t sequence)
{
	for (struct sim_entry *e = fs->entries; e; e = e->next)
		if (is_directly_below(e->path, directory) && e->sequence <= sequence)
			e->is_kept = e->is_now;
	entries_sweep(fs);
}

void sim_fs_keep_all(struct sim_fs *fs)
{
	for (struct sim_entry *e = fs->entries; e; e = e->next) {
		e->is_kept = e->is_now;
		if (e->file)
			sim_file_keep(e->file, sim_file_snapshot(e->file), fs->sequence);
	}
	entries_sweep(fs);
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
	for (struct sim_entry *e = fs->entries; e; e = e->next) {
		char parent[SIM_PATH_BYTES_MAX];
		snprintf(parent, sizeof parent, "%s", e->path);
		*strrchr(parent, '/') = 0;
		if (e->is_now && parent[0] && !entry_find(fs, parent))
			e->is_now = e->is_kept = false;
	}
	entries_sweep(fs);
	for (struct sim_entry *e = fs->entries; e; e = e->next)
		if (e->file && (e->file->size_sequence || e->file->dirty))
			file_lose_power(e->file);
}

const uint8_t *sim_fs_read(const struct sim_fs *fs, const char *path, size_t *ret_size)
{
	const struct sim_entry *e = entry_find(fs, path);
	if (!e || !e->file)
		return NULL;
	*ret_size = e->file->size;
	return e->file->now ? e->file->now : (const uint8_t *)"";
}

static struct sim_entry *entry_find_kept(const struct sim_fs *fs, const char *path)
{
	for (struct sim_entry *e = fs->entries; e; e = e->next)
		if (e->is_kept && strcmp(e->path, path) == 0)
			return e;
	return NULL;
}

/* Every name from the root down to it. */
static bool path_is_kept(const struct sim_fs *fs, const char *path)
{
	char name[SIM_PATH_BYTES_MAX];
	snprintf(name, sizeof name, "%s", path);
	for (; name[0]; *strrchr(name, '/') = 0)
		if (!entry_find_kept(fs, name))
			return false;
	return true;
}

static struct sim_kept_file kept_file(const struct sim_entry *e)
{
	const struct sim_file *f = e->file;
	return (struct sim_kept_file){.path = e->path,
				      .identity = f->identity,
				      .now = f->now,
				      .kept = f->kept,
				      .size = min_size(f->size, f->kept_size)};
}

bool sim_fs_kept(const struct sim_fs *fs, const char *path, struct sim_kept_file *ret)
{
	const struct sim_entry *e = entry_find_kept(fs, path);
	if (!e || !e->file || !path_is_kept(fs, path))
		return false;
	*ret = kept_file(e);
	return true;
}

void sim_fs_each_kept(const struct sim_fs *fs, const char *directory,
		      void (*visit)(void *arg, const struct sim_kept_file *file), void *arg)
{
	if (!path_is_kept(fs, directory))
		return;
	for (const struct sim_entry *e = fs->entries; e; e = e->next) {
		if (!e->is_kept || !e->file || !is_directly_below(e->path, directory))
			continue;
		struct sim_kept_file f = kept_file(e);
		visit(arg, &f);
	}
}

void sim_fs_each(const struct sim_fs *fs, const char *directory,
		 void (*visit)(void *arg, const char *path), void *arg)
{
	for (const struct sim_entry *e = fs->entries; e; e = e->next)
		if (e->is_now && is_directly_below(e->path, directory))
			visit(arg, e->path);
}
