/* repair_files.c - segments, marks and what is to become of them in, files changed out; see
 * repair_files.h. */
#include "control/offline/repair_files.h"
#include "dataplane/store/disk_files.h"
#include "dataplane/store/mark_table.h"
#include "dataplane/store/quarantine.h"
#include "dataplane/store/segment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The names in the partition's directory. */
struct names {
	char *first;
	size_t bytes;
};

#define for_each_name(n, names)                                                                \
	for (const char *n = (names)->first; n && n < (names)->first + (names)->bytes;         \
	     n += strlen(n) + 1)

static int list(const struct repair_files *f, struct names *ret)
{
	*ret = (struct names){0};
	return directory_list(f->disk, f->directory, &ret->first, &ret->bytes);
}

int repair_find(struct repair_files *f)
{
	struct names names;
	int status = list(f, &names);
	free(names.first);
	return status;
}

static int open_segment(struct repair_files *f, int64_t base_offset, int *fd)
{
	char path[FILE_PATH_BYTES_MAX];
	segment_path(path, sizeof path, f->directory, base_offset, SEGMENT_LOG);
	*fd = file_open(f->disk, path, false);
	return *fd < 0 ? *fd : scan_file(&f->scan, *fd, SCAN_WINDOW_BYTES);
}

/* ---- what lies behind the end ------------------------------------------------------------- */

/* Sound batches from a position on, wherever they begin. */
static int count_batches(struct repair_files *f, int64_t base_offset, uint64_t position,
			 struct repair_behind *ret)
{
	int fd;
	struct scan_batch b;
	int status = open_segment(f, base_offset, &fd);
	uint64_t end = status < 0 ? 0 : scan_data_end(&f->scan, position);
	for (uint64_t at = position; status == 0 && scan_find(&f->scan, at, -1, &b);
	     at = b.position + b.size) {
		ret->batches++;
		ret->records += record_batch_count(&b.header);
		ret->end_offset = max_i64(ret->end_offset,
					  record_batch_last_offset(&b.header) + 1);
	}
	status = status < 0 ? status : f->scan.error;
	ret->bytes += end > position ? end - position : 0;
	ret->segments += end > position;
	file_close(f->disk, &fd);
	return status;
}

int repair_look_behind(struct repair_files *f, const struct repair_end *end,
		       struct repair_behind *ret)
{
	struct names names;
	*ret = (struct repair_behind){.end_offset = -1};
	int status = list(f, &names);
	for_each_name(name, &names)
	{
		int64_t base;
		enum segment_file file;
		if (status < 0 || !segment_parse(name, &base, &file) || file != SEGMENT_LOG ||
		    base < end->base_offset)
			continue;
		uint64_t from = base == end->base_offset ? end->position : 0;
		status = count_batches(f, base, from, ret);
	}
	free(names.first);
	return status;
}

/* ---- put aside ---------------------------------------------------------------------------- */

static int cut_segment(struct repair_files *f, const struct repair_end *end)
{
	int fd;
	char path[FILE_PATH_BYTES_MAX];
	int status = open_segment(f, end->base_offset, &fd);
	uint64_t data_end = status < 0 ? 0 : scan_data_end(&f->scan, end->position);
	if (status == 0 && data_end > end->position) {
		status = quarantine_copy(&f->scan, f->directory, end->base_offset, end->position,
					 data_end, path);
		printf("%s: %s\n", path, status < 0 ? strerror(-status) : "kept");
	}
	if (status == 0)
		status = file_truncate(f->disk, fd, end->position);
	if (status == 0)
		status = file_sync(f->disk, fd);
	file_close(f->disk, &fd);
	return status;
}

/* A whole segment goes under another name; its indexes can be made anew. */
static int move_aside(struct repair_files *f, const char *name, int64_t base,
		      enum segment_file file)
{
	char from[FILE_PATH_BYTES_MAX], to[FILE_PATH_BYTES_MAX];
	snprintf(from, sizeof from, "%s/%s", f->directory, name);
	if (file != SEGMENT_LOG)
		return file_unlink(f->disk, from);
	int status = quarantine_path(f->disk, f->directory, base, 0, to);
	if (status == 0)
		status = file_rename(f->disk, from, to);
	printf("%s: %s\n", to, status < 0 ? strerror(-status) : "kept");
	return status;
}

