/* log_repair.c - a damaged log in, what is lost said, a log that ends before it out; see
 * log_repair.h. */
#include "control/offline/log_repair.h"
#include "control/catalog/partition_metadata.h"
#include "control/offline/checkpoint_lines.h"
#include "control/offline/repair_files.h"
#include "dataplane/store/log/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	/* A log may be damaged at its end and at its start, and one cut may show another. */
	ROUNDS_MAX = 8,
	/* Indexes that are made anew are as dense, and as large at most, as Kafka makes them: what
	 * the topic's settings say counts for what is written next. */
	INDEX_INTERVAL_BYTES = 4096,
	INDEX_BYTES_MAX = 10 << 20,
};

/* A partition under repair. */
struct repair {
	struct repair_files files;
	struct mark_key key;
	char topic[NAME_MAX + 1];
	int64_t mark; /* what is written down of it; -1: nothing */
	int64_t recovery_point;
	int64_t log_start;
	int64_t cleaned;
};

/* <log dir>/<topic>-<n> */
static bool parse_directory(struct repair *rp, const char *directory)
{
	const char *name = strrchr(directory, '/');
	const char *dash = strrchr(directory, '-');
	char *end = NULL;
	if (!name || !dash || dash <= name + 1)
		return false;
	unsigned long number = strtoul(dash + 1, &end, 10);
	rp->key.partition = (uint32_t)number;
	snprintf(rp->topic, sizeof rp->topic, "%.*s", (int)(dash - name - 1), name + 1);
	snprintf(rp->files.log_dir, sizeof rp->files.log_dir, "%.*s", (int)(name - directory),
		 directory);
	rp->files.directory = directory;
	return end > dash + 1 && !*end;
}

static struct checkpoint_line line_of(const struct repair *rp, const char *file)
{
	return (struct checkpoint_line){rp->files.log_dir, file, rp->topic, rp->key.partition};
}

static int read_line(const struct repair *rp, const char *file, int64_t *ret)
{
	struct checkpoint_line line = line_of(rp, file);
	return checkpoint_line_read(rp->files.disk, &line, ret);
}

/* What a start would know of the log. */
static int read_known(struct repair *rp)
{
	int error = metadata_read(rp->files.disk, rp->files.directory, rp->key.topic_id);
	if (error == 0 || error == -ENOENT) /* Kafka's, of before ids: it has no mark */
		error = repair_read_mark(&rp->files, &rp->key, &rp->mark);
	if (error == 0)
		error = read_line(rp, "recovery-point-offset-checkpoint", &rp->recovery_point);
	if (error == 0)
		error = read_line(rp, "log-start-offset-checkpoint", &rp->log_start);
	if (error == 0)
		error = read_line(rp, "cleaner-offset-checkpoint", &rp->cleaned);
	return error;
}

/* Opened as at a start after a crash, and closed: what is wrong with it is all that is wanted. */
static int look(const struct repair *rp, struct log_recovery *found)
{
	struct log_open_options options = {
		.directory = rp->files.directory,
		.log = {.message_bytes_max = INT32_MAX,
			.index_interval_bytes = INDEX_INTERVAL_BYTES,
			.segment_index_bytes = INDEX_BYTES_MAX},
		.key = rp->key,
		.durable_mark = rp->mark,
		.recovery_point = rp->recovery_point > 0 ? rp->recovery_point : 0,
		.log_start_offset = rp->log_start,
		.is_compacted = rp->cleaned > 0,
	};
	int error;
	struct log *log = log_open(rp->files.disk, &options, found, &error);
	if (log)
		log_close(log);
	return log ? 0 : error;
}

/* The records before the first segment: what is left is a log that begins there. */
static void say_first_lost(const struct repair *rp, const struct log_recovery *found)
{
	printf("%s: lost: offsets %lld to %lld; the log begins at %lld then\n", rp->files.directory,
	       (long long)found->missing_from, (long long)found->first_offset - 1,
	       (long long)found->first_offset);
}

