/* log_index.c - index entries of the active segment into its files; see log_index.h. */
#include "dataplane/store/log/log_index.h"
#include "dataplane/store/log/log_files.h"

bool log_index_is_flushed(const struct log *log)
{
	return log->index.entries_flushed == log->index.entries &&
	       log->index.times_flushed == log->index.times;
}

/* One write of each file is under way at a time. A few entries wait for more, unless the segment
 * or the log is to end, or a snapshot waits for them: `must`. */
static void flush_index(struct log *log, enum segment_file file, uint32_t *flushing)
{
	bool is_time = file == SEGMENT_TIMEINDEX;
	const struct index *ix = &log->index;
	uint32_t waiting = is_time ? ix->times - ix->times_flushed
				   : ix->entries - ix->entries_flushed;
	bool must = log->wants_roll || log->is_closing ||
		    log->at_snapshot.step == LOG_SNAPSHOT_INDEX;
	if (*flushing > 0 || waiting == 0 || (!must && waiting < INDEX_FLUSH_ENTRIES))
		return;
	if (!log_service_has_room(log->service, 1)) {
		log->is_starved = true;
		return;
	}
	*flushing = is_time ? index_encode_times(ix, log->time_bytes)
			    : index_encode(ix, log->index_bytes);
	uint32_t entry_bytes = is_time ? INDEX_TIME_ENTRY_BYTES : INDEX_ENTRY_BYTES;
	uint32_t flushed = is_time ? ix->times_flushed : ix->entries_flushed;
	struct disk_op *op = &log->index_ops[is_time];
	log->index_iov[is_time].iov_base = is_time ? log->time_bytes : log->index_bytes;
	log->index_iov[is_time].iov_len = (size_t)*flushing * entry_bytes;
	*op = (struct disk_op){
		.kind = DISK_WRITE,
		.iov = &log->index_iov[is_time],
		.iov_count = 1,
		.offset = (uint64_t)flushed * entry_bytes,
	};
	log->is_changed = true;
	log_submit(log, log_segment_file(log, log->active, file), op,
		   is_time ? LOG_TAG_TIMEINDEX : LOG_TAG_INDEX, log);
}

void log_submit_index(struct log *log)
{
	if (log->is_closing && list_is_empty(&log->queue))
		index_note_end(&log->index);
	flush_index(log, SEGMENT_INDEX, &log->index_flushing);
	flush_index(log, SEGMENT_TIMEINDEX, &log->times_flushing);
}

void log_index_done(struct log *log, enum log_tag tag)
{
	bool is_time = tag == LOG_TAG_TIMEINDEX;
	const struct disk_op *op = &log->index_ops[is_time];
	if (op->result != (int64_t)op->iov->iov_len) {
		log_fence(log, log_write_error(op));
		return;
	}
	if (is_time) {
		log->index.times_flushed += log->times_flushing;
		log->times_flushing = 0;
	} else {
		log->index.entries_flushed += log->index_flushing;
		log->index_flushing = 0;
	}
}
