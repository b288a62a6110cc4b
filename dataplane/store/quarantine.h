/* quarantine.h - bytes of a segment that are cut off, and that somebody may want: copied beside it.
 *
 *     00000000000000000000.log.at-<position>-<n>.quarantine     from that position on
 *
 * A name that no tool takes for one of its own, and that is not taken: two crashes may tear at the
 * same place. Nothing reads such a file.
 *
 * Core: control and its crew (block).
 */
#ifndef PENSTOCK_QUARANTINE_H
#define PENSTOCK_QUARANTINE_H

#include "dataplane/store/files.h"
#include "dataplane/store/scan.h"

/* A free name for what a segment has from `position` on; -errno. */
int quarantine_path(struct disk *d, const char *directory, int64_t base_offset,
		    uint64_t position, char path[FILE_PATH_BYTES_MAX]);
/* Copies bytes `from` to before `end` of the file that is scanned, durably, to such a name, in
 * `path`. -errno: there is no copy. */
int quarantine_copy(struct scan *s, const char *directory, int64_t base_offset, uint64_t from,
		    uint64_t end, char path[FILE_PATH_BYTES_MAX]);

#endif
