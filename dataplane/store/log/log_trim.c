/* log_trim.c - a log's start in, the files of segments below it out of the way; see log_trim.h and
 * log_task.h. */
#include "dataplane/store/log/log_trim.h"
#include "dataplane/base/clock.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_files.h"
#include "dataplane/store/log/log_task.h"

/* The first segment is wholly below the log's start. */
static bool has_dead(const struct log *log)
{
	const struct segment_ring *r = &log->segments;
	return r->count > 1 && segment_ring_at(r, 1)->base_offset <= log->log_start_offset;
}

static bool is_synced(const struct log *log)
{
	return list_is_empty(&log->writes) && log->synced_bytes == log->copied_bytes;
}

/* It is not being sealed, and the next sync is not for it. */
static bool may_leave(const struct log *log)
{
	const struct segment *s = segment_ring_at(&log->segments, 0);
	return s != log->sealing && s != log->traits_segment && !s->swapped &&
	       (s != log->written_segment || is_synced(log));
}

static bool may_rename(const struct log *log)
{
	return has_dead(log) && may_leave(log);
}

static uint32_t now_s(const struct log *log)
{
	return (uint32_t)(log->service->now_ns / NS_PER_S);
}

/* Whoever reads in it holds it. */
static bool may_remove(const struct log *log)
{
	const struct segment *s = log->deleted_first;
	return s && s->holders == 1 && (int32_t)(now_s(log) - s->removed_at_s) >= 0;
}

/* ---- the line ---------------------------------------------------------------------------- */

void log_trim_look(struct log *log)
{
	bool has_work = has_dead(log) || log->deleted_first;
	if (has_work && list_is_empty(&log->trim_node))
		list_append(&log->service->trims, &log->trim_node);
}

/* Each once: who goes on waiting stands behind the one that was last. */
void log_trim_turn(struct log_service *s)
{
	struct list *last = s->trims.prev, *node = &s->trims;
	for (unsigned i = 0; i < TRIMS_PER_TURN && !s->trimming && node != last; i++) {
		node = list_take_first(&s->trims);
		struct log *log = list_entry(node, struct log, trim_node);
		if (!has_dead(log) && !log->deleted_first)
			continue;
		list_append(&s->trims, &log->trim_node);
		if (!log->is_fenced && !log->is_closing && (may_rename(log) || may_remove(log)))
			log_touch(log);
	}
}

/* ---- the task ---------------------------------------------------------------------------- */

/* The largest timestamp there was may have gone: it is the largest of what is left. */
void log_find_max_timestamp(struct log *log)
{
	log->max_timestamp = log->index.max_timestamp;
	log->max_timestamp_offset = log->index.max_timestamp_offset;
	for (uint32_t i = 0; i + 1 < log->segments.count; i++) {
		const struct segment *s = segment_ring_at(&log->segments, i);
		if (s->max_timestamp <= log->max_timestamp)
			continue;
		log->max_timestamp = s->max_timestamp;
		log->max_timestamp_offset = s->base_offset + s->max_timestamp_offset;
	}
}

/* It is out of the ring: what the log still has of it is the active one's. */
static void leave_behind(struct log *log, struct segment *s)
{
	log->sealed_bytes -= s->size;
	if (s == log->written_segment) {
		segment_let_go(&log->segments, s);
		log->written_segment = segment_hold(log->active);
	}
	if (log->max_timestamp_offset < segment_ring_at(&log->segments, 0)->base_offset)
		log_find_max_timestamp(log);
}

/* A file that is being renamed is held open: nobody opens it by the wrong name. */
static void start_rename(struct log *log)
{
	struct log_service *service = log->service;
	struct segment *s = segment_ring_take_first(&log->segments);
	service->trimming = log;
	log->renamed = s;
	leave_behind(log, s);
	stats_add(service->stats, STAT_log_segments_deleted, 1);
	stats_add(service->stats, STAT_log_bytes_deleted, s->size);
	for (unsigned f = 0; f < SEGMENT_FILES; f++) {
		char *from = service->trim_paths[f];
		char *to = service->trim_paths[SEGMENT_FILES + f];
		log_segment_path(from, log, s, f);
		segment_deleted_path(to, FILE_PATH_BYTES_MAX, log->directory, s->base_offset, f);
		log_task_submit(log, &log->at_trim, log_segment_file(log, s, f),
				(struct disk_op){
					.kind = DISK_RENAME, .path = from, .path2 = to});
	}
}

