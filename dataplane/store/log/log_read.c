/* log_read.c - an offset and empty chunks in, whole batches below the high watermark out; see
 * log.h.
 *
 *     position ─ down to a block ─▶ start        want, in pieces of READ_IOVS_MAX chunks
 *     chunks:  [ before | batch | batch | bat ]  walk to the batch with the offset, trim
 *
 * A walk that ends beyond what was read starts again where it ended: it always gains ground.
 * An offset that Kafka's cleaner took is answered with the batch that follows it, in the next
 * segment if need be. An index file that leads to no batch, or to one behind the offset, is not
 * believed: the walk begins at the segment's start, in the same small pieces.
 */
#include "dataplane/store/log/log_read.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_files.h"
#include "dataplane/store/log/log_recent.h"
#include "dataplane/store/log/log_search.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/record/record_batch.h"

static void finish(struct log *log, struct read_msg *r, int16_t error)
{
	r->error = error;
	r->high_watermark = log->durable.offset;
	r->log_start_offset = log->log_start_offset;
	list_append(&log->service->reads_done, &r->node);
	stats_add(log->service->stats, STAT_reads_served, 1);
	stats_add(log->service->stats, STAT_read_bytes, r->bytes.size);
}

static void chunks_clear(struct read_msg *r)
{
	for (struct chunk *c = r->bytes.head; c; c = c->next)
		c->off = c->len = 0;
	r->bytes.size = 0;
}

static uint64_t chunks_capacity(const struct read_msg *r)
{
	uint64_t n = 0;
	for (const struct chunk *c = r->bytes.head; c; c = c->next) {
		require(c->pool->chunk_bytes == DISK_BLOCK_BYTES);
		n += c->pool->chunk_bytes;
	}
	return n;
}

/* Ends a read that was under way; its chunks must say what they hold. */
static void reading_end(struct log_reading *r, int16_t error)
{
	struct log *log = r->log;
	if (error)
		chunks_clear(r->read);
	log->service->unanswered--;
	log->reads--;
	log_touch(log);
	segment_let_go(&log->segments, r->segment);
	finish(log, r->read, error);
	slab_give(&log->service->reads, r);
}

static void submit(struct log_reading *r)
{
	enum segment_file file = r->is_searching ? SEGMENT_INDEX : SEGMENT_LOG;
	log_submit(r->log, log_segment_file(r->log, r->segment, file), &r->op, LOG_TAG_READ,
		   r);
}

static void data_reaped(struct log_reading *r);

/* The next piece of [start + have, start + want): from memory, or from the disk. */
static void submit_data(struct log_reading *r)
{
	uint64_t skip = r->have / DISK_BLOCK_BYTES;
	uint64_t blocks = (r->want - r->have) / DISK_BLOCK_BYTES;
	struct chunk *c = r->read->bytes.head;
	for (; skip > 0; skip--)
		c = c->next;
	unsigned n = 0;
	for (; n < blocks && n < READ_IOVS_MAX; n++, c = c->next)
		r->iov[n] = (struct iovec){c->data, DISK_BLOCK_BYTES};
	r->op = (struct disk_op){
		.kind = DISK_READ,
		.iov = r->iov,
		.iov_count = n,
		.offset = r->start + r->have,
	};
	if (r->recalls < LOG_RECALLS_MAX && log_read_recent(r)) {
		r->recalls++;
		stats_add(r->log->service->stats, STAT_reads_recent, 1);
		data_reaped(r);
	} else {
		r->recalls = 0;
		submit(r);
	}
}

/* Reads from r->position on, as far as chunks and high watermark go. */
static void read_data(struct log_reading *r)
{
	r->is_searching = false;
	r->start = round_down(r->position, DISK_BLOCK_BYTES);
	r->have = 0;
	r->want = min_u64(chunks_capacity(r->read),
			  round_up(r->limit, DISK_BLOCK_BYTES) - r->start);
	submit_data(r);
}

/* The chunks as a sequence of bytes, read from front to back. */
struct walk {
	const struct chunk *chunk;
	uint64_t chunk_start;
};

static void walk_copy(struct walk *w, uint64_t from, void *out, size_t size)
{
	while (from >= w->chunk_start + DISK_BLOCK_BYTES) {
		w->chunk = w->chunk->next;
		w->chunk_start += DISK_BLOCK_BYTES;
	}
	size_t at = (size_t)(from - w->chunk_start);
	size_t n = min_size(size, DISK_BLOCK_BYTES - at);
	memcpy(out, w->chunk->data + at, n);
	if (n < size)
		memcpy((uint8_t *)out + n, w->chunk->next->data, size - n);
}

