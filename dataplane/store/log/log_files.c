/* log_files.c - a file of a log in, the open file of its writer's descriptors out;
 * see log_files.h. */
#include "dataplane/store/log/log_files.h"
#include "dataplane/store/files.h"
#include "dataplane/store/producer_snapshot.h"

#include <fcntl.h>
#include <stdio.h>

static struct open_file *begin(struct log *log, struct open_file **at, int flags,
			       char **ret_path)
{
	return open_file_begin(&log->service->descriptors, at, &log->files,
			       flags | O_CLOEXEC, ret_path);
}

void log_segment_path(char *out, const struct log *log, const struct segment *s,
		      enum segment_file file)
{
	if (s->unnamed & 1u << file)
		segment_next_path(out, FILE_PATH_BYTES_MAX, log->directory, file);
	else if (s->swapped & 1u << file)
		segment_swap_path(out, FILE_PATH_BYTES_MAX, log->directory, s->base_offset, file);
	else if (s->deleted & 1u << file)
		segment_deleted_path(out, FILE_PATH_BYTES_MAX, log->directory, s->base_offset,
				     file);
	else
		segment_path(out, FILE_PATH_BYTES_MAX, log->directory, s->base_offset, file);
}

/* The active .log file is asked for with each batch: it is the last to be closed for want of
 * descriptors. */
struct open_file *log_segment_file(struct log *log, struct segment *s, enum segment_file file)
{
	int direct = file == SEGMENT_LOG && log->is_direct ? O_DIRECT : 0;
	char *path;
	if (!s->open[file]) {
		begin(log, &s->open[file], O_RDWR | direct, &path);
		log_segment_path(path, log, s, file);
	}
	open_file_prefer(s->open[file], file == SEGMENT_LOG && s == log->active);
	return s->open[file];
}

struct open_file *log_new_file(struct log *log, enum segment_file file)
{
	struct segment *s = log->ahead;
	char *path;
	begin(log, &s->open[file], segment_create_flags(file, log->is_direct), &path);
	log_segment_path(path, log, s, file);
	return s->open[file];
}

/* One that was closed for want of descriptors before its sync keeps what was written. */
struct open_file *log_snapshot_file(struct log *log, bool is_new)
{
	char *path;
	if (!log->snapshot_file) {
		begin(log, &log->snapshot_file,
		      O_WRONLY | (is_new ? O_CREAT | O_TRUNC : 0), &path);
		snapshot_path(path, FILE_PATH_BYTES_MAX, log->directory, log->snapshot_offset);
	}
	return log->snapshot_file;
}

struct open_file *log_directory_file(struct log *log)
{
	char *path;
	if (!log->directory_file) {
		begin(log, &log->directory_file, O_RDONLY | O_DIRECTORY, &path);
		snprintf(path, FILE_PATH_BYTES_MAX, "%s", log->directory);
	}
	return log->directory_file;
}

void log_submit(struct log *log, struct open_file *file, struct disk_op *op,
		enum log_tag tag, void *owner)
{
	op->tag = tag;
	op->owner = owner;
	op->file = NULL;
	log->operations++;
	if (file)
		open_file_submit(file, op);
	else
		disk_submit(log->service->disk, op);
}
