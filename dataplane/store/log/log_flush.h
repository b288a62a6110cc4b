/* log_flush.h - a group's flush and its commit: who is covered, and what becomes of them.
 *
 *     those who wait ─ log_flush_turn() ─▶ covered ─ log_flush_done() ─▶ durable, or fenced
 *
 * The group itself, what it may cover and why: flush_group.h. Core: the group's writer.
 */
#ifndef PENSTOCK_LOG_FLUSH_H
#define PENSTOCK_LOG_FLUSH_H

#include "dataplane/store/log/log_private.h"

/* Submits each of them if there is something to cover. Once per turn, after the logs. */
void log_flush_turn(struct log_service *s);
/* `op`, one of them, was reaped. */
void log_flush_done(struct log_service *s, const struct disk_op *op);

#endif
