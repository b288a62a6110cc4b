/* log_answer.h - messages of those who wait for a log, back to them.
 *
 *     unanswered[level] ─ its watermark has passed ─▶ service->appends
 *     watches ─ the high watermark has passed ──────▶ service->watches
 *
 * Nothing here takes a decision: who moves a watermark, fences or ends the log says so.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_ANSWER_H
#define PENSTOCK_LOG_ANSWER_H

#include "dataplane/store/log/log_private.h"

/* The watermark of a level. That of ACK_WRITTEN lies behind the durable records and fewer than
 * flush.messages that are written. */
int64_t log_mark(const struct log *log, enum ack_level level);
/* Gives it back when its level's watermark has passed its last offset: now, or later. */
void log_await(struct log *log, struct append_msg *a);
/* Gives back what waits for `level` and lies below `offset`. */
void log_answer(struct log *log, enum ack_level level, int64_t offset);
/* Gives back the watches of offsets below the high watermark. */
void log_wake_watches(struct log *log);

/* Gives back all of them, with `error`. */
void log_give_watches(struct log *log, int16_t error);
/* Gives back all appends, copied or not, with KAFKA_STORAGE_ERROR. */
void log_fail_appends(struct log *log);

#endif
