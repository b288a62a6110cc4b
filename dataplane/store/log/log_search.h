/* log_search.h - an offset in, the position of a batch at or before it out.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_SEARCH_H
#define PENSTOCK_LOG_SEARCH_H

#include "dataplane/store/log/log_private.h"

/* Where in the segment the batch with the offset begins, if a read ended there. */
bool log_search_cursor(const struct log *log, const struct segment *s, int64_t offset,
		       uint64_t *ret_position);
/* Sets r->position when it can be known at once; else prepares r->op and says true. */
bool log_search_begin(struct log_reading *r);
/* The same, by the index file in any case; false: it holds nothing. */
bool log_search_file(struct log_reading *r);
/* Looks at the block that was read; true: r->op asks for another. */
bool log_search_step(struct log_reading *r);
/* What a search that is over says: where to begin, if the file knows; and where a batch begins
 * that holds the first offset in the index above the one wanted. */
void log_search_lead(struct log_reading *r);
bool log_search_behind(const struct log_reading *r, uint64_t *ret_position);

#endif
