/* log_open.c - a directory in, a log to be served out, and back; see log.h. */
#include "dataplane/store/log/log_private.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/store/files.h"
#include "dataplane/store/producer_snapshot.h"
#include "dataplane/store/recover.h"
#include "dataplane/store/recover_swap.h"
#include "dataplane/store/scan.h"
#include "dataplane/store/segment_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Those of a task that renames, and one of a snapshot. */
enum { PATHS = 2 * SEGMENT_FILES, ALL_PATHS = PATHS + 1, DIRECTORY_BYTES_MAX = 1024 };

static const char epoch_name[] = "leader-epoch-checkpoint";

static int compare_offsets(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static bool has_segment(const struct log *log, int64_t base_offset)
{
	const struct segment *s = segment_ring_find(&log->segments, base_offset);
	return s && s->base_offset == base_offset;
}

static int add_segment(struct log *log, int64_t base_offset)
{
	struct segment *s = segment_take(&log->segments);
	if (!s)
		return -EFBIG;
	s->base_offset = base_offset;
	segment_ring_push(&log->segments, s);
	return 0;
}

/* What is in the directory. */
struct names {
	struct disk_op list;
	struct log_orphans orphans;
	struct found_snapshots snapshots;
};

#define for_each_name(n, names)                                                                \
	for (const char *n = (names)->list.names;                                              \
	     n && n < (names)->list.names + (names)->list.names_bytes; n += strlen(n) + 1)

static bool has_name(const struct names *names, const char *name)
{
	for_each_name(n, names) if (strcmp(n, name) == 0) return true;
	return false;
}

/* Room for a base offset of each name, to be freed; or null. */
static int64_t *make_bases(const struct names *names)
{
	size_t count = 0;
	for_each_name(n, names) count++;
	return calloc(count + 1, sizeof(int64_t));
}

static int take_segments(struct log *log, const struct names *names)
{
	int64_t *bases = make_bases(names);
	if (!bases)
		return -ENOMEM;
	size_t count = 0;
	for_each_name(n, names)
	{
		enum segment_file file;
		count += segment_parse(n, &bases[count], &file) && file == SEGMENT_LOG;
	}
	qsort(bases, count, sizeof *bases, compare_offsets);
	int status = 0;
	for (size_t i = 0; i < count && status == 0; i++)
		status = add_segment(log, bases[i]);
	free(bases);
	return status;
}

/* An index without its .log, where no .log was to go: Kafka deletes a segment by renaming its
 * files, as we do, and a crash in between is no loss. */
static bool is_orphan(const struct log *log, const struct names *names, const char *name,
		      int64_t *ret_base)
{
	enum segment_file file;
	char deleted[SEGMENT_NAME_BYTES];
	if (!segment_parse(name, ret_base, &file) || file == SEGMENT_LOG ||
	    has_segment(log, *ret_base))
		return false;
	snprintf(deleted, sizeof deleted, "%020lld.log.deleted", (long long)*ret_base);
	return !has_name(names, deleted);
}

static int take_orphans(const struct log *log, struct names *names)
{
	names->orphans.bases = make_bases(names);
	if (!names->orphans.bases)
		return -ENOMEM;
	for_each_name(n, names)
	{
		int64_t base;
		if (is_orphan(log, names, n, &base))
			names->orphans.bases[names->orphans.count++] = base;
	}
	return 0;
}

static int take_snapshots(struct names *names)
{
	names->snapshots.offsets = make_bases(names);
	if (!names->snapshots.offsets)
		return -ENOMEM;
	for_each_name(n, names)
	{
		int64_t offset;
		if (snapshot_parse(n, &offset))
			names->snapshots.offsets[names->snapshots.count++] = offset;
	}
	return 0;
}

static int list(struct disk *d, struct names *names)
{
	free(names->list.names);
	names->list.names = NULL;
	names->list.names_bytes = 0;
	return (int)disk_run(d, &names->list);
}

/* Those wholly below the log's start are none of it any more: what is left over of them is removed
 * with the rest, when that they have other names is durable. */
static int drop_dead(struct log *log, struct disk *d, struct names *names)
{
	struct segment_ring *r = &log->segments;
	uint32_t count = r->count;
	int status = 0;
	while (status == 0 && r->count > 1 &&
	       segment_ring_at(r, 1)->base_offset <= log->log_start_offset) {
		struct segment *s = segment_ring_take_first(r);
		log->sealed_bytes -= s->size;
		status = segment_put_away(d, log->directory, s->base_offset);
		segment_let_go(r, s);
	}
	if (r->count == count || status < 0)
		return status;
	status = directory_sync(d, log->directory);
	return status == 0 ? list(d, names) : status;
}

/* What is gone already is as it was to be. An index without its .log file is small. */
static int remove_name(struct log *log, struct disk *d, const char *name,
		       const atomic_bool *is_over)
{
	char path[DIRECTORY_BYTES_MAX + SEGMENT_NAME_BYTES + 256];
	snprintf(path, sizeof path, "%s/%s", log->directory, name);
	int status = segment_is_leftover(name) ? file_remove(d, path, is_over)
					       : file_unlink(d, path);
	return status == -ENOENT ? 0 : status;
}

/* When all is well: what a crash left of a roll, files of the next segment under either name; and
 * of segments that were to go, which all that is left lies above. */
static int remove_leftovers(struct log *log, struct disk *d, const struct names *names,
			    const atomic_bool *is_over)
{
	int64_t first = segment_ring_at(&log->segments, 0)->base_offset;
	int status = 0;
	for_each_name(n, names)
	{
		int64_t base;
		enum segment_file file;
		bool is_next = is_orphan(log, names, n, &base) && base == log->end.offset;
		bool is_dead = segment_parse(n, &base, &file) && base < first;
		if (status == 0 && (is_next || is_dead || segment_is_leftover(n)))
			status = remove_name(log, d, n, is_over);
	}
	return status;
}

/* The file Kafka keeps of leader epochs: one, from offset 0 on. Written to a log that is
 * empty and has none: a power cut may have taken it, or what it says, from one just made. */
static int make_epochs(struct log *log, struct disk *d)
{
	static const char text[] = "0\n1\n0 0\n";
	char path[DIRECTORY_BYTES_MAX + SEGMENT_NAME_BYTES], version;
	snprintf(path, sizeof path, "%s/%s", log->directory, epoch_name);
	int fd = file_open(d, path, false);
	if (fd < 0)
		return fd;
	bool is_there = file_read(d, fd, &version, sizeof version, 0) == 0 && version == text[0];
	int status = is_there ? 0 : file_write(d, fd, text, sizeof text - 1, 0);
	file_close(d, &fd);
	return status;
}

/* Once more where a compaction was stopped in the middle: it is finished first. */
static int list_names(struct log *log, struct disk *d, struct names *names,
		      struct log_recovery *ret)
{
	int status = directory_make(d, log->directory);
	if (status == 0)
		status = list(d, names);
	bool has_swap = false;
	for_each_name(n, names)
	{
		int64_t base;
		enum segment_file file;
		has_swap |= segment_parse_swap(n, &base, &file);
	}
	if (status < 0 || !has_swap)
		return status;
	struct bytes all = {(const uint8_t *)names->list.names, names->list.names_bytes};
	status = swaps_finish(d, log->directory, all, ret);
	return status > 0 ? list(d, names) : status;
}

/* The segments that are there, or a first one. */
static int find_segments(struct log *log, struct disk *d, struct names *names,
			 struct log_recovery *ret)
{
	int status = list_names(log, d, names, ret);
	if (status == 0)
		status = take_segments(log, names);
	if (status == -EFBIG)
		snprintf(ret->message, sizeof ret->message, "%s: more than %d segments",
			 log->directory, SEGMENTS_MAX);
	if (status == 0 && log->segments.count == 0)
		status = add_segment(log, 0);
	if (status >= 0)
		status = take_orphans(log, names);
	return status < 0 ? status : take_snapshots(names);
}

static void init_state(struct log *log)
{
	list_init(&log->node);
	list_init(&log->files);
	list_init(&log->queue);
	for (unsigned level = 0; level < ACK_LEVELS; level++)
		list_init(&log->unanswered[level]);
	list_init(&log->writes);
	list_init(&log->write_due.node);
	list_init(&log->sync_due.node);
	flush_part_init(&log->written_part, log, false);
	flush_part_init(&log->zeroes_part, log, true);
	list_init(&log->group_node);
	log->write_due.log = log->sync_due.log = log;
	list_init(&log->reads_waiting);
	list_init(&log->reader_node);
	list_init(&log->watches);
	log->at_tail.tag = LOG_TAG_TAIL;
	log->at_head.tag = LOG_TAG_HEAD;
	log->at_snapshot.tag = LOG_TAG_SNAPSHOT;
	log->at_trim.tag = LOG_TAG_TRIM;
	log->at_swap.tag = LOG_TAG_SWAP;
	list_init(&log->trim_node);
	list_init(&log->snapshot_node);
	log->active_timestamp = -1;
	log->snapshot_offset = log->unsnapped_from = -1;
	log->is_direct = true;
	log->allocates = true;
	log->max_timestamp = log->max_timestamp_offset = -1;
}

/* One mapping: the log, its paths, its segments. */
static struct log *map_log(const char *directory)
{
	size_t paths_bytes = strlen(directory) + SEGMENT_NAME_BYTES;
	size_t paths_at = sizeof(struct log);
	size_t segments_at = (size_t)round_up(paths_at + (ALL_PATHS + 1) * paths_bytes, 64);
	size_t bytes = segments_at + SEGMENT_RING_BYTES;
	uint8_t *memory = map_take(bytes);
	if (!memory)
		return NULL;
	struct log *log = (struct log *)memory;
	log->map_bytes = bytes;
	log->paths_bytes = paths_bytes;
	for (unsigned i = 0; i < PATHS; i++)
		log->paths[i] = (char *)memory + paths_at + i * paths_bytes;
	log->snapshot_path = (char *)memory + paths_at + PATHS * paths_bytes;
	log->directory = (char *)memory + paths_at + ALL_PATHS * paths_bytes;
	memcpy(log->directory, directory, strlen(directory) + 1);
	segment_ring_init(&log->segments, memory + segments_at);
	init_state(log);
	return log;
}

/* Leftovers go when the log has been found sound: of a damaged one everything is evidence. */
static int open_log(struct log *log, struct disk *d, const struct log_open_options *options,
		    struct log_recovery *ret)
{
	struct names names = {.list = {.kind = DISK_LIST, .path = log->directory}};
	const atomic_bool *is_over = options->progress ? &options->progress->is_over : NULL;
	int status = find_segments(log, d, &names, ret);
	if (status == 0)
		status = log_recover(log, d, options, names.orphans, names.snapshots, ret);
	if (status == 0 && !ret->is_corrupt)
		status = drop_dead(log, d, &names);
	if (status == 0 && !ret->is_corrupt)
		status = remove_leftovers(log, d, &names, is_over);
	free(names.orphans.bases);
	free(names.snapshots.offsets);
	free(names.list.names);
	if (status == 0 && log->next_offset == 0)
		status = make_epochs(log, d);
	return status;
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
	log->key = options->key;
	*error = open_log(log, d, options, ret);
	if (*error == 0)
		return log;
	if (!ret->message[0])
		snprintf(ret->message, sizeof ret->message, "%s: %s", log->directory,
			 strerror(-*error));
	log_close(log);
	return NULL;
}

void log_close(struct log *log)
{
	require(log->operations == 0 && list_is_empty(&log->files));
	producers_fini(&log->recovered);
	map_give(log, log->map_bytes);
}
