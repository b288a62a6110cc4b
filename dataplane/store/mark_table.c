/* mark_table.c - mark files in, the largest mark of each log out; see mark_table.h. */
#include "dataplane/store/mark_table.h"
#include "dataplane/base/map.h"
#include "dataplane/store/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { READ_ENTRIES = 2048 };

/* A directory's, a NUL after each. */
struct names {
	char *first;
	size_t bytes;
};

#define for_each_mark_file(n, names)                                                           \
	for (const char *n = (names)->first; n && n < (names)->first + (names)->bytes;         \
	     n += strlen(n) + 1)                                                               \
		if (mark_file_is_named(n))

static int open_file_of(struct disk *d, const char *log_dir, const char *name, uint64_t *size)
{
	char path[FILE_PATH_BYTES_MAX];
	snprintf(path, sizeof path, "%s/%s", log_dir, name);
	int fd = file_open_to_read(d, path);
	int status = fd < 0 ? fd : file_size(d, fd, size);
	if (status < 0)
		file_close(d, &fd);
	return status < 0 ? status : fd;
}

/* Room is for as many as were counted: beside penstock-log a gateway may run and write more. */
static void take_entry(struct mark_table *t, const struct mark_entry *e)
{
	bool has_room = (t->count + 1) * sizeof *t->marks <= t->map_bytes;
	if (has_room && mark_entry_read(e, &t->marks[t->count]))
		t->count++;
}

/* A header that is not there, or not whole, is what a power cut leaves of a new file. */
static int take_entries(struct mark_table *t, struct disk *d, int fd, uint64_t entries)
{
	static_assert(READ_ENTRIES * sizeof(struct mark_entry) <= 64 << 10, "on the stack");
	struct mark_entry some[READ_ENTRIES];
	for (uint64_t at = 0; at < entries; at += READ_ENTRIES) {
		size_t n = min_size((size_t)(entries - at), READ_ENTRIES);
		int status = file_read(d, fd, some, n * sizeof *some, at * sizeof *some);
		if (status < 0)
			return status;
		if (at == 0 && !mark_header_is_good(&some[0]))
			return 0;
		for (size_t i = at == 0; i < n; i++)
			take_entry(t, &some[i]);
	}
	return 0;
}

int mark_key_order(const struct mark_key *x, const struct mark_key *y)
{
	int order = memcmp(x->topic_id, y->topic_id, sizeof x->topic_id);
	return order ? order
		     : (x->partition > y->partition) - (x->partition < y->partition);
}

static int compare_marks(const void *a, const void *b)
{
	const struct durable_mark *x = a, *y = b;
	int order = mark_key_order(&x->key, &y->key);
	return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

/* The last of those with one key is the largest. */
static void keep_largest(struct mark_table *t)
{
	size_t kept = 0;
	if (t->count > 1)
		qsort(t->marks, t->count, sizeof *t->marks, compare_marks);
	for (size_t i = 0; i < t->count; i++) {
		if (kept > 0 && mark_key_order(&t->marks[kept - 1].key, &t->marks[i].key) == 0)
			kept--;
		t->marks[kept++] = t->marks[i];
	}
	t->count = kept;
}

/* A file may be gone that was listed: penstock-log reads beside a gateway that runs. */
static int visit(struct disk *d, const char *log_dir, const char *name,
		 struct mark_table *t, uint64_t *entries)
{
	uint64_t size;
	int fd = open_file_of(d, log_dir, name, &size);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	int status = 0;
	if (t)
		status = take_entries(t, d, fd, size / MARK_ENTRY_BYTES);
	else
		*entries += size / MARK_ENTRY_BYTES;
	file_close(d, &fd);
	return status;
}

/* Each file, to count its entries or, with a table, to take them; the first error. */
static int visit_all(struct disk *d, const char *log_dir, const struct names *names,
		     struct mark_table *t, uint64_t *entries, char *failed)
{
	int result = 0;
	for_each_mark_file(name, names)
	{
		int status = visit(d, log_dir, name, t, entries);
		if (status < 0 && result == 0)
			snprintf(failed, NAME_MAX + 1, "%s", name);
		result = result < 0 ? result : status;
	}
	return result;
}

/* Room for what the files hold now. */
static int make_room(struct mark_table *t, uint64_t entries)
{
	t->map_bytes = (size_t)entries * sizeof *t->marks;
	t->marks = map_take(t->map_bytes);
	return entries == 0 || t->marks ? 0 : -ENOMEM;
}

/* Twice over the files, first only to count: the table is one piece of memory. Where one file
 * cannot be read the marks of the others are there all the same. */
int mark_table_read(struct mark_table *t, struct disk *d, const char *log_dir, char *failed)
{
	struct names names = {0};
	uint64_t entries = 0;
	*t = (struct mark_table){0};
	failed[0] = '\0';
	int status = directory_list(d, log_dir, &names.first, &names.bytes);
	if (status == 0)
		status = visit_all(d, log_dir, &names, NULL, &entries, failed);
	int error = make_room(t, entries);
	if (error == 0)
		error = visit_all(d, log_dir, &names, t, &entries, failed);
	free(names.first);
	keep_largest(t);
	return status < 0 ? status : error;
}

void mark_table_free(struct mark_table *t)
{
	map_give(t->marks, t->map_bytes);
	*t = (struct mark_table){0};
}

int64_t mark_table_find(const struct mark_table *t, const struct mark_key *key)
{
	size_t low = 0, high = t->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = mark_key_order(&t->marks[middle].key, key);
		if (order == 0)
			return t->marks[middle].offset;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

/* A file that holds no mark gives -1; an error is only that there is none to be opened. */
int mark_old_read(struct disk *d, const char *path, int64_t *ret)
{
	char text[MARK_OLD_BYTES + 1] = "";
	int fd = file_open_to_read(d, path);
	if (fd < 0)
		return fd;
	*ret = file_read(d, fd, text, MARK_OLD_BYTES, 0) < 0 ? -1 : mark_old_parse(text);
	file_close(d, &fd);
	return 0;
}
