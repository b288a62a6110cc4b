/* batch_search.h - the first record in one batch that is not older than a given time.
 *
 * Core: control; allocates for a compressed batch and frees again. See offset_lookup.h for
 * what happens when a compressed batch cannot be opened.
 */
#ifndef PENSTOCK_BATCH_SEARCH_H
#define PENSTOCK_BATCH_SEARCH_H

#include "control/kafka/offset_lookup.h"
#include "dataplane/wire/record/record_batch.h"

/* May the batch be looked into, or is it answered by its header? */
bool batch_can_be_opened(const struct offset_query *q, const struct record_batch_header *h);
/* The answer where the records do not decide: whoever starts there misses nothing. */
struct offset_found batch_unopened(const struct offset_query *q,
				   const struct record_batch_header *h);
/* `batch`: all `size` bytes of it. False when it has no such record. */
bool batch_search(const struct offset_query *q, const uint8_t *batch, size_t size,
		  struct offset_found *ret);

#endif