/* What a walk found, as places in the chunks. */
struct found {
	uint64_t begin; /* of the batch that holds the offset */
	uint64_t end;   /* behind the last whole batch to give; begin: not even one is whole */
	uint64_t first_bytes;
	int64_t next_offset;
	bool is_found;
	bool is_bad;
};

static bool header_is_sane(const struct log_reading *r, const struct record_batch_header *h,
			   int64_t expected, uint64_t room)
{
	int64_t base = record_batch_base_offset(h);
	if (record_batch_check(h, room) != RECORD_BATCH_GOOD || base < expected)
		return false;
	/* An index entry is of an offset at or below the one wanted. */
	return expected >= 0 || !r->is_led || base <= r->read->offset;
}

/* Walks the batches from r->position on. */
static struct found walk_batches(const struct log_reading *r)
{
	struct walk w = {.chunk = r->read->bytes.head};
	uint64_t have = min_u64(r->have, r->limit - r->start);
	uint64_t at = r->position - r->start;
	struct found f = {.next_offset = -1};
	while (at + RECORD_BATCH_HEADER_BYTES <= have) {
		struct record_batch_header h;
		walk_copy(&w, at, &h, sizeof h);
		if (!header_is_sane(r, &h, f.next_offset, r->limit - r->start - at)) {
			f.is_bad = f.end == f.begin; /* what is sound is given */
			return f;
		}
		uint64_t size = (uint64_t)record_batch_bytes(&h);
		bool is_first = !f.is_found && record_batch_last_offset(&h) >= r->read->offset;
		if (is_first) {
			f.is_found = true;
			f.begin = f.end = at;
			f.first_bytes = size;
		}
		bool fits = is_first || at + size - f.begin <= r->read->bytes_max;
		if (f.is_found && (!fits || at + size > have))
			return f;
		at += size;
		f.next_offset = record_batch_last_offset(&h) + 1;
		if (f.is_found)
			f.end = at;
	}
	if (!f.is_found)
		f.begin = f.end = at;
	return f;
}

/* Cuts the chain to [begin, end); chunks emptied at the front go to the back. */
static void trim(struct read_msg *r, uint64_t begin, uint64_t end)
{
	struct chain kept = {0};
	struct chain rest = {0};
	uint64_t start = 0;
	for (struct chunk *c = r->bytes.head, *next; c; c = next) {
		next = c->next;
		uint64_t from = max_u64(begin, start) - start;
		uint64_t to = min_u64(max_u64(end, start) - start, DISK_BLOCK_BYTES);
		bool is_used = from < to;
		c->off = is_used ? (uint32_t)from : 0;
		c->len = is_used ? (uint32_t)(to - from) : 0;
		chain_push(is_used ? &kept : &rest, c);
		start += DISK_BLOCK_BYTES;
	}
	chain_join(&kept, &rest);
	r->bytes = kept;
}

/* A consumer goes on where it stopped: its next read needs no search. */
static void leave_cursor(struct log *log, const struct log_reading *r, const struct found *f)
{
	struct log_cursor *c = &log->cursors[log->next_cursor++ % LOG_CURSORS];
	c->offset = f->next_offset;
	c->base_offset = r->segment->base_offset;
	c->position = r->start + f->end;
}

/* Nothing is given that is not durable: a crash could take it back from who has seen it. */
static void set_limit(struct log_reading *r)
{
	const struct log *log = r->log;
	bool is_durables = r->segment->base_offset == log->durable.base_offset;
	r->limit = is_durables ? log->durable.position : r->segment->size;
}

/* No batch lies where one should: it was the index that said so, or something is broken. */
static void astray(struct log_reading *r)
{
	if (!r->is_led) {
		reading_end(r, KAFKA_ERROR_KAFKA_STORAGE_ERROR);
		return;
	}
	stats_add(r->log->service->stats, STAT_log_index_misled, 1);
	r->is_led = false;
	r->position = 0;
	read_data(r);
}

/* The segment has no batch at or behind the offset: the next one that has any. */
static void read_next_segment(struct log_reading *r)
{
	struct segment_ring *segments = &r->log->segments;
	do {
		if (r->segment->base_offset >= r->log->durable.base_offset) {
			reading_end(r, KAFKA_ERROR_KAFKA_STORAGE_ERROR);
			return;
		}
		struct segment *s = segment_ring_above(segments, r->segment->base_offset);
		segment_let_go(segments, r->segment);
		r->segment = segment_hold(s);
		set_limit(r);
	} while (r->limit == 0);
	r->position = 0;
	read_data(r);
}