static void say_end_lost(const struct repair *rp, const struct log_recovery *found,
			 const struct repair_behind *behind)
{
	int64_t end = max_i64(found->durable_offset, behind->end_offset);
	if (end > found->end_offset)
		printf("%s: lost: offsets %lld to %lld, as far as is known; the log ends at %lld "
		       "then\n",
		       rp->files.directory, (long long)found->end_offset, (long long)end - 1,
		       (long long)found->end_offset);
	else
		printf("%s: lost: what lies behind offset %lld, where the log ends then\n",
		       rp->files.directory, (long long)found->end_offset);
	printf("%s: %llu bytes in %u segments are put aside; %llu sound batches with %llu records "
	       "are among them\n",
	       rp->files.directory, (unsigned long long)behind->bytes, behind->segments,
	       (unsigned long long)behind->batches, (unsigned long long)behind->records);
}

/* No start may take what is gone for what must be there. */
static int lower_known(struct repair *rp, const struct log_recovery *found)
{
	int64_t end = found->end_offset, first = found->first_offset;
	int64_t start = found->misses_first ? first : rp->log_start;
	int64_t point = rp->recovery_point < end ? rp->recovery_point : end;
	struct checkpoint_line points = line_of(rp, "recovery-point-offset-checkpoint");
	struct checkpoint_line starts = line_of(rp, "log-start-offset-checkpoint");
	start = start < end ? start : end;
	int error = checkpoint_line_write(rp->files.disk, &points, point);
	if (error == 0)
		error = checkpoint_line_write(rp->files.disk, &starts, start);
	return error ? error : repair_lower_mark(&rp->files, &rp->key, end);
}

static int cut(struct repair *rp, const struct log_recovery *found)
{
	const struct repair_end end = {found->end_base_offset, found->end_position,
				       found->end_offset};
	int error = found->misses_first ? repair_forget_before(&rp->files, found->first_offset)
					: repair_put_aside(&rp->files, &end);
	return error ? error : lower_known(rp, found);
}

static int say_lost(struct repair *rp, const struct log_recovery *found)
{
	const struct repair_end end = {found->end_base_offset, found->end_position,
				       found->end_offset};
	struct repair_behind behind;
	printf("%s\n", found->message);
	if (found->misses_first) {
		say_first_lost(rp, found);
		return 0;
	}
	int error = repair_look_behind(&rp->files, &end, &behind);
	if (error == 0)
		say_end_lost(rp, found, &behind);
	return error;
}

static enum log_repair_outcome fail(const struct repair *rp, int error, const char *why)
{
	printf("%s: %s\n", rp->files.directory, why[0] ? why : strerror(-error));
	return LOG_REPAIR_FAILED;
}

/* Once more after each cut, with what is written down now. */
static enum log_repair_outcome run(struct repair *rp, bool is_accepted)
{
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		struct log_recovery found = {0};
		int error = read_known(rp);
		if (error == 0)
			error = look(rp, &found);
		if (error)
			return fail(rp, error, found.message);
		if (!found.is_corrupt) {
			error = repair_sync(&rp->files);
			printf("%s: sound, up to offset %lld\n", rp->files.directory,
			       (long long)found.end_offset);
			return error ? fail(rp, error, "") : LOG_REPAIR_SOUND;
		}
		error = say_lost(rp, &found);
		if (error == 0 && !is_accepted)
			return LOG_REPAIR_REFUSED;
		if (error == 0)
			error = cut(rp, &found);
		if (error)
			return fail(rp, error, "");
	}
	return fail(rp, 0, "it is damaged in more places than can be: nothing more is cut");
}

enum log_repair_outcome log_repair(struct disk *disk, const char *directory, bool is_accepted)
{
	struct repair rp = {.files.disk = disk};
	if (!parse_directory(&rp, directory))
		return fail(&rp, 0, "a partition's directory is called TOPIC-NUMBER");
	int error = repair_find(&rp.files);
	if (error == 0)
		error = scan_init(&rp.files.scan, disk);
	if (error)
		return fail(&rp, error, "");
	enum log_repair_outcome outcome = run(&rp, is_accepted);
	scan_fini(&rp.files.scan);
	return outcome;
}
