/* segment_files.c - a segment's name in, its .log file out of the way; see segment_files.h. */
#include "dataplane/store/segment_files.h"
#include "dataplane/store/files.h"
#include "dataplane/store/segment.h"

#include <errno.h>

int segment_put_away(struct disk *d, const char *directory, int64_t base_offset)
{
	char from[FILE_PATH_BYTES_MAX], to[FILE_PATH_BYTES_MAX];
	segment_path(from, sizeof from, directory, base_offset, SEGMENT_LOG);
	segment_deleted_path(to, sizeof to, directory, base_offset, SEGMENT_LOG);
	int status = file_rename(d, from, to);
	if (status == -ENOSPC || status == -EDQUOT)
		status = file_unlink(d, from);
	return status == -ENOENT ? 0 : status;
}
