/* registry_checkpoint.h - offsets, owner and marks of whole log directories.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_CHECKPOINT_H
#define PENSTOCK_REGISTRY_CHECKPOINT_H

#include "control/catalog/registry_private.h"

/* meta.properties of all log directories: read and compared, or made. */
int checkpoint_open(struct registry *r, char *message, size_t message_size);
/* Recovery points, log starts and what a cleaner did into the partitions. */
void checkpoint_read(struct registry *r);
/* Of the partitions in one of them. */
int checkpoint_write(struct registry *r, struct log_dir *d);
/* Log starts alone, with those that are to be. */
int checkpoint_write_starts(struct registry *r, const struct log_dir *d);
/* How far logs were compacted. */
int checkpoint_write_cleaned(struct registry *r, const struct log_dir *d);
/* Recovery points and log starts once more, without those of topics that are gone since they were
 * written, if any are: a new topic of the same name must not be held to them. */
int checkpoint_forget_deleted(struct registry *r);
int checkpoint_mark_clean(const struct log_dir *d);
/* A block or two on the directory's full disk: of the checkpoint that nothing here reads back. */
int checkpoint_make_room(const struct log_dir *d);

#endif
