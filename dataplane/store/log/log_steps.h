/* log_steps.h - a roll and a close, step by step; the steps: log_steps.c.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_STEPS_H
#define PENSTOCK_LOG_STEPS_H

#include "dataplane/store/log/log_private.h"

void log_advance_steps(struct log *log);
void log_step_done(struct log *log, const struct disk_op *op);

#endif
