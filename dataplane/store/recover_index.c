/* recover_index.c - batches that were scanned in, both indexes of their segment made anew; see
 * recover_private.h. Nothing is written before the whole segment is known to be sound: an
 * operator who has to look at a damaged one finds its indexes as they were. */
#include "dataplane/store/recover_index.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

int gather_begin(struct recovery *rc, uint64_t size)
{
	struct gathered *g = &rc->gathered;
	const struct log_options *options = &rc->log->options;
	/* An entry is made for a batch. */
	uint64_t interval = max_u64(options->index_interval_bytes, RECORD_BATCH_HEADER_BYTES);
	uint64_t entries = size / interval + INDEX_FLUSH_ENTRIES;
	gather_end(rc);
	g->entries_bytes = (size_t)min_u64(entries * INDEX_ENTRY_BYTES,
					   options->segment_index_bytes + INDEX_ENTRY_BYTES);
	g->times_bytes = (size_t)min_u64(entries * INDEX_TIME_ENTRY_BYTES,
					 options->segment_index_bytes + INDEX_TIME_ENTRY_BYTES);
	g->first_entry = rc->log->index.entries_flushed;
	g->first_time = rc->log->index.times_flushed;
	g->entries = map_take(g->entries_bytes);
	g->times = map_take(g->times_bytes);
	return g->entries && g->times ? 0 : -ENOMEM;
}

void gather_end(struct recovery *rc)
{
	map_give(rc->gathered.entries, rc->gathered.entries_bytes);
	map_give(rc->gathered.times, rc->gathered.times_bytes);
	rc->gathered = (struct gathered){0};
}

/* Moves the entries that wait into what is gathered. */
static void take_entries(struct recovery *rc)
{
	struct index *ix = &rc->log->index;
	struct gathered *g = &rc->gathered;
	uint32_t entries, times;
	do {
		size_t at = (size_t)(ix->entries_flushed - g->first_entry) *
			    INDEX_ENTRY_BYTES;
		size_t time_at = (size_t)(ix->times_flushed - g->first_time) *
				 INDEX_TIME_ENTRY_BYTES;
		entries = index_encode(ix, rc->log->index_bytes);
		times = index_encode_times(ix, rc->log->time_bytes);
		require(at + entries * INDEX_ENTRY_BYTES <= g->entries_bytes &&
			time_at + times * INDEX_TIME_ENTRY_BYTES <= g->times_bytes);
		memcpy(g->entries + at, rc->log->index_bytes, entries * INDEX_ENTRY_BYTES);
		memcpy(g->times + time_at, rc->log->time_bytes,
		       times * INDEX_TIME_ENTRY_BYTES);
		ix->entries_flushed += entries;
		ix->times_flushed += times;
	} while (entries > 0 || times > 0);
}

void gather_batch(struct recovery *rc, const struct index_batch *b)
{
	struct log *log = rc->log;
	if (!index_has_room(&log->index))
		take_entries(rc);
	index_note(&log->index, b, log->options.index_interval_bytes,
		   log->options.segment_index_bytes);
}

/* Entries `first` to before `end`, and none behind them. A file that ends where it should is not
 * cut: that costs its file system as much as a real cut does. */
static int write_entries(struct recovery *rc, enum segment_file file, const void *entries,
			 uint32_t first, uint32_t end)
{
	size_t entry_bytes =
		file == SEGMENT_INDEX ? INDEX_ENTRY_BYTES : INDEX_TIME_ENTRY_BYTES;
	uint64_t size;
	int status = file_size(rc->disk, rc->fd[file], &size);
	if (status == 0 && size != (uint64_t)first * entry_bytes)
		status = file_truncate(rc->disk, rc->fd[file], (uint64_t)first * entry_bytes);
	if (status < 0)
		return status;
	return file_write(rc->disk, rc->fd[file], entries, (end - first) * entry_bytes,
			  (uint64_t)first * entry_bytes);
}

int gather_write(struct recovery *rc)
{
	const struct index *ix = &rc->log->index;
	take_entries(rc);
	int status = write_entries(rc, SEGMENT_INDEX, rc->gathered.entries,
				   rc->gathered.first_entry, ix->entries);
	if (status < 0)
		return status;
	return write_entries(rc, SEGMENT_TIMEINDEX, rc->gathered.times,
			     rc->gathered.first_time, ix->times);
}

/* The files of a damaged segment stay as they are and may hold fewer entries than were
 * gathered: reads look for no more than is in them. */
int gather_leave(struct recovery *rc)
{
	struct index *ix = &rc->log->index;
	uint64_t size;
	take_entries(rc);
	int status = file_size(rc->disk, rc->fd[SEGMENT_INDEX], &size);
	if (status == 0)
		ix->entries_flushed = (uint32_t)min_u64(size / INDEX_ENTRY_BYTES,
							ix->entries_flushed);
	return status;
}
