/* log_write.h - one write of a log, while it is filled, and its end.
 *
 *     log_open_write() ─ filled by log_append.c ─▶ log_close_write() ─▶ log->writes
 *                                                  sent and settled by log_writing.c ─▶ given
 *
 * A log fills one write at a time. The block that a write ends in, if it does not end on a
 * boundary, is kept in log->tail: the next one begins with it.
 *
 * Core: the log's writer. Memory: the service's; a write holds its buffers and its segment.
 */
#ifndef PENSTOCK_LOG_WRITE_H
#define PENSTOCK_LOG_WRITE_H

#include "dataplane/store/log/log_private.h"

/* A write for the bytes from log->position on; its first buffer starts with the kept block. */
void log_open_write(struct log *log, uint8_t *buffer);
void log_close_write(struct log *log);
/* Its buffers, its segment and itself. */
void log_give_write(struct log_write *w);
/* Gives back all that are not at the disk; those that are give themselves back. */
void log_drop_writes(struct log *log);

#endif
