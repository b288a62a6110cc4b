/* clean_write.c - batches in, a segment of the cleaner's out, with its indexes; see
 * clean_write.h. */
#include "dataplane/clean/clean_write.h"
#include "dataplane/store/disk_files.h"

#include <errno.h>

static void close_all(struct clean_tools *t)
{
	for (unsigned f = 0; f < SEGMENT_FILES; f++)
		file_close(t->disk, &t->out.fd[f]);
}

int clean_write_begin(struct clean_tools *t, const struct clean_round *round, int64_t base_offset)
{
	struct clean_writer *w = &t->out;
	char path[FILE_PATH_BYTES_MAX];
	*w = (struct clean_writer){.round = round, .fd = {-1, -1, -1}, .bytes = w->bytes};
	index_begin(&w->index, base_offset);
	for (unsigned f = 0; f < SEGMENT_FILES; f++) {
		segment_cleaned_path(path, sizeof path, round->directory, base_offset, f);
		w->fd[f] = file_create(t->disk, path);
		if (w->fd[f] < 0) {
			int error = w->fd[f];
			close_all(t);
			return error;
		}
	}
	return 0;
}

/* Who cannot tell (an old file system, the simulator) is believed to have room. */
static bool has_room(const struct clean_tools *t)
{
	const struct clean_writer *w = &t->out;
	struct disk_space space;
	return disk_find_space(t->disk, w->round->directory, &space) != 0 ||
	       (space.usable_bytes >= w->have &&
		space.usable_bytes - w->have >= w->round->kept_bytes);
}

static int sync_some(struct clean_tools *t)
{
	struct clean_writer *w = &t->out;
	if (w->written - w->synced < CLEAN_SYNC_BYTES)
		return 0;
	w->synced = w->written;
	return file_sync(t->disk, w->fd[SEGMENT_LOG]);
}

static int flush(struct clean_tools *t)
{
	struct clean_writer *w = &t->out;
	if (!has_room(t))
		return -ENOSPC;
	int status = file_write(t->disk, w->fd[SEGMENT_LOG], w->bytes, w->have, w->written);
	w->written += w->have;
	size_t n = w->have;
	w->have = 0;
	if (status == 0)
		status = sync_some(t);
	if (status == 0 && !t->pace.pace(t->pace.owner, (uint32_t)n))
		return -ECANCELED;
	return status;
}

static int append_entries(struct clean_tools *t, enum segment_file file, const uint8_t *entries,
			  size_t size)
{
	struct clean_writer *w = &t->out;
	int status = size == 0 ? 0
			       : file_write(t->disk, w->fd[file], entries, size,
					    w->index_bytes[file]);
	w->index_bytes[file] += size;
	return status;
}

static int flush_index(struct clean_tools *t)
{
	struct index *ix = &t->out.index;
	uint8_t bytes[INDEX_FLUSH_ENTRIES * INDEX_TIME_ENTRY_BYTES];
	uint32_t entries, times;
	int status = 0;
	do {
		entries = index_encode(ix, bytes);
		ix->entries_flushed += entries;
		status = append_entries(t, SEGMENT_INDEX, bytes, entries * INDEX_ENTRY_BYTES);
		if (status < 0)
			return status;
		times = index_encode_times(ix, bytes);
		ix->times_flushed += times;
		status = append_entries(t, SEGMENT_TIMEINDEX, bytes,
					times * INDEX_TIME_ENTRY_BYTES);
	} while (status == 0 && (entries > 0 || times > 0));
	return status;
}

/* Bytes of a batch, in pieces of the buffer. */
static int put(struct clean_tools *t, struct bytes b)
{
	struct clean_writer *w = &t->out;
	int status = 0;
	while (b.size > 0 && status == 0) {
		size_t n = min_size(b.size, CLEAN_WRITE_BYTES - w->have);
		memcpy(w->bytes + w->have, b.data, n);
		w->have += n;
		b.data += n;
		b.size -= n;
		if (w->have == CLEAN_WRITE_BYTES)
			status = flush(t);
	}
	return status;
}

int clean_write(struct clean_tools *t, struct bytes batch)
{
	struct clean_writer *w = &t->out;
	const struct record_batch_header *h = record_batch_header_of(batch.data);
	struct index_batch note = {
		.last_offset = record_batch_last_offset(h),
		.max_timestamp = record_batch_max_timestamp(h),
		.position = w->size,
		.size = batch.size,
	};
	if (w->size > INT32_MAX)
		return -EFBIG;
	int status = index_has_room(&w->index) ? 0 : flush_index(t);
	if (status < 0)
		return status;
	index_note(&w->index, &note, w->round->options.index_interval_bytes,
		   w->round->options.segment_index_bytes);
	w->size += batch.size;
	return put(t, batch);
}

static int finish(struct clean_tools *t)
{
	struct clean_writer *w = &t->out;
	index_note_end(&w->index);
	int status = flush_index(t);
	if (status == 0)
		status = flush(t);
	for (unsigned f = 0; f < SEGMENT_FILES && status == 0; f++)
		status = file_sync(t->disk, w->fd[f]);
	return status;
}

int clean_write_end(struct clean_tools *t, bool is_wanted)
{
	int status = is_wanted ? finish(t) : 0;
	close_all(t);
	return status;
}
