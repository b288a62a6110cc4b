/* log_append.h - batches from the queue into writes; log_append() is in log.h.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_APPEND_H
#define PENSTOCK_LOG_APPEND_H

#include "dataplane/store/log/log_private.h"

void log_copy(struct log *log);

#endif
