/* mark_table.h - all mark files of a log directory in, the largest mark of each log out.
 *
 *     .penstock-durable-marks, .0, .1 ... ─▶ entries that are whole ─▶ sorted, one per log
 *
 * However many writers there were: a partition's mark is found whichever wrote it.
 * Core: control (blocks). Memory: mapped at the read.
 */
#ifndef PENSTOCK_MARK_TABLE_H
#define PENSTOCK_MARK_TABLE_H

#include "dataplane/store/durable_mark.h"

#include <limits.h>

struct disk;

struct mark_table {
	struct durable_mark *marks; /* sorted by key */
	size_t count;
	size_t map_bytes;
};

/* -errno, and the file's name in `failed` (NAME_MAX + 1 bytes), if one cannot be read: what the
 * others say is in the table all the same. */
int mark_table_read(struct mark_table *t, struct disk *d, const char *log_dir, char *failed);
void mark_table_free(struct mark_table *t);

/* A partition's own file of before there was one for all. -errno: there is none, or it cannot be
 * opened; -1 in `ret`: what is in it claims nothing. */
int mark_old_read(struct disk *d, const char *path, int64_t *ret);

/* As memcmp(); 0: of the same log. */
int mark_key_order(const struct mark_key *x, const struct mark_key *y);
/* -1: no file says anything of that log. */
int64_t mark_table_find(const struct mark_table *t, const struct mark_key *key);

#endif
