/* log_end.h - is a log over? Ending one is log_finish() and log_release(), in log.h.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_END_H
#define PENSTOCK_LOG_END_H

#include "dataplane/store/log/log_private.h"

/* Closing, and nothing is left to be done but to close the files. */
bool log_has_ended(const struct log *log);

#endif
