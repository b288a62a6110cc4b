/* registry_lock.h - one process per log directory. A header of its own because <sys/stat.h>
 * and base/stats.h use one tag for different things. Core: control. */
#ifndef PENSTOCK_REGISTRY_LOCK_H
#define PENSTOCK_REGISTRY_LOCK_H

#include <stddef.h>

/* Takes the lock of the log directory for the life of the process: a descriptor, or -errno
 * with a sentence in `message`. Makes the directory when it is missing. */
int registry_lock(const char *log_dir, char *message, size_t message_size);

/* What an error of the log directory means, and what to do about it. */
const char *registry_advice(int error);

#endif
