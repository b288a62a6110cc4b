/* registry_scan.h - the log directory at start: entries with open logs out.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_SCAN_H
#define PENSTOCK_REGISTRY_SCAN_H

#include "control/catalog/registry_private.h"

int registry_scan(struct registry *r, char *message, size_t message_size);

#endif
