/* log_open.c - a directory in, a log with its files open out, and back; see log.h. */
#include "dataplane/store/log_private.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/store/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATHS = 2 * SEGMENT_FILES, DIRECTORY_BYTES_MAX = 1024 };

static const char epoch_name[] = "leader-epoch-checkpoint";

/* Opens the files of a segment. A file system that refuses O_DIRECT gets buffered writes. */
static int open_segment(struct log *log, struct disk *d, struct segment *s)
{
	char path[DIRECTORY_BYTES_MAX + SEGMENT_NAME_BYTES];
	for (unsigned f = 0; f < SEGMENT_FILES; f++) {
		segment_path(path, sizeof path, log->directory, s->base_offset, f);
		bool is_direct = f == SEGMENT_LOG && log->is_direct;
		int fd = file_open(d, path, is_direct);
		if (fd == -EINVAL && is_direct) {
			log->is_direct = false;
			fd = file_open(d, path, false);
		}
		if (fd < 0)
			return fd;
		s->fd[f] = fd;
	}
	return 0;
}

static int unlink_name(struct log *log, struct disk *d, const char *name)
{
	char path[DIRECTORY_BYTES_MAX + SEGMENT_NAME_BYTES + 256];
	snprintf(path, sizeof path, "%s/%s", log->directory, name);
	return file_unlink(d, path);
}

static int compare_segments(const void *a, const void *b)
{
	int64_t x = ((const struct segment *)a)->base_offset;
	int64_t y = ((const struct segment *)b)->base_offset;
	return x < y ? -1 : x > y;
}

static bool has_segment(const struct log *log, int64_t base_offset)
{
	for (uint32_t i = 0; i < log->segment_count; i++)
		if (log->segments[i].base_offset == base_offset)
			return true;
	return false;
}

static int add_segment(struct log *log, int64_t base_offset)
{
	if (log->segment_count == SEGMENTS_MAX)
		return -EMFILE;
	log->segments[log->segment_count++] =
		(struct segment){.base_offset = base_offset, .fd = {-1, -1, -1}};
	return 0;
}

/* Takes the segments from the names; then deletes leftovers and indexes without a log. */
static int take_names(struct log *log, struct disk *d, const struct disk_op *list)
{
	const char *end = list->names + list->names_bytes;
	int64_t base;
	enum segment_file file;
	int status = 0;
	for (const char *n = list->names; n < end && status == 0; n += strlen(n) + 1)
		if (segment_parse(n, &base, &file) && file == SEGMENT_LOG)
			status = add_segment(log, base);
	for (const char *n = list->names; n < end && status == 0; n += strlen(n) + 1) {
		bool is_orphan = segment_parse(n, &base, &file) && !has_segment(log, base);
		if (is_orphan || segment_is_leftover(n))
			status = unlink_name(log, d, n);
	}
	if (log->segment_count > 1)
		qsort(log->segments, log->segment_count, sizeof *log->segments,
		      compare_segments);
	return status;
}

static int list_segments(struct log *log, struct disk *d)
{
	struct disk_op list = {.kind = DISK_LIST, .path = log->directory};
	int64_t status = disk_run(d, &list);
	if (status >= 0)
		status = take_names(log, d, &list);
	free(list.names);
	return (int)status;
}

/* The file Kafka keeps of leader epochs: one, from offset 0 on. */
static int write_epochs(struct log *log, struct disk *d)
{
	static const char text[] = "0\n1\n0 0\n";
	char path[DIRECTORY_BYTES_MAX + SEGMENT_NAME_BYTES];
	snprintf(path, sizeof path, "%s/%s", log->directory, epoch_name);
	return file_replace(d, path, text, sizeof text - 1);
}

static int open_files(struct log *log, struct disk *d)
{
	char path[DIRECTORY_BYTES_MAX + SEGMENT_NAME_BYTES];
	int status = directory_make(d, log->directory);
	if (status == 0)
		log->directory_fd = directory_open(d, log->directory);
	if (status == 0 && log->directory_fd < 0)
		status = log->directory_fd;
	if (status == 0)
		status = list_segments(log, d);
	bool is_new = log->segment_count == 0;
	if (status == 0 && is_new)
		status = add_segment(log, 0);
	if (status == 0 && is_new)
		status = write_epochs(log, d);
	for (uint32_t i = 0; i < log->segment_count && status == 0; i++)
		status = open_segment(log, d, &log->segments[i]);
	if (status < 0)
		return status;
	snprintf(path, sizeof path, "%s/%s", log->directory, log_mark_name);
	log->mark_fd = file_open(d, path, false);
	return log->mark_fd < 0 ? log->mark_fd : 0;
}

