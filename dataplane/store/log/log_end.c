/* log_end.c - a log that is to end: what is left is done, then its service is left; see log.h. */
#include "dataplane/store/log/log_end.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_answer.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_scrub.h"
#include "dataplane/wire/kafka/kafka_error.h"

bool log_has_ended(const struct log *log)
{
	if (!log->is_closing || log->operations > 0 || log->reads > 0 ||
	    !list_is_empty(&log->reads_waiting))
		return false;
	return log->is_fenced || log->at_tail.step == LOG_TAIL_ENDED;
}

void log_finish(struct log *log)
{
	log->is_closing = true;
	log_give_watches(log, KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
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

/* Control has the log back: marks, and the reason of a fence, stay as they were. */
static int leave(struct log *log)
{
	require(log_is_finished(log) && segments_are_idle(log));
	log_scrub_forget(log->service, log);
	list_remove(&log->node);
	list_remove(&log->group_node);
	list_remove(&log->zeroes_part.node);
	list_remove(&log->trim_node);
	list_remove(&log->snapshot_node);
	mark_file_end(&log->service->marks);
	if (log->is_fenced)
		log->service->stats->value[STAT_log_fenced]--;
	log->service = NULL;
	return log->fence_error;
}

int log_release(struct log *log)
{
	producers_forget(&log->service->producers, log->slot);
	return leave(log);
}

int log_return(struct log *log)
{
	producers_suspend(&log->service->producers, log->slot, log->durable.offset);
	return leave(log);
}
