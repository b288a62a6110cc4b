/* checkpoint_lines.h - one partition's line in a checkpoint file of a log directory, read and
 * changed; all other lines stay as they are. Kafka's format: version, count, "topic partition
 * offset".
 *
 * Core: a program of its own; blocks.
 */
#ifndef PENSTOCK_CHECKPOINT_LINES_H
#define PENSTOCK_CHECKPOINT_LINES_H

#include "dataplane/store/files.h"

struct checkpoint_line {
	const char *log_dir;
	const char *file;
	const char *topic;
	uint32_t partition;
};

/* Its offset in `ret`; -1: there is no such line, or no such file. -errno. */
int checkpoint_line_read(struct disk *d, const struct checkpoint_line *l, int64_t *ret);
/* The file is replaced, durably, if it has such a line. -errno. */
int checkpoint_line_write(struct disk *d, const struct checkpoint_line *l, int64_t offset);

#endif
