/* registry_opening.c - one partition's directory in, its log open out, or why not; see
 * registry_opening.h. */
#include "control/catalog/registry_opening.h"
#include "control/catalog/partition_metadata.h"
#include "control/catalog/registry_listing.h"
#include "control/catalog/registry_partitions.h"
#include "control/catalog/registry_say.h"
#include "control/catalog/registry_segments.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

struct opening {
	const struct registry *r;
	const struct entry *e;
	struct partition *p;
	bool is_clean;
	bool is_again; /* it was served before: nothing of it is made, or given up */
	struct scan_progress *progress;
	bool has_no_id; /* a power cut took it, or it is new: it is told whose it is */
	bool is_empty;  /* nothing at all lies in the directory */
	struct opened *ret;
};

/* Why it cannot be opened. */
__attribute__((format(printf, 2, 3))) static void opening_fail(struct opening *o,
							       const char *format, ...)
{
	va_list args;
	va_start(args, format);
	free(o->ret->why);
	require(vasprintf(&o->ret->why, format, args) >= 0);
	va_end(args);
}

/* A line for the operator, who is told it when the log is open, or is not to be. */
__attribute__((format(printf, 2, 3))) static void opening_say(struct opening *o,
							      const char *format, ...)
{
	va_list args;
	va_start(args, format);
	require(o->ret->line_count < array_len(o->ret->lines));
	require(vasprintf(&o->ret->lines[o->ret->line_count++], format, args) >= 0);
	va_end(args);
}

/* The directory says whose it is. */
static int check_id(struct opening *o)
{
	uint8_t id[UUID_BYTES];
	int error = store_read_id(o->r, o->p->directory, id);
	/* Where nobody was served yet, a write that was cut off may have left half of one. */
	bool was_made = o->p->number < o->e->ready;
	o->has_no_id = error == -ENOENT || (error == -EBADMSG && !was_made);
	if (o->has_no_id && !store_holds_partition(o->r, o->p->directory, false) &&
	    !store_holds_partition(o->r, o->p->directory, true)) {
		opening_fail(o, "it holds something else than a partition: move that away");
		return -ENOTEMPTY;
	}
	if (o->has_no_id)
		return 0;
	if (!error && memcmp(id, o->e->shown.topic.id, UUID_BYTES) != 0)
		error = -EEXIST;
	if (error == -EEXIST)
		opening_fail(o, "its partition.metadata names another topic id: move the "
				"directory away");
	else if (error == -EBADMSG)
		opening_fail(o, "its partition.metadata is damaged: restore or remove the file");
	else if (error)
		opening_fail(o, "its partition.metadata: %s", strerror(-error));
	return error;
}

/* Before the log opens its first one, and changes what it finds. */
static int check_segments(struct opening *o)
{
	struct listing l = {0};
	int error = directory_list(o->r->dir->disk, o->p->directory, &l.names, &l.bytes);
	o->is_empty = !error;
	for_each_name(name, &l)
	{
		char path[PATH_MAX];
		int64_t base;
		enum segment_file file;
		struct disk_place place;
		o->is_empty = false;
		if (error || !segment_parse(name, &base, &file))
			continue;
		error = disk_look(o->r->dir->disk,
				  disk_path(path, o->p->directory, name), 0, &place);
		if (!error && !place.is_file)
			error = -EISDIR;
		if (error)
			opening_fail(o, "%s: %s: restore the file, or move away what lies there",
				     name,
				     error == -EISDIR ? "it is no file" : strerror(-error));
	}
	free(l.names);
	return error;
}

/* Names are synced before records are acknowledged, so that no power cut empties a directory: with
 * no line in the checkpoints either, an operator has accepted the loss. What the marks say of the
 * records goes with them. */
static bool is_loss_accepted(const struct opening *o)
{
	const struct partition *p = o->p;
	return !o->is_again && o->is_empty && p->durable_mark > 0 && p->recovery_point <= 0 &&
	       p->log_start_offset <= 0;
}

static void give_up_lost(struct opening *o)
{
	opening_say(o,
		    "%s is empty and has no line in the checkpoints: its records below offset "
		    "%ld are given up",
		    o->p->directory, o->p->durable_mark);
	o->p->durable_mark = -1;
}

