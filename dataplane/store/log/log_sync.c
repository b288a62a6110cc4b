/* log_sync.c - what is written becomes durable, by a sync of the log's own file or by the flush
 * of its group; answers and watches follow. See log_sync.h and flush_group.h. */
#include "dataplane/store/log/log_sync.h"
#include "dataplane/store/log/log_ahead.h"
#include "dataplane/store/log/log_answer.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_files.h"

bool log_writes_are_overwrites(const struct log *log)
{
	return log->new_bytes <= log->synced_bytes;
}

/* A sync of the whole file system is for the little that each of many logs has written. Much of
 * one log is worth a sync of its own, which waits for nobody else's. */
static bool is_worth_a_sync(const struct log *log)
{
	return !log->service->flush.rule->has_journal && !log_writes_are_overwrites(log) &&
	       log->written_bytes - log->synced_bytes > log->service->small_write_bytes;
}

/* A sync never spans segments: of the next one nothing counts as written before all of this one
 * is durable. */
static bool group_covers(const struct log *log)
{
	return log->written_segment->joins == SEGMENT_JOINS && !is_worth_a_sync(log) &&
	       flush_group_covers(&log->service->flush, log_writes_are_overwrites(log));
}

/* ---- syncs ------------------------------------------------------------------------------ */

/* A segment without its name waits, too: all before it is to be durable first. */
static bool sync_is_awaited(const struct log *log)
{
	return !list_is_empty(&log->unanswered[ACK_DURABLE]) || !list_is_empty(&log->watches) ||
	       log->is_unnamed || log->is_closing;
}

/* What nobody waits for gathers for a moment, as long as it is not much, by our measure or by
 * flush.messages. */
static bool sync_gathers(const struct log *log)
{
	return log_may_gather(log) && !sync_is_awaited(log) &&
	       log->written_bytes - log->synced_bytes < LOG_SYNC_GATHERED_BYTES &&
	       log->written.offset - log->durable.offset < log->options.flush_messages;
}

static bool sync_is_due(struct log *log)
{
	if (!sync_gathers(log))
		return true;
	if (!log_deadline_is_set(&log->sync_due))
		log_deadline_set(&log->sync_due, &log->service->sync_dues, LOG_SYNC_DELAY_NS);
	return log->sync_due.at_ns <= log->service->now_ns;
}

/* What is written last may lie in the segment before the active one, whose zeroes a sync of that
 * file does not cover. */
void log_sync_begin(struct log *log, bool is_of_file)
{
	bool covers_zeroes = is_of_file && log->written_segment == log->active;
	log_deadline_clear(&log->sync_due);
	log->is_syncing = true;
	log->syncing_bytes = log->written_bytes;
	log->syncing = log->written;
	log->zeroes_syncing = covers_zeroes ? log_zeroes_end(log) : log->zeroes_synced;
}

static void sync_file(struct log *log)
{
	log_sync_begin(log, true);
	log->sync_op = (struct disk_op){.kind = DISK_SYNC};
	log_submit(log, log_segment_file(log, log->written_segment, SEGMENT_LOG),
		   &log->sync_op, LOG_TAG_SYNC, log);
	stats_add(log->service->stats, STAT_log_syncs, 1);
}

void log_submit_sync(struct log *log)
{
	/* Since it joined the group, something may have been written that is not covered. */
	if (!log->is_syncing)
		list_remove(&log->written_part.node);
	if (log->is_syncing || log->written_bytes == log->synced_bytes || !sync_is_due(log))
		return;
	if (group_covers(log))
		flush_group_join(&log->service->flush, log, log_writes_are_overwrites(log));
	else if (log_service_has_room(log->service, 1))
		sync_file(log);
	else
		log->is_starved = true;
}

void log_sync_end(struct log *log)
{
	log->is_syncing = false;
	if (log->is_fenced)
		return;
	log->synced_bytes = log->syncing_bytes;
	log->zeroes_synced = max_u64(log->zeroes_synced, log->zeroes_syncing);
	log->durable = log->syncing;
	log_answer(log, ACK_DURABLE, log->durable.offset);
	log_answer(log, ACK_WRITTEN, log_mark(log, ACK_WRITTEN));
	log_wake_watches(log);
	mark_file_note(&log->service->marks, log->slot, log->durable.offset);
}
