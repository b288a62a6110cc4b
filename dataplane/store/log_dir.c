/* log_dir.c - a path in, a directory to keep partitions in out; see log_dir.h. */
#include "dataplane/store/log_dir.h"

#include <stdarg.h>
#include <stdio.h>

/* The lock was taken before all else, and outlives what is opened and closed here. */
int log_dir_open(struct log_dir *d, struct disk *disk, const char *path)
{
	*d = (struct log_dir){
		.path = path, .disk = disk, .lock_fd = d->lock_fd, .number = d->number};
	d->fd = directory_open(disk, path);
	int error = d->fd < 0 ? d->fd : disk_look(disk, path, 0, &d->place);
	if (error)
		log_dir_close(d);
	return error;
}

void log_dir_close(struct log_dir *d)
{
	if (d->fd >= 0)
		file_close(d->disk, &d->fd);
}

void log_dir_lose(struct log_dir *d, const char *format, ...)
{
	va_list args;
	if (d->is_lost)
		return;
	d->is_lost = true;
	va_start(args, format);
	vsnprintf(d->fault, sizeof d->fault, format, args);
	va_end(args);
}

/* Once: what comes back to the path is not looked at before somebody asks for it. */
bool log_dir_notice_loss(struct log_dir *d)
{
	struct disk_place now;
	if (d->is_lost || !disk_place_is_lost(d->disk, d->path, &d->place, &now))
		return false;
	log_dir_lose(d, "%.255s was removed, replaced or unmounted under the gateway", d->path);
	return true;
}

bool log_dir_checkpoint_is_due(struct log_dir *d, uint64_t now_ns, uint64_t interval_ns)
{
	if (d->checkpoint_at_ns == 0)
		log_dir_checkpoint_begin(d, now_ns, interval_ns);
	return now_ns >= d->checkpoint_at_ns;
}

void log_dir_checkpoint_begin(struct log_dir *d, uint64_t now_ns, uint64_t interval_ns)
{
	d->checkpoint_at_ns = now_ns + interval_ns;
}

/* Behind any time there is, and not 0, which is none. */
void log_dir_checkpoint_hasten(struct log_dir *d)
{
	d->checkpoint_at_ns = 1;
}

char *log_dir_path(char out[PATH_MAX], const struct log_dir *d, const char *name)
{
	return disk_path(out, d->path, name);
}

int log_dir_replace_file(const struct log_dir *d, const char *name, const void *data,
			 size_t size)
{
	return disk_replace_file(d->disk, d->path, name, data, size);
}

int log_dir_sync_all(const struct log_dir *d)
{
	return disk_sync_all(d->disk, d->fd);
}

int log_dir_sync_names(const struct log_dir *d)
{
	return directory_sync(d->disk, d->path);
}
