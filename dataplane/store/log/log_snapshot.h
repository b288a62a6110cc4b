/* log_snapshot.h - the task that writes down what a log knows of its producers: Kafka's .snapshot
 * files (producer_snapshot.h), from which the next start goes on.
 *
 *     IDLE ─ after a roll, at the end ─▶ WRITE ─▶ SYNC ─▶ REMOVE the oldest of four ─▶ IDLE
 *       └─ when the segment has grown ─────┘ └──────┴─ failed: counted, and that was it ─▶ IDLE
 *
 * A snapshot is of the moment in which its bytes are made, and named after the offset that the next
 * append will have: batches below it may not be written yet. That is no harm: recovery uses none
 * beyond the end that it finds. One that cannot be written is no reason to take no more records; a
 * directory that cannot be synced is.
 *
 * The bytes lie in the service's memory for one: whoever finds it in use waits in line.
 *
 * Core: the log's writer. A log that never had a producer has no snapshot before its segment has
 * grown.
 */
#ifndef PENSTOCK_LOG_SNAPSHOT_H
#define PENSTOCK_LOG_SNAPSHOT_H

#include "dataplane/store/log/log_private.h"

/* A segment was begun. */
void log_snapshot_rolled(struct log *log);
void log_snapshot_advance(struct log *log);
void log_snapshot_done(struct log *log, const struct disk_op *op);
/* One is to be written, or being written. */
bool log_snapshot_is_due(const struct log *log);

#endif
