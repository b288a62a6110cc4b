/* log_fence.c - a failure in, nothing written any more out; see log_fence() in log.h. */
#include "dataplane/store/log/log_answer.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_write.h"
#include "dataplane/wire/kafka/kafka_error.h"

/* The first failure ends all writing: what the disk holds now is for recovery to find out. */
void log_fence(struct log *log, int error)
{
	if (log->is_fenced)
		return;
	log->is_fenced = true;
	log->fence_error = error;
	log->service->stats->value[STAT_log_fenced]++;
	log_fail_appends(log);
	log_drop_writes(log);
	log_deadline_clear(&log->write_due);
	log_deadline_clear(&log->sync_due);
	if (!log->is_syncing)
		list_remove(&log->written_part.node);
	if (!log->is_committing_zeroes)
		list_remove(&log->zeroes_part.node);
	log_give_watches(log, KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	log_touch(log); /* its marks tell */
}
