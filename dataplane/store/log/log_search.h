/* log_search.h - an offset in, the position of a batch at or before it out.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_SEARCH_H
#define PENSTOCK_LOG_SEARCH_H

#include "dataplane/store/log/log_private.h"

/* Sets r->position when it can be known at once; else prepares r->op and says true. */
bool log_search_begin(struct log_reading *r);
/* Looks at the block that was read; true: r->op asks for another. */
bool log_search_step(struct log_reading *r);

#endif
