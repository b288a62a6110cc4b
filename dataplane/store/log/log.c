/* log.c - one partition's log: messages in, operations submitted, completions back to where
 * they belong; see log.h and log_private.h. Opening and closing are log_open.c's. */
#include "dataplane/store/log/log.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_private.h"
#include "dataplane/wire/kafka/kafka_error.h"

void log_touch(struct log *log)
{
	if (list_is_empty(&log->node))
		list_append(&log->service->active, &log->node);
}

void log_deadline_set(struct log_deadline *d, struct list *dues, uint64_t after_ns)
{
	d->at_ns = d->log->service->now_ns + after_ns;
	list_append(dues, &d->node);
}

bool log_deadline_is_set(const struct log_deadline *d)
{
	return !list_is_empty(&d->node);
}

void log_deadline_clear(struct log_deadline *d)
{
	list_remove(&d->node);
}

struct log *log_next_active(struct list *active)
{
	struct list *node = list_take_first(active);
	return node ? list_entry(node, struct log, node) : NULL;
}

void log_submit(struct log *log, struct open_file *file, struct disk_op *op,
		enum log_tag tag, void *owner)
{
	op->tag = tag;
	op->owner = owner;
	op->file = NULL;
	log->operations++;
	if (file)
		open_file_submit(file, op);
	else
		disk_submit(log->service->disk, op);
}

static void give_watches(struct log *log, int16_t error)
{
	struct list *node;
	while ((node = list_take_first(&log->watches))) {
		list_entry(node, struct watch_msg, node)->error = error;
		list_append(&log->service->watches, node);
	}
}

static void fail_appends(struct log *log, struct list *appends)
{
	struct list *node;
	while ((node = list_take_first(appends))) {
		list_entry(node, struct append_msg, node)->error = KAFKA_ERROR_KAFKA_STORAGE_ERROR;
		list_append(&log->service->appends, node);
		log->service->unanswered--;
	}
}

