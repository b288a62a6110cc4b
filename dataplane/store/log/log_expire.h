/* log_expire.h - which segments of a log are old: where it could start. Core: the log's writer. */
#ifndef PENSTOCK_LOG_EXPIRE_H
#define PENSTOCK_LOG_EXPIRE_H

#include "dataplane/store/log/log_private.h"

/* A batch of that time would be the active segment's: is that too old to take it (segment.ms)? */
bool log_is_due_to_roll(const struct log *log, int64_t timestamp);
/* The active segment holds no record that is left: a new one is begun, as soon as may be. */
void log_roll_dead(struct log *log);

#endif