/* The segments behind go first: cut short, what is left is as damaged as before. */
int repair_put_aside(struct repair_files *f, const struct repair_end *end)
{
	struct names names;
	int status = list(f, &names);
	for_each_name(name, &names)
	{
		int64_t base;
		enum segment_file file;
		if (status == 0 && segment_parse(name, &base, &file) && base > end->base_offset)
			status = move_aside(f, name, base, file);
	}
	free(names.first);
	if (status == 0)
		status = directory_sync(f->disk, f->directory);
	return status < 0 ? status : cut_segment(f, end);
}

int repair_forget_before(struct repair_files *f, int64_t first)
{
	struct names names;
	int status = list(f, &names);
	for_each_name(name, &names)
	{
		int64_t base;
		enum segment_file file;
		if (status == 0 && segment_parse(name, &base, &file) && base < first &&
		    file != SEGMENT_LOG)
			status = move_aside(f, name, base, file);
	}
	free(names.first);
	return status < 0 ? status : directory_sync(f->disk, f->directory);
}

/* ---- durable marks ------------------------------------------------------------------------ */

static int read_marks(struct repair_files *f, struct mark_table *ret)
{
	char failed[NAME_MAX + 1];
	int error = mark_table_read(ret, f->disk, f->log_dir, failed);
	if (error)
		mark_table_free(ret);
	return error;
}

static char *old_mark_path(const struct repair_files *f, char path[FILE_PATH_BYTES_MAX])
{
	snprintf(path, FILE_PATH_BYTES_MAX, "%s/" MARK_OLD_NAME, f->directory);
	return path;
}

int repair_read_mark(struct repair_files *f, const struct mark_key *key, int64_t *ret)
{
	struct mark_table table;
	char path[FILE_PATH_BYTES_MAX];
	int64_t old = -1;
	int error = read_marks(f, &table);
	if (error)
		return error;
	*ret = mark_table_find(&table, key);
	mark_table_free(&table);
	if (mark_old_read(f->disk, old_mark_path(f, path), &old) == 0)
		*ret = max_i64(*ret, old);
	return 0;
}

/* One file with all of them takes the place of all there are, as at a start (registry_marks.c). */
static int replace_marks(struct repair_files *f, const struct mark_table *table,
			 const struct mark_key *key, int64_t end)
{
	struct mark_entry *entries = calloc(table->count + 1, sizeof *entries);
	if (!entries)
		return -ENOMEM;
	entries[0] = mark_header();
	for (size_t i = 0; i < table->count; i++) {
		struct durable_mark m = table->marks[i];
		if (mark_key_order(&m.key, key) == 0 && m.offset > end)
			m.offset = end;
		entries[i + 1] = mark_entry_of(&m);
	}
	int error = disk_replace_file(f->disk, f->log_dir, MARK_FILE_NAME, entries,
				      (table->count + 1) * sizeof *entries);
	free(entries);
	return error;
}

/* Those of writers, which say nothing now that the one for all does not. */
static int remove_writers_marks(struct repair_files *f)
{
	struct names names = {0};
	char path[PATH_MAX];
	int status = directory_list(f->disk, f->log_dir, &names.first, &names.bytes);
	for_each_name(name, &names) if (status == 0 && mark_file_is_named(name) &&
					strcmp(name, MARK_FILE_NAME) != 0)
		status = disk_remove_file(f->disk, disk_path(path, f->log_dir, name));
	free(names.first);
	return status < 0 ? status : directory_sync(f->disk, f->log_dir);
}

int repair_lower_mark(struct repair_files *f, const struct mark_key *key, int64_t end)
{
	struct mark_table table;
	char path[FILE_PATH_BYTES_MAX];
	int error = read_marks(f, &table);
	if (error)
		return error;
	error = replace_marks(f, &table, key, end);
	mark_table_free(&table);
	if (error == 0)
		error = remove_writers_marks(f);
	if (error == 0)
		error = disk_remove_file(f->disk, old_mark_path(f, path));
	return error ? error : directory_sync(f->disk, f->directory);
}

/* What a look at a sound log has changed. */
int repair_sync(struct repair_files *f)
{
	int fd = directory_open(f->disk, f->directory);
	int error = fd < 0 ? fd : disk_sync_all(f->disk, fd);
	file_close(f->disk, &fd);
	return error;
}
