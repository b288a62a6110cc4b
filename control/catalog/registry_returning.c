/* registry_returning.c - a partition that has failed in, its log recovered out, or why not; see
 * registry_returning.h. */
#include "control/catalog/registry_returning.h"
#include "control/catalog/registry_clean.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_index.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_say.h"
#include "control/catalog/registry_segments.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

static void drop_copy(struct returning *t)
{
	if (t->copy.log)
		log_close(t->copy.log);
	free(t->copy.fault);
	segments_forget(&t->copy);
	t->copy = (struct partition){0};
}

void returning_free(struct returning *t)
{
	drop_copy(t);
	opened_free(&t->opened);
	free(t->message);
}

/* ---- which ------------------------------------------------------------------------------ */

__attribute__((format(printf, 3, 4))) static bool refuse(struct returning *t, int16_t error,
							 const char *format, ...)
{
	va_list args;
	va_start(args, format);
	free(t->message);
	require(vasprintf(&t->message, format, args) >= 0);
	va_end(args);
	t->part->error = error;
	t->part->message = t->message;
	t->is_over = true;
	return false;
}

static bool refuse_storage(struct returning *t, const struct partition *p, const char *why)
{
	return refuse(t, KAFKA_ERROR_KAFKA_STORAGE_ERROR, "%s: %s", p->directory, why);
}

/* A log directory that cannot be used is no place for a recovery. */
static bool directory_is_well(struct returning *t, const struct partition *p)
{
	const struct log_dir *d = p->dir;
	if (d->is_lost)
		return refuse_storage(t, p, d->fault);
	if (d->is_stuck)
		return refuse_storage(t, p, "its log directory does not answer");
	if (atomic_load_explicit(&d->is_short, memory_order_relaxed))
		return refuse_storage(t, p, "less is left on its disk than "
					    "penstock.disk.reserve.bytes: make room first");
	return true;
}

bool partition_has_failed(const struct registry *r, const struct partition *p)
{
	struct log_marks marks;
	partition_marks(r, p, &marks);
	return p->is_offline || marks.is_fenced;
}

/* What was not sound before its log was opened is judged by a start alone, which sees all log
 * directories. */
static bool may_return(struct returning *t, const struct partition *p)
{
	if (!partition_has_failed(t->r, p))
		return refuse(t, KAFKA_ERROR_INVALID_REQUEST,
			      "%s: it is served, and has not failed", p->directory);
	if (p->is_reopening)
		return refuse(t, KAFKA_ERROR_INVALID_REQUEST, "%s: it is being reopened already",
			      p->directory);
	if (p->needs_start) {
		char way_out[REGISTRY_WAY_OUT_BYTES];
		partition_way_out(p, way_out);
		return refuse(t, KAFKA_ERROR_KAFKA_STORAGE_ERROR, "%s: %s; %s", p->directory,
			      p->fault, way_out);
	}
	return directory_is_well(t, p);
}

/* A partition that a job adds is nobody's before it is shown. */
void returning_take(struct returning *t, struct registry *r, struct registry_part *part)
{
	struct entry *e = registry_entry_of_id(r, part->topic_id);
	t->r = r;
	t->part = part;
	if (!e || part->partition >= e->shown.topic.partitions)
		refuse(t, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION, "there is no partition %u",
		       part->partition);
	else if (may_return(t, e->partitions[part->partition]))
		t->partition = e->partitions[part->partition];
}

void returning_hold(struct returning *t)
{
	struct partition *p = t->partition;
	struct log_marks marks;
	partition_marks(t->r, p, &marks);
	if (!p->fault) {
		p->fault = strdup(strerror(-marks.fence_error));
		require(p->fault);
	}
	p->is_offline = p->is_suspect = p->is_reopening = true;
	p->wants_fence = false;
	partition_note_failure(p);
	if (t->r->cleaning.partition == p)
		clean_leave(t->r, p->entry);
}

/* ---- the recovery ------------------------------------------------------------------------ */

