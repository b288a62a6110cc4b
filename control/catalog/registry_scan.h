/* registry_scan.h - the log directories at start: entries whose logs are to be opened out.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_SCAN_H
#define PENSTOCK_REGISTRY_SCAN_H

#include "control/catalog/registry_listing.h"

/* -errno with a sentence in `message`; the listings are to be freed either way. */
int registry_scan(struct registry *r, struct listings *ret, char *message, size_t message_size);

#endif
