/* registry_marks.h - durable marks of whole log directories.
 *
 * Core: control (blocks).
 */
#ifndef PENSTOCK_REGISTRY_MARKS_H
#define PENSTOCK_REGISTRY_MARKS_H

#include "control/catalog/registry_listing.h"

/* What all mark files say into the partitions. */
void durable_marks_take(struct registry *r);
/* One file with what is known of every partition in a log directory, durable; false, and said: it
 * could not be. */
bool durable_marks_write(struct registry *r, const struct log_dir *d);
/* The same in each once all logs are open and synced; then older runs' files go. */
void durable_marks_begin(struct registry *r, const struct listings *l);

#endif
