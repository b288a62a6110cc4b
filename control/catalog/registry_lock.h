/* registry_lock.h - one process per log directory. A header of its own because <sys/stat.h>
 * and base/stats.h use one tag for different things. Core: control. */
#ifndef PENSTOCK_REGISTRY_LOCK_H
#define PENSTOCK_REGISTRY_LOCK_H

#include <stdbool.h>
#include <stddef.h>

struct log_dir;

/* Takes the lock of the directory at `log_dir`, which `d` has from then on, before it is opened
 * and after it is closed: 0, or -errno with a sentence in `message`. Makes the directory when it
 * is missing. The kernel gives the lock back when the process ends, however it does. */
int registry_lock(struct log_dir *d, const char *log_dir, char *message, size_t message_size);
/* No harm where there is none. */
void registry_unlock(struct log_dir *d);
/* Is the lock that `d` has that of the directory at `log_dir`? */
bool registry_lock_is_at(const struct log_dir *d, const char *log_dir);

/* What an error of the log directory means, and what to do about it. */
const char *registry_advice(int error);

#endif
