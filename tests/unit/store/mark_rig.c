/* mark_rig.c - marks in, a mark file out, and back; see mark_rig.h. */
#include "tests/unit/store/mark_rig.h"
#include "tests/unit/store/rig_files.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { MARKS_MAX = 4096 };

void mark_rig_store(const char *log_dir, const char *name, const struct durable_mark *marks,
		    unsigned count)
{
	static struct mark_entry entries[1 + MARKS_MAX];
	char path[512];
	cr_assert(count <= MARKS_MAX);
	entries[0] = mark_header();
	for (unsigned i = 0; i < count; i++)
		entries[1 + i] = mark_entry_of(&marks[i]);
	snprintf(path, sizeof path, "%s/%s", log_dir, name);
	rig_file_store(path, entries, (1 + count) * sizeof *entries);
}

int64_t mark_rig_find(struct disk *d, const char *log_dir, const struct mark_key *key)
{
	struct mark_table t;
	char failed[NAME_MAX + 1];
	cr_assert(mark_table_read(&t, d, log_dir, failed) == 0, "%s", failed);
	int64_t offset = mark_table_find(&t, key);
	mark_table_free(&t);
	return offset;
}
