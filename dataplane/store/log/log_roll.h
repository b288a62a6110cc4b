/* log_roll.h - the segment made ahead becomes the active one.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_ROLL_H
#define PENSTOCK_LOG_ROLL_H

#include "dataplane/store/log/log_private.h"

/* The batch at the head of the queue begins a new segment; false: not ready yet. */
bool log_roll(struct log *log);

#endif
