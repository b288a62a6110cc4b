/* log_sync.h - what is written becomes durable.
 *
 *     written ─▶ a sync of the log's own file, or the flush of its group ─▶ durable
 *
 * One is under way at a time. What was written when it began is durable when it is over; then
 * answers and watches follow, and the durable mark.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_SYNC_H
#define PENSTOCK_LOG_SYNC_H

#include "dataplane/store/log/log_private.h"

/* Syncs the file, or joins the group; or not yet, when nobody waits. */
void log_submit_sync(struct log *log);
/* What is written now is covered by a sync that is submitted now. `is_of_file`: not the device's
 * flush alone; the file's zeroes are durable after it, too. */
void log_sync_begin(struct log *log, bool is_of_file);
/* It is over; when it failed, the log is fenced. */
void log_sync_end(struct log *log);
/* Nothing that is written and not durable is anything but an overwrite. */
bool log_writes_are_overwrites(const struct log *log);

#endif
