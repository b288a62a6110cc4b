/* registry_settings.h - the gateway's settings that were set while it ran, in the log directory:
 * .penstock.settings, read at start, written by a job.
 *
 *     {"version": 0, "broker": {"num.partitions": "8"}, "cluster": {}}
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_SETTINGS_H
#define PENSTOCK_REGISTRY_SETTINGS_H

#include "control/catalog/registry_private.h"

/* -errno with a sentence in `message`: there is a file, and it cannot be read. A value in it that
 * is no good any more is said, and not used. */
int registry_settings_read(struct registry *r, char *message, size_t message_size);

#endif
