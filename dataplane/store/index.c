/* index.c - batches in, index entries out; see index.h. */
#include "dataplane/store/index.h"
#include "dataplane/base/be.h"
#include "dataplane/base/require.h"

void index_begin(struct index *ix, int64_t base_offset)
{
	ix->base_offset = base_offset;
	ix->bytes_since = 0;
	ix->max_timestamp = -1;
	ix->max_timestamp_offset = base_offset;
	ix->last_timestamp = -1;
	ix->entries = ix->entries_flushed = 0;
	ix->times = ix->times_flushed = 0;
	ix->entries_before = 0;
}

/* The entries that a restart finds stay in the file: index_find() does not know them, and
 * their lookups go there. */
void index_resume(struct index *ix, uint32_t entries, uint32_t times,
		  struct index_time_entry last)
{
	ix->entries = ix->entries_flushed = ix->entries_before = entries;
	ix->times = ix->times_flushed = times;
	if (times == 0)
		return;
	ix->last_timestamp = last.timestamp;
	ix->max_timestamp = last.timestamp;
	ix->max_timestamp_offset = ix->base_offset + last.offset;
}

bool index_has_room(const struct index *ix)
{
	/* One more than the batch needs: index_note_end() always finds its place. */
	return ix->entries - ix->entries_flushed < INDEX_TAIL_ENTRIES &&
	       ix->times - ix->times_flushed + 1 < INDEX_TAIL_ENTRIES;
}

/* One time entry is kept back for the end of the segment. */
bool index_is_full(const struct index *ix, uint32_t file_bytes_max)
{
	return ix->entries >= file_bytes_max / INDEX_ENTRY_BYTES ||
	       ix->times + 1 >= file_bytes_max / INDEX_TIME_ENTRY_BYTES;
}

/* Only a time that is newer than the last entry's: whoever looks for one halves the file,
 * which has to rise. */
static void note_time(struct index *ix)
{
	if (ix->max_timestamp <= ix->last_timestamp)
		return;
	ix->time_tail[ix->times++ % INDEX_TAIL_ENTRIES] = (struct index_time_entry){
		.timestamp = ix->max_timestamp,
		.offset = (int32_t)(ix->max_timestamp_offset - ix->base_offset),
	};
	ix->last_timestamp = ix->max_timestamp;
}

void index_note(struct index *ix, const struct index_batch *b, uint32_t interval_bytes,
		uint32_t file_bytes_max)
{
	require(index_has_room(ix));
	require(b->last_offset - ix->base_offset <= INT32_MAX && b->position <= INT32_MAX);
	if (b->max_timestamp > ix->max_timestamp) {
		ix->max_timestamp = b->max_timestamp;
		ix->max_timestamp_offset = b->last_offset;
	}
	/* A segment of Kafka's may be larger than its index would hold: it gets sparser then. */
	if (ix->bytes_since > interval_bytes && !index_is_full(ix, file_bytes_max)) {
		ix->tail[ix->entries++ % INDEX_TAIL_ENTRIES] = (struct index_entry){
			.offset = (int32_t)(b->last_offset - ix->base_offset),
			.position = (uint32_t)b->position,
		};
		note_time(ix);
		ix->bytes_since = 0;
	}
	ix->bytes_since += b->size;
}

void index_note_end(struct index *ix)
{
	note_time(ix);
}

uint32_t index_encode(const struct index *ix, uint8_t *out)
{
	uint32_t n = min_u32(ix->entries - ix->entries_flushed, INDEX_FLUSH_ENTRIES);
	for (uint32_t i = 0; i < n; i++, out += INDEX_ENTRY_BYTES) {
		const struct index_entry *e =
			&ix->tail[(ix->entries_flushed + i) % INDEX_TAIL_ENTRIES];
		be32_store(out, (uint32_t)e->offset);
		be32_store(out + 4, e->position);
	}
	return n;
}

uint32_t index_encode_times(const struct index *ix, uint8_t *out)
{
	uint32_t n = min_u32(ix->times - ix->times_flushed, INDEX_FLUSH_ENTRIES);
	for (uint32_t i = 0; i < n; i++, out += INDEX_TIME_ENTRY_BYTES) {
		const struct index_time_entry *e =
			&ix->time_tail[(ix->times_flushed + i) % INDEX_TAIL_ENTRIES];
		be64_store(out, (uint64_t)e->timestamp);
		be32_store(out + 8, (uint32_t)e->offset);
	}
	return n;
}

static uint32_t entries_kept(const struct index *ix)
{
	return min_u32(ix->entries - ix->entries_before, INDEX_TAIL_ENTRIES);
}

bool index_find_behind(const struct index *ix, int64_t offset, uint32_t *ret_position)
{
	for (uint32_t i = ix->entries - entries_kept(ix); i < ix->entries; i++) {
		const struct index_entry *e = &ix->tail[i % INDEX_TAIL_ENTRIES];
		if (ix->base_offset + e->offset > offset) {
			*ret_position = e->position;
			return true;
		}
	}
	return false;
}

/* From the newest on: readers near the end ask most often. */
bool index_find(const struct index *ix, int64_t offset, struct index_entry *ret)
{
	for (uint32_t i = ix->entries; i > ix->entries - entries_kept(ix); i--) {
		const struct index_entry *e = &ix->tail[(i - 1) % INDEX_TAIL_ENTRIES];
		if (ix->base_offset + e->offset <= offset) {
			*ret = *e;
			return true;
		}
	}
	return false;
}

struct index_entry index_entry_load(const uint8_t *at)
{
	return (struct index_entry){
		.offset = (int32_t)be32_load(at),
		.position = be32_load(at + 4),
	};
}

struct index_time_entry index_time_entry_load(const uint8_t *at)
{
	return (struct index_time_entry){
		.timestamp = (int64_t)be64_load(at),
		.offset = (int32_t)be32_load(at + 8),
	};
}