/* The first failure ends all writing: what the disk holds now is for recovery to find out. */
void log_fence(struct log *log, int error)
{
	if (log->is_fenced)
		return;
	log->is_fenced = true;
	log->fence_error = error;
	log->service->stats->value[STAT_log_fenced]++;
	for (unsigned level = 0; level < ACK_LEVELS; level++)
		fail_appends(log, &log->unanswered[level]);
	fail_appends(log, &log->queue);
	log->is_copying = false;
	log_drop_writes(log);
	log_deadline_clear(&log->write_due);
	log_deadline_clear(&log->sync_due);
	if (!log->is_syncing)
		list_remove(&log->flush_node);
	give_watches(log, KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	log_touch(log); /* its marks tell */
}

static struct log *log_of(const struct disk_op *op)
{
	if (op->tag == LOG_TAG_READ)
		return ((struct log_reading *)op->owner)->log;
	if (op->tag == LOG_TAG_WRITE)
		return ((struct log_write *)op->owner)->log;
	return op->owner;
}

static void operation_done(struct disk_op *op)
{
	struct log *log = log_of(op);
	require(log->operations > 0);
	log->operations--;
	log_touch(log);
	switch ((enum log_tag)op->tag) {
	case LOG_TAG_WRITE:
		log_write_done(op->owner);
		break;
	case LOG_TAG_SYNC:
		if (op->result < 0)
			log_fence(log, (int)op->result);
		log_sync_end(log);
		break;
	case LOG_TAG_TRAITS:
		log_traits_done(log);
		break;
	case LOG_TAG_INDEX:
	case LOG_TAG_TIMEINDEX:
		log_index_done(log, op->tag);
		break;
	case LOG_TAG_ALLOCATE:
		log_allocate_done(log);
		break;
	case LOG_TAG_ZERO:
		log_zero_done(log);
		break;
	case LOG_TAG_MARK: /* no log's */
		break;
	case LOG_TAG_STEP:
		log_step_done(log, op);
		break;
	case LOG_TAG_READ:
		log_reading_done(op->owner);
		break;
	case LOG_TAG_FLUSH:
		require(!"an operation of a log");
	}
}

void log_reaped(struct disk_op *op)
{
	for (struct disk_op *over = descriptors_reaped(op), *next; over; over = next) {
		next = over->next;
		if (over->tag == LOG_TAG_FLUSH)
			flush_group_done(over->owner);
		else if (over->tag == LOG_TAG_MARK)
			mark_file_reaped(over->owner);
		else
			operation_done(over);
	}
}

static void advance_writing(struct log *log)
{
	log_copy(log);
	log_submit_writes(log);
	log_prepare_ahead(log);
	log_submit_index(log);
	log_submit_sync(log);
	log_advance_steps(log);
}

/* Closing, and nothing is left to be done but to close the files. */
static bool log_has_ended(const struct log *log)
{
	if (!log->is_closing || log->operations > 0 || log->reads > 0 ||
	    !list_is_empty(&log->reads_waiting))
		return false;
	return log->is_fenced || log->step == LOG_STEP_ENDED;
}

void log_advance(struct log *log)
{
	log->is_starved = false;
	log_start_reads(log);
	if (!log->is_fenced)
		advance_writing(log);
	if (log_has_ended(log))
		descriptors_drop(&log->files);
	else if (log->is_starved)
		log_touch(log);
}
void log_watch(struct log *log, struct watch_msg *w)
{
	require(w->kind == WATCH_HIGH_WATERMARK); /* the only mark that anybody asks for yet */
	w->error = log->is_fenced ? KAFKA_ERROR_KAFKA_STORAGE_ERROR : KAFKA_ERROR_NONE;
	bool is_over = log->is_fenced || w->offset < log->durable.offset;
	list_append(is_over ? &log->service->watches : &log->watches, &w->node);
	log_touch(log); /* it may be a sync that is waited for */
}

void log_alter(struct log *log, const struct log_options *options)
{
	log->options = *options;
}

void log_serve(struct log *log, struct log_service *service, uint32_t slot)
{
	log->service = service;
	log->slot = slot;
	list_append(&service->flush.members, &log->group_node);
	mark_file_begin(&service->marks, slot, &log->key);
	/* Not known yet: a log has to show that its writes are small. */
	log->write_bytes_mean = 4 * (int64_t)service->small_write_bytes;
	if (log->is_fenced)
		service->stats->value[STAT_log_fenced]++;
	log_touch(log);
}

uint32_t log_slot(const struct log *log)
{
	return log->slot;
}

void log_finish(struct log *log)
{
	log->is_closing = true;
	give_watches(log, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	log_deadline_clear(&log->write_due);
	log_deadline_clear(&log->sync_due);
	log_touch(log);
}

bool log_is_finished(const struct log *log)
{
	/* Who has the last log back may end the writer: nothing of it is under way then. */
	return log_has_ended(log) && list_is_empty(&log->files) && !log->service->marks.is_busy;
}

/* Nobody reads or writes a segment any more. */
static bool segments_are_idle(const struct log *log)
{
	for (uint32_t i = 0; i < log->segments.count; i++) {
		const struct segment *s = segment_ring_at(&log->segments, i);
		if (s->holders != 1u + (s == log->written_segment) + (s == log->sealing))
			return false;
	}
	return true;
}

int log_release(struct log *log)
{
	require(log_is_finished(log) && segments_are_idle(log));
	list_remove(&log->node);
	list_remove(&log->group_node);
	mark_file_end(&log->service->marks);
	if (log->is_fenced)
		log->service->stats->value[STAT_log_fenced]--;
	log->service = NULL;
	return log->fence_error;
}

void log_get_marks(const struct log *log, struct log_marks *ret)
{
	*ret = (struct log_marks){
		.log_start_offset = log->log_start_offset,
		.log_end_offset = log->next_offset,
		.written_offset = log->written.offset,
		.high_watermark = log->durable.offset,
		.recovery_point = log_recovery_point(log),
		.max_timestamp = log->max_timestamp,
		.max_timestamp_offset = log->max_timestamp_offset,
		.size_bytes = log->sealed_bytes + log->end.position,
		.is_fenced = log->is_fenced,
		.fence_error = log->fence_error,
		.mark_error = log->service ? log->service->marks.error : 0,
	};
}

int64_t log_recovery_point(const struct log *log)
{
	/* The evidence: with a lower one the next start would cut the damage off as a torn tail. */
	if (log->is_corrupt)
		return log->opened_at;
	return log->sealing ? log->sealing->base_offset : log->durable.offset;
}

static void touch_due(struct list *dues, uint64_t now_ns)
{
	list_for_each(node, dues)
	{
		struct log_deadline *d = list_entry(node, struct log_deadline, node);
		if (d->at_ns > now_ns)
			return;
		log_touch(d->log);
	}
}

void log_service_flush(struct log_service *s)
{
	flush_group_turn(&s->flush);
}

void log_service_turn(struct log_service *s, uint64_t now_ns)
{
	s->now_ns = now_ns;
	touch_due(&s->write_dues, s->is_core_busy ? now_ns : UINT64_MAX);
	touch_due(&s->sync_dues, now_ns);
	mark_file_turn(&s->marks, now_ns);
}

static uint64_t first_due_ns(const struct list *dues)
{
	return list_is_empty(dues) ? UINT64_MAX
				   : list_entry(dues->next, struct log_deadline, node)->at_ns;
}

uint64_t log_service_idle_ns(const struct log_service *s, uint64_t now_ns, uint64_t limit_ns)
{
	uint64_t due_ns = min_u64(first_due_ns(&s->sync_dues), mark_file_due_ns(&s->marks));
	return due_ns <= now_ns ? 0 : min_u64(due_ns - now_ns, limit_ns);
}
