/* log_search.c - an offset in, the position of a batch at or before it out: cursors, the kept
 * index entries, else a binary search of the index file, one block per turn of the disk. */
#include "dataplane/store/log/log_search.h"

/* A reader that goes on where its last read ended, as consumers do, needs no index. */
bool log_search_cursor(const struct log *log, const struct segment *s, int64_t offset,
		       uint64_t *ret_position)
{
	for (unsigned i = 0; i < LOG_CURSORS; i++) {
		const struct log_cursor *c = &log->cursors[i];
		if (c->offset == offset && c->base_offset == s->base_offset && c->position > 0) {
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

bool log_search_file(struct log_reading *r)
{
	r->search = index_search_begin(false, r->read->offset - r->segment->base_offset,
				       index_bytes(r));
	if (!index_search_has_next(&r->search))
		return false;
	read_block(r);
	return true;
}

bool log_search_begin(struct log_reading *r)
{
	struct log *log = r->log;
	int64_t offset = r->read->offset;
	struct index_entry e;
	if (offset == r->segment->base_offset)
		return false;
	if (log_search_cursor(log, r->segment, offset, &r->position)) {
		r->expected = offset;
		return false;
	}
	if (r->segment == log->active && index_find(&log->index, offset, &e)) {
		r->position = e.position;
		r->entry_offset = log->index.base_offset + e.offset;
		r->expected = -1;
		return false;
	}
	return log_search_file(r);
}

bool log_search_step(struct log_reading *r)
{
	index_search_step(&r->search, r->read->bytes.head->data, (size_t)r->op.result);
	if (!index_search_has_next(&r->search))
		return false;
	read_block(r);
	return true;
}

void log_search_lead(struct log_reading *r)
{
	if (!r->search.is_found)
		return;
	struct index_entry e = index_entry_load(r->search.entry);
	r->position = e.position;
	r->entry_offset = r->segment->base_offset + e.offset;
	r->expected = -1;
	r->is_led = true;
}

bool log_search_behind(const struct log_reading *r, uint64_t *ret_position)
{
	const struct log *log = r->log;
	uint32_t position;
	if (r->search.has_behind) {
		*ret_position = index_entry_load(r->search.behind).position;
		return true;
	}
	if (r->segment != log->active ||
	    !index_find_behind(&log->index, r->read->offset, &position))
		return false;
	*ret_position = position;
	return true;
}
