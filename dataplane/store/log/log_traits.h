/* log_traits.h - may a flush of its group make durable what is written to a segment's file?
 *
 * The file system says it of each file (DISK_TRAITS), the group of itself (flush_group.h). Until
 * both have, the segment's file is synced by itself.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_TRAITS_H
#define PENSTOCK_LOG_TRAITS_H

#include "dataplane/store/log/log_private.h"

/* Asks once per segment. */
void log_ask_traits(struct log *log, struct segment *s);
void log_traits_done(struct log *log);

#endif
