/* log.c - one partition's log as its writer is given it: served, asked for its marks; see log.h
 * and log_private.h. */
#include "dataplane/store/log/log.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_trim.h"
#include "dataplane/wire/kafka/kafka_error.h"

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

/* Reads that are under way are of before: what they bring was there when they were asked for. */
void log_delete_records(struct log *log, int64_t offset)
{
	require(offset <= log->durable.offset);
	if (offset <= log->log_start_offset)
		return;
	log->log_start_offset = offset;
	log_trim_look(log);
	log_touch(log); /* perhaps no record is left of the active segment */
}

void log_serve(struct log *log, struct log_service *service, uint32_t slot)
{
	log->service = service;
	log->slot = slot;
	log->number = service->logs_served++;
	log->snapshot_ns = service->now_ns;
	list_append(&service->flush.members, &log->group_node);
	mark_file_begin(&service->marks, slot, &log->key);
	producers_put_all(&service->producers, slot, &log->recovered, service->now_ns);
	producers_fini(&log->recovered);
	if (log->is_fenced)
		service->stats->value[STAT_log_fenced]++;
	log_trim_look(log);
	log_touch(log);
}

uint32_t log_slot(const struct log *log)
{
	return log->slot;
}

static struct log_damage last_damage(const struct log *log)
{
	if (log->damaged_batches == 0)
		return (struct log_damage){0};
	return log->damages[(log->damaged_batches - 1) % LOG_DAMAGES_KEPT];
}

static bool is_damaged(const struct log *log)
{
	return log->damaged_batches > 0 &&
	       log->damaged_segment >= segment_ring_at(&log->segments, 0)->base_offset;
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
		.durable_bytes = log->synced_bytes,
		.damaged_batches = log->damaged_batches,
		.damage = last_damage(log),
		.is_damaged = is_damaged(log),
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
	int64_t point = log->sealing ? log->sealing->base_offset : log->durable.offset;
	bool is_unsnapped = log->unsnapped_from >= 0 && log->unsnapped_from < point;
	return is_unsnapped ? log->unsnapped_from : point;
}
