/* flush_file.h - a log directory whose rule is found in, the files of a writer's flush group out.
 *
 *     LOGDIR/.penstock-flush-<writer>    a block of zeroes, written and synced at start
 *     LOGDIR/.penstock-commit-<writer>   the same, and another size with each commit
 *
 * The files mean nothing to anybody else, and nothing when no gateway runs. Core: control.
 */
#ifndef PENSTOCK_FLUSH_FILE_H
#define PENSTOCK_FLUSH_FILE_H

#include "dataplane/store/log_dir.h"

#define FLUSH_FILE_NAME ".penstock-flush-"
#define COMMIT_FILE_NAME ".penstock-commit-"

/* Opens the files of `writer` that the rule of `d` wants. `ret_line`: which rule holds and why,
 * for the operator. What cannot be made is no error: then each log's file is synced by itself. */
void flush_file_open(struct log_dir *d, unsigned writer, char *ret_line, size_t line_size);
void flush_file_close(struct log_dir *d, unsigned writer);

#endif
