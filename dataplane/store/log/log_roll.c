/* log_roll.c - the segment made ahead becomes the active one; see log_roll.h. */
#include "dataplane/store/log/log_roll.h"
#include "dataplane/store/log/log_index.h"
#include "dataplane/store/log/log_snapshot.h"
#include "dataplane/store/log/log_tail.h"
#include "dataplane/store/log/log_write.h"

/* One segment is sealed at a time, and only the active one may be without its name. */
static bool roll_is_ready(const struct log *log)
{
	return log_tail_is_ready(log) && !log->sealing && !log->is_zeroing &&
	       log_index_is_flushed(log);
}

bool log_roll(struct log *log)
{
	if (!log->ahead && segment_ring_is_full(&log->segments)) {
		/* Better said than appends that wait for ever. */
		log_fence(log, -EFBIG);
		return false;
	}
	if (!log->wants_roll) {
		log->wants_roll = true;
		index_note_end(&log->index);
	}
	if (!roll_is_ready(log))
		return false;
	if (log->open)
		log_close_write(log);
	struct segment *old = log->active;
	old->size = log->end.position;
	log->sealed_bytes += old->size;
	old->index_entries = log->index.entries;
	segment_note_time(old, log->index.max_timestamp, log->index.max_timestamp_offset);
	log->active_timestamp = -1;
	struct segment *fresh = log->ahead;
	fresh->base_offset = log->end.offset;
	segment_ring_push(&log->segments, fresh);
	log->ahead = NULL;
	log->sealing = segment_hold(old);
	log->active = fresh;
	log->roll_bytes = log->copied_bytes;
	log->position = 0;
	log->end.position = 0;
	log->end.base_offset = fresh->base_offset;
	log->allocated_bytes = log->next_allocated_bytes;
	log->zeroed_from = log->zeroed_bytes = log->zero_to = 0;
	log->zeroes_syncing = log->zeroes_committing = log->zeroes_synced = 0;
	log->is_unnamed = true;
	log->wants_roll = false;
	log_snapshot_rolled(log);
	index_begin(&log->index, fresh->base_offset);
	stats_add(log->service->stats, STAT_log_rolls, 1);
	return true;
}
