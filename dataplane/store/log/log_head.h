/* log_head.h - the task at the head of a log: what is not written to any more is sealed.
 *
 *     IDLE ─ the next segment's name is durable ─▶ SEAL ─▶ SEAL_SYNC ─▶ IDLE
 *
 * Sealed is a segment whose files have their exact size and are durable: recovery may trust
 * them. The recovery point stays at the segment until then.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_HEAD_H
#define PENSTOCK_LOG_HEAD_H

#include "dataplane/store/log/log_private.h"

void log_head_advance(struct log *log);
void log_head_done(struct log *log, const struct disk_op *op);

#endif
