/* log_read.h - the reads of a writer's logs in one log directory: they wait in line, are begun, and
 * completed; log_read() is in log.h.
 *
 *     log_read ─▶ log->reads_waiting      service->readers: log ─ log ─ log
 *                                             │ one read of the first, which goes to the end
 *                                             ▼
 *                              begun, while little enough is under way ─▶ disk ─▶ completed
 *
 * Whoever replays a log asks for as much as disk and core can give, and for more as soon as it has
 * that. What is under way is bounded, so that a write does not wait behind it at the disk. What
 * goes on at a log's end, in memory, does not wait for what comes from the disk, and is bounded by
 * what a turn may copy.
 *
 * Core: the log's writer. Limits: READING_BYTES_ALONE or READING_BYTES_BESIDE, and
 * RECALLED_BYTES_PER_TURN, each and a read more; LOG_READS_MAX.
 */
#ifndef PENSTOCK_LOG_READ_H
#define PENSTOCK_LOG_READ_H

#include "dataplane/store/log/log_private.h"

void log_reads_turn(struct log_service *s);
void log_reading_done(struct log_reading *r);

#endif
