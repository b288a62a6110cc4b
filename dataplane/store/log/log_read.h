/* log_read.h - reads that wait, and their completions; log_read() is in log.h.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_READ_H
#define PENSTOCK_LOG_READ_H

#include "dataplane/store/log/log_private.h"

void log_start_reads(struct log *log);
void log_reading_done(struct log_reading *r);

#endif
