/* flush_file.h - a log directory's rule in, the files of each writer's flush group out.
 *
 *     LOGDIR/.penstock-flush-<writer>    a block of zeroes, written and synced at start
 *     LOGDIR/.penstock-commit-<writer>   the same, and another size with each commit
 *
 * The files mean nothing to anybody else, and nothing when no gateway runs. Core: control.
 */
#ifndef PENSTOCK_FLUSH_FILE_H
#define PENSTOCK_FLUSH_FILE_H

#include "dataplane/store/log/flush_group.h"

#define FLUSH_FILE_NAME ".penstock-flush-"
#define COMMIT_FILE_NAME ".penstock-commit-"

/* Opens the files of `writer` in `directory` that the rule found there wants. `ret_line`: which
 * rule holds and why, for the operator. What cannot be made is no error: then each log's file is
 * synced by itself. */
void flush_file_open(struct disk *d, const char *directory, unsigned writer,
		     struct flush_file *ret, char *ret_line, size_t line_size);
void flush_file_close(struct disk *d, struct flush_file *f);

#endif