/* What the log knew of itself when it failed its recovery may not fall short of. */
static void take_back(struct partition *p)
{
	struct log_marks marks;
	if (!p->log)
		return;
	log_get_marks(p->log, &marks);
	p->recovery_point = marks.recovery_point;
	p->log_start_offset = max_i64(p->log_start_offset, marks.log_start_offset);
	p->durable_mark = max_i64(p->durable_mark, marks.high_watermark);
	log_close(p->log);
	p->log = NULL;
}

void returning_copy(struct returning *t)
{
	struct partition *p = t->partition;
	const struct topic *topic = &p->entry->shown.topic;
	take_back(p);
	t->entry.ready = p->entry->ready;
	t->entry.shown.settings.log = topic->log;
	memcpy(t->entry.shown.topic.id, topic->id, sizeof topic->id);
	t->copy = (struct partition){
		.entry = &t->entry,
		.dir = p->dir,
		.directory = p->directory,
		.number = p->number,
		.durable_mark = p->durable_mark,
		.recovery_point = p->recovery_point,
		.log_start_offset = p->log_start_offset,
		.is_compacted = p->is_compacted,
	};
}

void returning_open(struct returning *t)
{
	if (atomic_load(&t->progress.is_over))
		t->opened.error = -ECANCELED;
	else
		partition_open_again(t->r, &t->entry, &t->copy, &t->progress, &t->opened);
}

void returning_end(struct returning *t, const char *why)
{
	drop_copy(t);
	refuse_storage(t, t->partition, why);
	t->partition->is_reopening = false;
}

static void stay_offline(struct returning *t, const char *why)
{
	struct partition *p = t->partition;
	returning_end(t, why);
	registry_say(t->r, "%s stays OFFLINE: %s", p->directory, why);
	free(p->fault);
	p->fault = strdup(why);
	require(p->fault);
}

void returning_opened(struct returning *t)
{
	opened_say(t->r, &t->opened);
	if (t->opened.error == -ECANCELED)
		returning_end(t, "its topic is being deleted");
	else if (t->opened.error)
		stay_offline(t, t->opened.why);
}

/* The topic's settings may have changed meanwhile, when its writer had nobody to tell. */
bool returning_synced(struct returning *t, int error)
{
	struct partition *p = t->partition;
	char why[128];
	snprintf(why, sizeof why, "what was recovered cannot be synced: %s", strerror(-error));
	if (error || p->dir->is_lost) {
		stay_offline(t, p->dir->is_lost ? p->dir->fault : why);
		return false;
	}
	p->log = t->copy.log;
	t->copy.log = NULL;
	log_alter(p->log, &p->entry->shown.topic.log);
	return true;
}

/* ---- the end ------------------------------------------------------------------------------ */

/* What its recovery has found is control's from now on. */
static void take_copy(struct partition *p, struct partition *copy)
{
	p->is_suspect = p->is_corrupt = copy->is_corrupt;
	p->durable_mark = copy->durable_mark;
	p->place = copy->place;
	segments_forget(p);
	p->segments = copy->segments;
	copy->segments = (struct segments_seen){0};
	free(p->fault);
	p->fault = copy->fault;
	copy->fault = NULL;
	free(p->damage);
	p->damage = NULL;
	p->damaged_batches = 0;
}

/* Found damaged it is read-only, as after a start. A log directory that was given up meanwhile has
 * passed it over: it was offline then. */
void returning_served(struct returning *t)
{
	struct partition *p = t->partition;
	take_copy(p, &t->copy);
	p->is_offline = p->is_reopening = p->is_uncleanable = p->has_said_clean = false;
	t->is_over = true;
	log_dir_checkpoint_hasten(p->dir);
	if (p->is_corrupt) {
		refuse(t, KAFKA_ERROR_KAFKA_STORAGE_ERROR, "%s", p->fault);
	} else {
		p->failed_ms = 0;
		if (t->opened.line_count > 0)
			t->part->message = t->opened.lines[t->opened.line_count - 1];
		registry_say(t->r, "%s is served again", p->directory);
	}
	if (p->dir->is_lost)
		partition_offline(t->r, p, p->dir->fault);
}
