/* log_files.h - the files of a log, and operations on them.
 *
 *     log_segment_file() ─ opened by the first operation on it ─▶ log_submit() ─▶ disk
 *
 * What the first four return is for one log_submit(), at once: the next may close it; see
 * descriptors.h. Room for the operation was asked for before: log_service_has_room().
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_FILES_H
#define PENSTOCK_LOG_FILES_H

#include "dataplane/store/log/log_private.h"

struct open_file *log_segment_file(struct log *log, struct segment *s,
				   enum segment_file file);
/* Of the segment made ahead: made anew. */
struct open_file *log_new_file(struct log *log, enum segment_file file);
/* That of the snapshot being written; `is_new`: empty, made when absent. */
struct open_file *log_snapshot_file(struct log *log, bool is_new);
struct open_file *log_directory_file(struct log *log);
/* By which name a segment's file is found now; `out`: FILE_PATH_BYTES_MAX. */
void log_segment_path(char *out, const struct log *log, const struct segment *s,
		      enum segment_file file);

/* `file`: what it works on; null: names only. Comes back through log_reaped(), to `owner`. */
void log_submit(struct log *log, struct open_file *file, struct disk_op *op,
		enum log_tag tag, void *owner);

#endif
