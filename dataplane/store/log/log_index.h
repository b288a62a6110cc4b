/* log_index.h - index entries of the active segment, into its files.
 *
 * Entries are gathered in memory (index.h) and written by the hundred: what is lost of them in
 * a crash, recovery makes anew. All are written before a roll, and before the log ends.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_INDEX_H
#define PENSTOCK_LOG_INDEX_H

#include "dataplane/store/log/log_private.h"

void log_submit_index(struct log *log);
/* `tag` says which of the two files was written. */
void log_index_done(struct log *log, enum log_tag tag);
bool log_index_is_flushed(const struct log *log);

#endif