static void begin_data(struct log_reading *r)
{
	/* A cursor may stand at the end of a segment, behind which offsets are missing. */
	if (r->position >= r->limit && !r->is_led)
		read_next_segment(r);
	else if (r->position + RECORD_BATCH_HEADER_BYTES > r->limit)
		astray(r);
	else
		read_data(r);
}

static void give_found(struct log_reading *r, const struct found *f)
{
	trim(r->read, f->begin, f->end);
	leave_cursor(r->log, r, f);
	if (f->next_offset >= r->log->durable.offset)
		log_follow(r->log);
	reading_end(r, KAFKA_ERROR_NONE);
}

/* The file ends before its batches do: what is whole is given, once. */
static void data_short(struct log_reading *r)
{
	struct found f = walk_batches(r);
	if (f.end > f.begin)
		give_found(r, &f);
	else
		reading_end(r, KAFKA_ERROR_KAFKA_STORAGE_ERROR);
}

static void data_done(struct log_reading *r)
{
	struct found f = walk_batches(r);
	uint64_t position = r->start + f.begin;
	if (f.is_bad) {
		astray(r);
		return;
	}
	if (position >= r->limit) {
		read_next_segment(r);
		return;
	}
	if (f.end > f.begin) {
		give_found(r, &f);
		return;
	}
	/* Not whole, or not even reached: once more from there, if that gains anything. */
	uint64_t start = round_down(position, DISK_BLOCK_BYTES);
	if (start > r->start) {
		r->position = position;
		r->is_led = false;
		begin_data(r);
		return;
	}
	uint64_t needed = position - start;
	needed += f.is_found ? f.first_bytes : RECORD_BATCH_HEADER_BYTES;
	r->read->bytes_needed = (uint32_t)needed;
	chunks_clear(r->read);
	reading_end(r, KAFKA_ERROR_NONE);
}

static void data_reaped(struct log_reading *r)
{
	uint64_t needed = min_u64(r->want, r->limit - r->start);
	r->have += r->op.result > 0 ? (uint64_t)r->op.result : 0;
	if (r->op.result < 0) {
		reading_end(r, KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	} else if (r->have >= needed) {
		data_done(r);
	} else if (r->op.result == 0 || r->have % DISK_BLOCK_BYTES != 0) {
		data_short(r);
	} else {
		submit_data(r);
	}
}

void log_reading_done(struct log_reading *r)
{
	if (!r->is_searching) {
		data_reaped(r);
	} else if (r->op.result < 0) {
		r->is_led = true; /* to nowhere */
		astray(r);
	} else if (log_search_step(r)) {
		submit(r);
	} else {
		begin_data(r);
	}
}

static void start(struct log *log, struct read_msg *read)
{
	/* The start may have moved since it was asked for. */
	if (read->offset < log->log_start_offset) {
		log->service->unanswered--;
		finish(log, read, KAFKA_ERROR_OFFSET_OUT_OF_RANGE);
		return;
	}
	struct log_reading *r = slab_take(&log->service->reads);
	require(r);
	r->log = log;
	r->read = read;
	r->segment = segment_hold(segment_ring_find(&log->segments, read->offset));
	set_limit(r);
	log->reads++;
	r->position = 0;
	r->is_led = false;
	r->recalls = 0;
	r->is_searching = r->limit > 0 && log_search_begin(r);
	if (r->is_searching)
		submit(r);
	else
		begin_data(r);
}

void log_read(struct log *log, struct read_msg *r)
{
	r->bytes_needed = 0;
	chunks_clear(r);
	/* Between high watermark and log end there is nothing to see yet, and no error. */
	if (r->offset < log->log_start_offset || r->offset > log->next_offset) {
		finish(log, r, KAFKA_ERROR_OFFSET_OUT_OF_RANGE);
	} else if (r->offset >= log->durable.offset) {
		log_follow(log);
		finish(log, r, KAFKA_ERROR_NONE);
	} else if (r->offset < segment_ring_at(&log->segments, 0)->base_offset) {
		finish(log, r, KAFKA_ERROR_KAFKA_STORAGE_ERROR); /* missing, and no secret */
	} else if (!r->bytes.head) {
		r->bytes_needed = DISK_BLOCK_BYTES;
		finish(log, r, KAFKA_ERROR_NONE);
	} else {
		log->service->unanswered++;
		list_append(&log->reads_waiting, &r->node);
		log_touch(log);
	}
}

void log_start_reads(struct log *log)
{
	while (!list_is_empty(&log->reads_waiting)) {
		if (log->service->reads.in_use == LOG_READS_MAX ||
		    !log_service_has_room(log->service, 1)) {
			log->is_starved = true;
			return;
		}
		struct list *node = list_take_first(&log->reads_waiting);
		start(log, list_entry(node, struct read_msg, node));
	}
}