static int open_log(struct opening *o)
{
	struct partition *p = o->p;
	if (is_loss_accepted(o))
		give_up_lost(o);
	struct log_open_options options = {
		.directory = p->directory,
		.log = o->e->shown.settings.log,
		.key = {.partition = p->number},
		.durable_mark = p->durable_mark,
		.recovery_point = p->recovery_point,
		.log_start_offset = p->log_start_offset,
		.is_compacted = p->is_compacted,
		.is_clean = o->is_clean,
		.progress = o->progress,
	};
	struct log_recovery found = {0};
	int error = 0;
	memcpy(options.key.topic_id, o->e->shown.topic.id, sizeof options.key.topic_id);
	p->log = log_open(o->r->dir->disk, &options, &found, &error);
	if (!p->log) {
		if (found.message[0])
			opening_fail(o, "%s", found.message);
		return error;
	}
	if (found.message[0])
		opening_say(o, "%s: %s", p->directory, found.message);
	p->is_suspect = p->is_corrupt = found.is_corrupt;
	p->durable_mark = found.durable_mark;
	p->has_old_mark = found.has_old_mark;
	if (found.is_corrupt) {
		p->fault = strdup(found.message);
		require(p->fault);
	}
	return 0;
}

static int check(struct opening *o)
{
	int error = check_id(o);
	return error ? error : check_segments(o);
}

/* In one that was not there nobody has to look. */
static int make_or_check(struct opening *o)
{
	int error = directory_make_new(o->r->dir->disk, o->p->directory);
	o->has_no_id = o->is_empty = error == 0;
	return error == -EEXIST ? check(o) : error;
}

/* A directory that is made in its place would be an empty log, and so would be the one below a file
 * system that is not mounted. */
static int find_and_check(struct opening *o)
{
	struct disk_place place;
	int error = disk_look(o->r->dir->disk, o->p->directory, 0, &place);
	if (error)
		opening_fail(o, "its directory: %s", error == -ENOENT ? "it is not there"
								      : strerror(-error));
	if (!error)
		error = check(o);
	if (!error && o->has_no_id) {
		opening_fail(o, "its directory has no partition.metadata: it is not the one that "
				"was served");
		error = -ENOENT;
	}
	return error;
}

/* Whose directory it is, and that its segments are files, is known before the log is opened,
 * which may cut or make some. How the directory looks at the end is what the watch compares
 * with. */
static int open_partition(struct opening *o)
{
	int error = o->is_again ? find_and_check(o) : make_or_check(o);
	if (!error)
		error = open_log(o);
	if (!error && o->has_no_id)
		error = metadata_write(o->r->dir->disk, o->p->directory,
				       o->e->shown.topic.id);
	if (!error)
		error = disk_look(o->r->dir->disk, o->p->directory, 0, &o->p->place);
	char lost[SEGMENT_NAME_BYTES];
	if (!error)
		segments_are_here(o->r, o->p, &o->p->place, lost);
	return error;
}

static void open_or_leave(struct opening *o)
{
	*o->ret = (struct opened){0};
	o->ret->error = open_partition(o);
	if (!o->ret->error)
		return;
	if (!o->ret->why)
		opening_fail(o, "%s", strerror(-o->ret->error));
	if (o->p->log)
		log_close(o->p->log);
	o->p->log = NULL;
}

void partition_open(const struct registry *r, const struct entry *e, struct partition *p,
		    bool is_clean, struct scan_progress *progress, struct opened *ret)
{
	open_or_leave(&(struct opening){.r = r, .e = e, .p = p, .is_clean = is_clean,
					.progress = progress, .ret = ret});
}

void partition_open_again(const struct registry *r, const struct entry *e, struct partition *p,
			  struct scan_progress *progress, struct opened *ret)
{
	open_or_leave(&(struct opening){.r = r, .e = e, .p = p, .is_again = true,
					.progress = progress, .ret = ret});
}

void opened_say(struct registry *r, const struct opened *o)
{
	for (unsigned i = 0; i < o->line_count; i++)
		registry_say(r, "%s", o->lines[i]);
}

void opened_free(struct opened *o)
{
	free(o->why);
	for (unsigned i = 0; i < o->line_count; i++)
		free(o->lines[i]);
}