/* One whose new name had no room on the disk goes in one piece. */
static bool is_large(const struct log *log, const struct segment *s)
{
	return s->size > log->service->cut_bytes && s->deleted & 1u << SEGMENT_LOG;
}

static void start_sync_names(struct log *log)
{
	log->service->trimming = log;
	log->deleted_first->deleted |= SEGMENT_DELETED_FOR_GOOD;
	log_task_submit(log, &log->at_trim, log_directory_file(log),
			(struct disk_op){.kind = DISK_SYNC, .flags = DISK_FLAG_DIRECTORY});
	log_task_submit(log, &log->at_trim, log_segment_file(log, log->deleted_first, SEGMENT_LOG),
			(struct disk_op){.kind = DISK_SIZE});
}

static void start_cut(struct log *log)
{
	struct segment *s = log->deleted_first;
	log->service->trimming = log;
	s->size -= log->service->cut_bytes;
	log_task_submit(log, &log->at_trim, log_segment_file(log, s, SEGMENT_LOG),
			(struct disk_op){.kind = DISK_COMMIT, .size = s->size});
}

static void start_remove(struct log *log)
{
	struct log_service *service = log->service;
	struct segment *s = log->deleted_first;
	service->trimming = log;
	log->removed = s;
	log->deleted_first = s->next;
	for (unsigned f = 0; f < SEGMENT_FILES; f++) {
		char *path = service->trim_paths[f];
		if (s->open[f])
			open_file_drop(s->open[f]);
		log_segment_path(path, log, s, f);
		log_task_submit(log, &log->at_trim, NULL,
				(struct disk_op){.kind = DISK_UNLINK, .path = path});
	}
}

/* Its files have their new names. */
void log_trim_await(struct log *log, struct segment *s)
{
	uint64_t delay_s = (uint64_t)log->options.file_delete_delay_ms / 1000;
	s->removed_at_s = now_s(log) + 1 + (uint32_t)min_u64(delay_s, INT32_MAX / 2);
	s->next = NULL;
	if (log->deleted_first)
		log->deleted_last->next = s;
	else
		log->deleted_first = s;
	log->deleted_last = s;
}

static void end_step(struct log *log)
{
	log->service->trimming = NULL;
	if (log->renamed)
		log_trim_await(log, log->renamed);
	if (log->removed)
		segment_let_go(&log->segments, log->removed);
	log->renamed = log->removed = NULL;
}

static unsigned next_step(const struct log *log)
{
	if (log->at_trim.step != LOG_TRIM_IDLE || log->is_closing || log->service->trimming)
		return LOG_TRIM_IDLE;
	if (may_rename(log))
		return LOG_TRIM_RENAME;
	if (!may_remove(log))
		return LOG_TRIM_IDLE;
	const struct segment *s = log->deleted_first;
	if (!is_large(log, s))
		return LOG_TRIM_REMOVE;
	return s->deleted & SEGMENT_DELETED_FOR_GOOD ? LOG_TRIM_CUT : LOG_TRIM_SYNC_NAMES;
}

static void (*const starts[])(struct log *log) = {
	[LOG_TRIM_IDLE] = end_step,
	[LOG_TRIM_RENAME] = start_rename,
	[LOG_TRIM_SYNC_NAMES] = start_sync_names,
	[LOG_TRIM_CUT] = start_cut,
	[LOG_TRIM_REMOVE] = start_remove,
};

static const struct log_steps steps = {.next = next_step, .starts = starts};

void log_trim_advance(struct log *log)
{
	log_task_end_fenced(log, &log->at_trim, &steps);
	log_task_advance(log, &log->at_trim, &steps);
}

/* A longer name may take room that a full disk does not have: the file goes under the old one. */
static bool keeps_its_name(const struct disk_op *op)
{
	return op->kind == DISK_RENAME && (op->result == -ENOSPC || op->result == -EDQUOT);
}

/* What is gone already is as it was to be. */
void log_trim_done(struct log *log, const struct disk_op *op)
{
	log->at_trim.operations--;
	if (keeps_its_name(op))
		return;
	if (op->result < 0 && op->result != -ENOENT)
		log_fence(log, (int)op->result);
	else if (op->kind == DISK_SIZE && op->offset > 1)
		log->deleted_first->size = 0; /* a backup's, too: none of it is cut */
	else if (op->kind == DISK_RENAME)
		log->renamed->deleted |= (uint8_t)(1u << (op - log->at_trim.ops));
}
