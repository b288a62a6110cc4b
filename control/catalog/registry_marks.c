/* registry_marks.c - durable marks of each log directory: what mark files say into the
 * partitions at start, and out of them, in one file, at start and stop.
 *
 *     all mark files ─▶ partitions ─▶ logs opened, one sync ─▶ .penstock-durable-marks, synced
 *                                       ─▶ writers' files of earlier runs go
 *
 * No mark is lost before another place has it for good: the file for all is replaced as a
 * whole and is durable before a writer's is removed. When it cannot be written nothing is
 * removed, and a writer does not write over a file that it finds (mark_file.h): its marks age.
 * Marks of topics that are not there any more go. */
#include "control/catalog/registry_marks.h"
#include "control/catalog/registry_dirs.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_removal.h"
#include "control/catalog/registry_say.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <stdlib.h>

static struct mark_key key_of(const struct entry *e, uint32_t partition)
{
	struct mark_key key = {.partition = partition};
	memcpy(key.topic_id, e->shown.topic.id, sizeof key.topic_id);
	return key;
}

static void take_from(struct registry *r, struct log_dir *d)
{
	struct mark_table table;
	char failed[NAME_MAX + 1];
	int error = mark_table_read(&table, d->disk, d->path, failed);
	if (error)
		registry_say(r, "%s/%s cannot be read: %s; damage is told from a torn tail by the "
				"other marks and the recovery points alone, until a start can "
				"read it, or it is removed",
			     d->path, failed, strerror(-error));
	d->has_unread_marks = error;
	for (unsigned i = 0; i < r->entry_count; i++) {
		struct entry *e = r->entries[i];
		for (uint32_t p = 0; p < e->partition_count; p++) {
			struct mark_key key = key_of(e, p);
			if (e->partitions[p]->dir == d)
				e->partitions[p]->durable_mark = mark_table_find(&table, &key);
		}
	}
	mark_table_free(&table);
}

void durable_marks_take(struct registry *r)
{
	for_each_dir(d, r) if (!d->is_lost) take_from(r, d);
}

/* The largest offset below which all was durable: as it was found, or as it is now. */
static int64_t durable_offset(const struct registry *r, const struct entry *e, uint32_t number)
{
	const struct partition *p = e->partitions[number];
	struct log_marks marks = {.high_watermark = -1};
	if (p->log)
		partition_marks(r, p, &marks);
	return marks.high_watermark > p->durable_mark ? marks.high_watermark : p->durable_mark;
}

static void print_entry(FILE *out, const struct mark_entry *e)
{
	require(fwrite(e, sizeof *e, 1, out) == 1);
}

static void print_marks(const struct registry *r, const struct log_dir *d, const struct entry *e,
			FILE *out)
{
	for (uint32_t p = 0; p < e->partition_count; p++) {
		struct durable_mark mark = {key_of(e, p), durable_offset(r, e, p)};
		struct mark_entry entry = mark_entry_of(&mark);
		if (mark.offset > 0 && e->partitions[p]->dir == d)
			print_entry(out, &entry);
	}
}

/* A topic whose deletion could not be written down may be there again at the next start. */
static void print_all(const struct registry *r, const struct log_dir *d, FILE *out)
{
	struct mark_entry header = mark_header();
	print_entry(out, &header);
	for (unsigned i = 0; i < r->entry_count; i++)
		print_marks(r, d, r->entries[i], out);
	for_each_leftover(e, r) if (!e->is_deleting) print_marks(r, d, e, out);
}

static int replace(struct registry *r, const struct log_dir *d)
{
	char *bytes = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&bytes, &size);
	require(out);
	print_all(r, d, out);
	require(fclose(out) == 0);
	int error = log_dir_replace_file(d, MARK_FILE_NAME, bytes, size);
	free(bytes);
	return error;
}

bool durable_marks_write(struct registry *r, const struct log_dir *d)
{
	int error = d->has_unread_marks ? 0 : replace(r, d);
	if (error)
		registry_say(r, "%s/" MARK_FILE_NAME " cannot be written: %s; after a crash damage "
				"is told from a torn tail by older marks and the recovery points",
			     d->path, strerror(-error));
	return !error && !d->has_unread_marks;
}

static void remove_file(struct registry *r, const char *directory, const char *name)
{
	char path[PATH_MAX];
	int error = disk_remove_file(r->dir->disk, disk_path(path, directory, name));
	if (error)
		registry_say(r, "%s cannot be removed: %s; what it says is in " MARK_FILE_NAME,
			     path, strerror(-error));
}

/* A corrupt partition is left as it was found. */
static void remove_old(struct registry *r, const struct log_dir *d, struct entry *e)
{
	for (uint32_t i = 0; i < e->partition_count; i++) {
		struct partition *p = e->partitions[i];
		if (p->dir == d && p->log && p->has_old_mark && !p->is_suspect)
			remove_file(r, p->directory, MARK_OLD_NAME);
	}
}

static void begin_in(struct registry *r, const struct log_dir *d, const struct listing *l)
{
	if (!durable_marks_write(r, d))
		return;
	for_each_name(name, l)
	{
		if (mark_file_is_named(name) && strcmp(name, MARK_FILE_NAME) != 0)
			remove_file(r, d->path, name);
	}
	for (unsigned i = 0; i < r->entry_count; i++)
		remove_old(r, d, r->entries[i]);
}

void durable_marks_begin(struct registry *r, const struct listings *l)
{
	for_each_dir(d, r) if (!d->is_lost) begin_in(r, d, &l->of[d->number]);
}
