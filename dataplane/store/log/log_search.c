/* log_search.c - an offset in, the position of a batch at or before it out: cursors, the kept
 * index entries, else a binary search of the index file, one block per turn of the disk. */
#include "dataplane/store/log/log_private.h"
#include "dataplane/base/require.h"

enum { BLOCK_ENTRIES = DISK_BLOCK_BYTES / INDEX_ENTRY_BYTES };

static bool find_cursor(const struct log *log, int64_t offset, uint64_t *ret_position)
{
	int64_t base = segment_find(log->segments, log->segment_count, offset)->base_offset;
	for (unsigned i = 0; i < LOG_CURSORS; i++) {
		const struct log_cursor *c = &log->cursors[i];
		if (c->offset == offset && c->base_offset == base && c->position > 0) {
			*ret_position = c->position;
			return true;
		}
	}
	return false;
}

static uint32_t entries_in_file(const struct log_reading *r)
{
	const struct log *log = r->log;
	return r->segment == log_active(log) ? log->index.entries_flushed
					     : r->segment->index_entries;
}

/* The next block to look at is read into the requester's first chunk. */
static void read_block(struct log_reading *r)
{
	uint32_t middle = r->low + (r->high - r->low) / 2;
	r->iov[0] = (struct iovec){r->read->bytes.head->data, DISK_BLOCK_BYTES};
	r->op = (struct disk_op){
		.kind = DISK_READ,
		.iov = r->iov,
		.iov_count = 1,
		.offset = (uint64_t)middle * DISK_BLOCK_BYTES,
	};
}

bool log_search_begin(struct log_reading *r)
{
	struct log *log = r->log;
	int64_t offset = r->read->offset;
	uint32_t position;
	if (offset == r->segment->base_offset || find_cursor(log, offset, &r->position))
		return false;
	if (r->segment == log_active(log) && index_find(&log->index, offset, &position)) {
		r->position = position;
		return false;
	}
	r->low = 0;
	r->high = (entries_in_file(r) + BLOCK_ENTRIES - 1) / BLOCK_ENTRIES;
	if (r->high == 0)
		return false;
	read_block(r);
	return true;
}

bool log_search_step(struct log_reading *r)
{
	uint32_t middle = r->low + (r->high - r->low) / 2;
	/* The op read no more than the file held then; entries flushed since are not in it. */
	uint32_t entries = (uint32_t)r->op.result / INDEX_ENTRY_BYTES;
	const uint8_t *block = r->read->bytes.head->data;
	uint32_t low = 0;
	uint32_t high = min_u32(entries, entries_in_file(r) - middle * BLOCK_ENTRIES);
	require(high <= BLOCK_ENTRIES);
	uint32_t all = high;
	while (low < high) {
		uint32_t at = low + (high - low) / 2;
		struct index_entry e = index_entry_load(block + at * INDEX_ENTRY_BYTES);
		if (r->segment->base_offset + e.offset <= r->read->offset)
			low = at + 1;
		else
			high = at;
	}
	if (low > 0) {
		r->position =
			index_entry_load(block + (low - 1) * INDEX_ENTRY_BYTES).position;
		r->is_led = true;
	}
	if (low == 0)
		r->high = middle;
	else if (low == all)
		r->low = middle + 1;
	else
		return false;
	if (r->low >= r->high)
		return false;
	read_block(r);
	return true;
}
