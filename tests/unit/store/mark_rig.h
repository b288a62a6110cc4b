/* mark_rig.h - mark files of a test, written entry by entry and read back. */
#ifndef PENSTOCK_TESTS_MARK_RIG_H
#define PENSTOCK_TESTS_MARK_RIG_H

#include "dataplane/store/mark_table.h"

/* A whole mark file: the header, then the marks. */
void mark_rig_store(const char *log_dir, const char *name, const struct durable_mark *marks,
		    unsigned count);
/* What the files of the directory say of a log, -1 when nothing. */
int64_t mark_rig_find(struct disk *d, const char *log_dir, const struct mark_key *key);

#endif
