/* log_snapshot.h - the task that writes down what a log knows of its producers: Kafka's .snapshot
 * files (producer_snapshot.h), from which the next start goes on.
 *
 *     IDLE ─ after a roll, at the end,   ┌▶ ENCODE ─▶ INDEX, written ─▶ SYNC_INDEX ─┐
 *       │    when the segment has grown ───┘                                          ▼
 *       └◀─ REMOVE the oldest of four ◀─ SYNC ◀────────────────────────────────── WRITE
 *
 * A snapshot is of the moment in which its bytes are made, and named after the offset that the next
 * append will have: batches below it may not be written yet. That is no harm: recovery uses none
 * beyond the end that it finds. It appears when the index entries of all batches below it are on
 * disk: a start after a crash goes on from it (recover_point.h). Where a roll has come between,
 * sealing brings them there. One that cannot be written is counted, and no reason to take no more
 * records; indexes, or a directory, that cannot be synced are.
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