/* A decision of recovery must not rest on bytes a crashed predecessor never synced. */
static int sync_files(struct log *log, struct disk *d)
{
	int status = 0;
	for (uint32_t i = 0; i < log->segment_count && status == 0; i++)
		for (unsigned f = 0; f < SEGMENT_FILES && status == 0; f++)
			status = file_sync(d, log->segments[i].fd[f]);
	return status < 0 ? status : directory_sync(d, log->directory_fd);
}

/* Sealed segments are read only; their time index is not needed. */
static void close_time_indexes(struct log *log, struct disk *d)
{
	for (uint32_t i = 0; i + 1 < log->segment_count; i++)
		file_close(d, &log->segments[i].fd[SEGMENT_TIMEINDEX]);
}

static void init_state(struct log *log)
{
	list_init(&log->node);
	list_init(&log->queue);
	for (unsigned level = 0; level < ACK_LEVELS; level++)
		list_init(&log->unanswered[level]);
	list_init(&log->writes);
	list_init(&log->unmarked);
	list_init(&log->reads_waiting);
	list_init(&log->watches);
	log->is_direct = true;
	log->allocates = true;
	log->directory_fd = log->mark_fd = -1;
	for (unsigned f = 0; f < SEGMENT_FILES; f++)
		log->next_fd[f] = -1;
	log->max_timestamp = log->max_timestamp_offset = -1;
}

/* One mapping: the log, its paths, its segment table. */
static struct log *map_log(const char *directory)
{
	size_t paths_bytes = strlen(directory) + SEGMENT_NAME_BYTES;
	size_t paths_at = sizeof(struct log);
	size_t segments_at = (size_t)round_up(paths_at + (PATHS + 1) * paths_bytes, 64);
	size_t bytes = segments_at + SEGMENTS_MAX * sizeof(struct segment);
	uint8_t *memory = map_take(bytes);
	if (!memory)
		return NULL;
	struct log *log = (struct log *)memory;
	log->map_bytes = bytes;
	log->paths_bytes = paths_bytes;
	for (unsigned i = 0; i < PATHS; i++)
		log->paths[i] = (char *)memory + paths_at + i * paths_bytes;
	log->directory = (char *)memory + paths_at + PATHS * paths_bytes;
	memcpy(log->directory, directory, strlen(directory) + 1);
	log->segments = (struct segment *)(memory + segments_at);
	init_state(log);
	return log;
}

/* The block that the end lies in: the next write starts with it. */
static int load_tail(struct log *log, struct disk *d)
{
	uint32_t behind = (uint32_t)(log->end.position % DISK_BLOCK_BYTES);
	if (behind == 0 || log->is_fenced)
		return 0;
	uint8_t *block = map_take(DISK_BLOCK_BYTES);
	if (!block)
		return -ENOMEM;
	struct iovec iov = {block, DISK_BLOCK_BYTES};
	struct disk_op op = {.kind = DISK_READ, .iov = &iov, .iov_count = 1,
			     .fd = log_active(log)->fd[SEGMENT_LOG],
			     .offset = log->end.position - behind};
	int64_t n = disk_run(d, &op);
	memcpy(log->tail, block, behind);
	map_give(block, DISK_BLOCK_BYTES);
	return n >= behind ? 0 : n < 0 ? (int)n : -EIO;
}

struct log *log_open(struct disk *d, const struct log_open_options *options,
		     struct log_recovery *ret, int *error)
{
	*ret = (struct log_recovery){0};
	*error = -ENAMETOOLONG;
	if (strlen(options->directory) >= DIRECTORY_BYTES_MAX)
		return NULL;
	struct log *log = map_log(options->directory);
	*error = -ENOMEM;
	if (!log)
		return NULL;
	log->options = options->log;
	*error = open_files(log, d);
	uint32_t opened = log->segment_count;
	if (*error == 0) {
		log->log_start_offset = log->segments[0].base_offset;
		*error = log_recover(log, d, options, ret);
	}
	for (uint32_t i = log->segment_count; i < opened; i++)
		for (unsigned f = 0; f < SEGMENT_FILES; f++)
			file_close(d, &log->segments[i].fd[f]);
	if (*error == 0)
		*error = load_tail(log, d);
	if (*error == 0)
		*error = sync_files(log, d);
	if (*error < 0) {
		log_close(d, log);
		return NULL;
	}
	close_time_indexes(log, d);
	log->written_fd = log_active(log)->fd[SEGMENT_LOG];
	return log;
}

void log_close(struct disk *d, struct log *log)
{
	require(log->operations == 0 && log->reads == 0);
	for (uint32_t i = 0; i < log->segment_count; i++)
		for (unsigned f = 0; f < SEGMENT_FILES; f++)
			file_close(d, &log->segments[i].fd[f]);
	for (unsigned f = 0; f < SEGMENT_FILES; f++)
		file_close(d, &log->next_fd[f]);
	file_close(d, &log->mark_fd);
	file_close(d, &log->directory_fd);
	map_give(log, log->map_bytes);
}
