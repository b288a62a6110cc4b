/* log_search.c - an offset in, the position of a batch at or before it out: cursors, the kept
 * index entries, else a binary search of the index file, one block per turn of the disk. */
#include "dataplane/store/log/log_search.h"

/* A reader that goes on where its last read ended, as consumers do, needs no index. */
static bool find_cursor(const struct log *log, int64_t offset, uint64_t *ret_position)
{
	int64_t base = segment_ring_find(&log->segments, offset)->base_offset;
	for (unsigned i = 0; i < LOG_CURSORS; i++) {
		const struct log_cursor *c = &log->cursors[i];
		if (c->offset == offset && c->base_offset == base && c->position > 0) {
			*ret_position = c->position;
			return true;
		}
	}
	return false;
}

static uint64_t index_bytes(const struct log_reading *r)
{
	const struct log *log = r->log;
	uint64_t entries = r->segment == log->active ? log->index.entries_flushed
						     : r->segment->index_entries;
	return entries * INDEX_ENTRY_BYTES;
}

/* The next block to look at is read into the requester's first chunk. */
static void read_block(struct log_reading *r)
{
	r->iov[0] = (struct iovec){r->read->bytes.head->data, INDEX_BLOCK_BYTES};
	r->op = (struct disk_op){
		.kind = DISK_READ,
		.iov = r->iov,
		.iov_count = 1,
		.offset = index_search_position(&r->search),
	};
}

bool log_search_begin(struct log_reading *r)
{
	struct log *log = r->log;
	int64_t offset = r->read->offset;
	uint32_t position;
	if (offset == r->segment->base_offset || find_cursor(log, offset, &r->position))
		return false;
	if (r->segment == log->active && index_find(&log->index, offset, &position)) {
		r->position = position;
		return false;
	}
	r->search = index_search_begin(false, offset - r->segment->base_offset,
				       index_bytes(r));
	if (!index_search_has_next(&r->search))
		return false;
	read_block(r);
	return true;
}

bool log_search_step(struct log_reading *r)
{
	index_search_step(&r->search, r->read->bytes.head->data, (size_t)r->op.result);
	if (r->search.is_found) {
		r->position = index_entry_load(r->search.entry).position;
		r->is_led = true;
	}
	if (!index_search_has_next(&r->search))
		return false;
	read_block(r);
	return true;
}
