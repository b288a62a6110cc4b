/* segment_files.h - the .log file of a segment that leaves its log while nobody serves that.
 *
 *     X.log ─ segment_put_away ─▶ X.log.deleted ─ a sync of the directory ─▶ file_remove
 *
 * A large file is cut piece by piece before it is gone (files.h). Under its own name a start would
 * find a segment that is shorter than what was durable, and take it for damaged; *.deleted it
 * removes, when the log has been found sound (log/log_open.c).
 *
 * Core: control, or one of its crew, while the log is opened.
 */
#ifndef PENSTOCK_SEGMENT_FILES_H
#define PENSTOCK_SEGMENT_FILES_H

#include "dataplane/store/disk/disk.h"

/* 0 also when there is none; -errno. Where the disk has no room for the longer name it is gone. */
int segment_put_away(struct disk *d, const char *directory, int64_t base_offset);

#endif
