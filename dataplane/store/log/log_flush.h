/* log_flush.h - the flush of a group: who is covered, and what becomes of them.
 *
 *     group->waiting ─ log_flush_turn() ─▶ covered ─ log_flush_done() ─▶ durable, or fenced
 *
 * The group itself, what it may cover and why: flush_group.h. Core: the group's writer.
 */
#ifndef PENSTOCK_LOG_FLUSH_H
#define PENSTOCK_LOG_FLUSH_H

#include "dataplane/store/log/log_private.h"

/* Submits a flush if there is something to cover. Once per turn, after the logs. */
void log_flush_turn(struct log_service *s);
/* The group's flush was reaped. */
void log_flush_done(struct log_service *s);

#endif
