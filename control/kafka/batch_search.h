/* batch_search.h - the first record in one batch that is not older than a given time.
 *
 * Core: control; allocates for a compressed batch and frees again. See offset_lookup.h for
 * what happens when a compressed batch cannot be opened.
 */
#ifndef PENSTOCK_BATCH_SEARCH_H
#define PENSTOCK_BATCH_SEARCH_H

#include "control/kafka/offset_lookup.h"

/* `batch`: all `size` bytes of it. False when it has no such record. */
bool batch_search(const struct offset_query *q, const uint8_t *batch, size_t size,
		  struct offset_found *ret);

#endif
