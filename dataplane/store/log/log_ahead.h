/* log_ahead.h - blocks made ready before the writes reach them; why: log_ahead.c.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_AHEAD_H
#define PENSTOCK_LOG_AHEAD_H

#include "dataplane/store/log/log_private.h"

void log_prepare_ahead(struct log *log);
/* Is [from, to) durable zeroes, or what was written over them? */
bool log_has_zeroes(const struct log *log, const struct segment *s, uint64_t from, uint64_t to);
/* Where the zeroes end that are written. */
uint64_t log_zeroes_end(const struct log *log);
/* The zeroes that are written now are covered by a commit that is submitted now. */
void log_zeroes_commit(struct log *log);
/* It is over; when it failed, the log is fenced. */
void log_zeroes_committed(struct log *log);
/* Bytes: what is allocated doubles, from a part of the segment on. */
uint64_t log_allocate_step(const struct log *log);
void log_allocate_done(struct log *log);
void log_zero_done(struct log *log);

#endif
