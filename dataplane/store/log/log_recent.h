/* log_recent.h - what a log has just written, kept in memory for who reads at its end (recent.h).
 *
 * A log is followed as long as somebody waits at its end, or has come to it of late: only then is
 * anything copied. The first read that comes to the end still reads from the disk.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_RECENT_H
#define PENSTOCK_LOG_RECENT_H

#include "dataplane/store/log/log_private.h"

/* Somebody has come to the log's end. */
void log_follow(struct log *log);
/* A write has come to its place in the file: its bytes are kept, if the log is followed. */
void log_keep_recent(struct log *log, const struct log_write *w);
/* Does a read that goes on at the offset begin in memory? */
bool log_is_recent(const struct log *log, int64_t offset);
/* Fills the read's pieces from memory; false: one of its blocks is not there. */
bool log_read_recent(struct log_reading *r);

#endif
