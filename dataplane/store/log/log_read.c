/* log_read.c - an offset and empty chunks in, whole batches below the high watermark out; see
 * log.h.
 *
 *     position ─ down to a block ─▶ start        want, in pieces of READ_IOVS_MAX chunks
 *     chunks:  [ before | batch | batch | bat ]  walk to the batch with the offset (log_walk.h),
 *                                                trim
 *
 * A walk that ends beyond what was read starts again where it ended: it always gains ground.
 * An offset that a cleaner took is answered with the batch that follows it, in the next segment if
 * need be. A segment that has given way to another one while the disk was asked (log_swap.h) is
 * left for that one, where the read begins anew: no place in the former means anything in the
 * latter. An index file that leads to no batch, or to one behind the offset, is not believed: the
 * walk begins at the segment's start, in the same small pieces.
 *
 * A walk that stops at a damaged batch has what lies before it to give. When that is nothing, the
 * offset lies in the damage, or behind it (decisions/0015):
 *
 *     WALK ─ suspect ─▶ LENGTH: the header behind it, by its length ─── of the offset ─▶ WALK
 *                          │ makes no sense, or is above the offset        ▲
 *                          ▼                                              │ likewise
 *                       AROUND: the index ─▶ ENTRY: the header there ─────┴─ else: an error
 *
 * An entry that lies behind the suspect is tried once, and what is walked on from lies behind it:
 * this gains ground as well. A length is not believed when it led past bytes that nobody saw to
 * something that does not follow: look_back().
 */
#include "dataplane/store/log/log_read.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_damage.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_files.h"
#include "dataplane/store/log/log_recent.h"
#include "dataplane/store/log/log_search.h"
#include "dataplane/store/log/log_walk.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/record/record_batch.h"

/* A header may lie in two blocks. */
enum { HEADER_READ_BYTES = 2 * DISK_BLOCK_BYTES };

static void finish(struct log *log, struct read_msg *r, int16_t error)
{
	r->error = error;
	r->high_watermark = log->durable.offset;
	r->log_start_offset = log->log_start_offset;
	list_append(&log->service->reads_done, &r->node);
	stats_add(log->service->stats, STAT_reads_served, 1);
	stats_add(log->service->stats, STAT_reads_corrupt, error == KAFKA_ERROR_CORRUPT_MESSAGE);
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

/* So much may the read bring, in place of what was said before. */
static void reserve(struct log_reading *r, uint64_t bytes)
{
	r->log->service->reading_bytes += bytes - r->reserved;
	r->reserved = bytes;
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
	reserve(r, 0);
	finish(log, r->read, error);
	slab_give(&log->service->reads, r);
}

static void submit(struct log_reading *r)
{
	bool is_searching = r->step == LOG_READING_SEARCH || r->step == LOG_READING_AROUND;
	enum segment_file file = is_searching ? SEGMENT_INDEX : SEGMENT_LOG;
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
		struct log_service *s = r->log->service;
		r->recalls++;
		s->recall_left -= min_u64((uint64_t)r->op.result, s->recall_left);
		stats_add(s->stats, STAT_reads_recent, 1);
		data_reaped(r);
	} else {
		r->recalls = 0;
		r->is_recent = false;
		submit(r);
	}
}

/* Reads from r->position on, as far as chunks and high watermark go; of what follows damage
 * it is a header that is wanted. */
static void read_data(struct log_reading *r, enum log_reading_step step)
{
	uint64_t most = chunks_capacity(r->read);
	if (step != LOG_READING_WALK)
		most = min_u64(most, HEADER_READ_BYTES);
	r->step = step;
	r->start = round_down(r->position, DISK_BLOCK_BYTES);
	r->have = 0;
	r->is_recent = true;
	r->want = min_u64(most, round_up(r->limit, DISK_BLOCK_BYTES) - r->start);
	reserve(r, r->want);
	submit_data(r);
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

/* A consumer goes on where it stopped: its next read needs no search. Many at one place leave one
 * cursor, so that those that others stand at stay. */
static void leave_cursor(struct log *log, const struct log_reading *r, const struct log_found *f)
{
	uint64_t position;
	if (log_search_cursor(log, r->segment, f->next_offset, &position))
		return;
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
	r->end_offset = log->durable.offset;
	if (!is_durables)
		r->end_offset = segment_ring_above(&log->segments, r->segment->base_offset)
					->base_offset;
}

/* The walk begins at the segment's start: no index leads there. */
static void begin_at_front(struct log_reading *r)
{
	r->is_led = false;
	r->entry_offset = -1;
	r->position = 0;
	r->passed.size = 0;
	r->expected = r->segment->base_offset;
	read_data(r, LOG_READING_WALK);
}

/* No batch can be had where one should lie: it was the index that said so, or it is damaged. */
static void astray(struct log_reading *r)
{
	if (!r->is_led) {
		reading_end(r, KAFKA_ERROR_CORRUPT_MESSAGE);
		return;
	}
	stats_add(r->log->service->stats, STAT_log_index_misled, 1);
	begin_at_front(r);
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
	r->has_searched = false;
	begin_at_front(r);
}

static bool has_header_at(const struct log_reading *r, uint64_t position)
{
	return position + RECORD_BATCH_HEADER_BYTES <= r->limit;
}

static void begin_data(struct log_reading *r)
{
	/* A cursor may stand at the end of a segment, behind which offsets are missing. */
	if (r->position >= r->limit && !r->is_led)
		read_next_segment(r);
	else if (!has_header_at(r, r->position))
		astray(r);
	else
		read_data(r, LOG_READING_WALK);
}

/* ---- past a damaged batch -------------------------------------------------------------- */

/* What an index leads to is no damage until something there shows that it led right. */
static void note_damage(const struct log_reading *r)
{
	const struct log_suspect *s = &r->suspect;
	if (!r->is_led)
		log_damage_note(r->log, r->segment->base_offset, s->position,
				s->offset >= 0 ? s->offset : r->read->offset);
}

/* By the index: its first entry above the offset, if that lies behind the damage. */
static void try_entry(struct log_reading *r)
{
	uint64_t position = 0;
	r->has_searched = true;
	if (!log_search_behind(r, &position) || position <= r->suspect.position ||
	    !has_header_at(r, position)) {
		astray(r);
		return;
	}
	r->position = position;
	read_data(r, LOG_READING_ENTRY);
}

static void go_around(struct log_reading *r)
{
	r->step = LOG_READING_AROUND;
	if (r->has_searched || !log_search_file(r))
		try_entry(r);
	else
		submit(r);
}

static void ask_for_more(struct log_reading *r, uint64_t bytes)
{
	r->read->bytes_needed = (uint32_t)bytes;
	chunks_clear(r->read);
	reading_end(r, KAFKA_ERROR_NONE);
}

/* The offset lies in the damaged batch, when that is what begins with it; else it is for what lies
 * behind the damage to say. */
static void pass_suspect(struct log_reading *r)
{
	const struct log_suspect *s = &r->suspect;
	if (s->offset == r->read->offset) {
		reading_end(r, KAFKA_ERROR_CORRUPT_MESSAGE);
	} else if (chunks_capacity(r->read) < HEADER_READ_BYTES) {
		ask_for_more(r, HEADER_READ_BYTES);
	} else if (s->size > 0 && has_header_at(r, s->position + s->size)) {
		r->position = s->position + s->size;
		read_data(r, LOG_READING_LENGTH);
	} else {
		go_around(r);
	}
}

/* Sound, behind the damage and not above the offset: what lies between the two is damaged. A wrong
 * length may lead to a batch, too, but not to the next one. */
static void behind_done(struct log_reading *r)
{
	struct record_batch_header h;
	if (log_walk_header(r, r->suspect.offset, &h) &&
	    record_batch_base_offset(&h) <= r->read->offset) {
		r->is_led = false;
		r->passed.size = 0;
		r->expected = record_batch_base_offset(&h);
		read_data(r, LOG_READING_WALK);
	} else if (r->step == LOG_READING_LENGTH) {
		go_around(r);
	} else {
		astray(r);
	}
}

/* ---- what was read --------------------------------------------------------------------- */

static void give_found(struct log_reading *r, const struct log_found *f)
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
	struct log_found f = {0};
	if (r->step == LOG_READING_WALK)
		f = log_walk(r);
	if (f.end > f.begin)
		give_found(r, &f);
	else
		reading_end(r, KAFKA_ERROR_KAFKA_STORAGE_ERROR);
}

static void size_is_wrong(struct log_reading *r)
{
	r->suspect.size = 0;
	note_damage(r);
	pass_suspect(r);
}

/* The first batch is not whole. A size that no producer may send today is shown to be true before
 * anybody looks for so much memory: by what lies behind it. */
static void needs_more(struct log_reading *r, const struct log_found *f)
{
	uint64_t bytes = f->is_found ? f->first_bytes : RECORD_BATCH_HEADER_BYTES;
	uint64_t position = r->start + f->begin;
	uint64_t end = position + bytes;
	bool may_be = !f->is_found || bytes <= r->log->options.message_bytes_max;
	if (may_be || end == r->limit || chunks_capacity(r->read) < HEADER_READ_BYTES) {
		ask_for_more(r, may_be || end == r->limit ? end - r->start : HEADER_READ_BYTES);
		return;
	}
	r->suspect = (struct log_suspect){position, bytes, f->next_offset};
	if (!has_header_at(r, end)) {
		size_is_wrong(r);
		return;
	}
	r->position = end;
	read_data(r, LOG_READING_SIZE);
}

static void size_done(struct log_reading *r)
{
	struct record_batch_header h;
	const struct log_suspect *s = &r->suspect;
	if (log_walk_header(r, s->offset, &h))
		ask_for_more(r, s->position + s->size -
					round_down(s->position, DISK_BLOCK_BYTES));
	else
		size_is_wrong(r);
}

/* The length of a batch, of which not all was seen, led to what does not follow: the batch is
 * looked at as a whole, unless it claims to be larger than any may be and nothing speaks for it. */
static void look_back(struct log_reading *r, bool is_sane)
{
	const struct log_suspect passed = r->passed;
	uint64_t end = passed.position + passed.size + RECORD_BATCH_HEADER_BYTES;
	uint64_t bytes = end - round_down(passed.position, DISK_BLOCK_BYTES);
	r->passed.size = 0;
	if (!is_sane && passed.size > r->log->options.message_bytes_max) {
		r->suspect = passed;
		size_is_wrong(r);
	} else if (chunks_capacity(r->read) < bytes) {
		ask_for_more(r, bytes);
	} else {
		r->position = passed.position;
		r->expected = passed.offset;
		read_data(r, LOG_READING_WALK);
	}
}

/* Neither the offset nor another header: not whole, or not even reached. */
static void walk_on(struct log_reading *r, const struct log_found *f)
{
	r->position = r->start + f->begin;
	r->expected = f->next_offset;
	r->passed = f->passed;
	if (has_header_at(r, r->position))
		read_data(r, LOG_READING_WALK);
	else if (r->passed.size > 0)
		look_back(r, r->position == r->limit);
	else
		begin_data(r);
}

static void data_done(struct log_reading *r)
{
	struct log_found f = log_walk(r);
	uint64_t position = r->start + f.begin;
	r->is_led &= !f.is_batch;
	if (f.is_doubtful) {
		look_back(r, !f.is_stopped);
		return;
	}
	if (f.is_stopped) {
		r->suspect = f.suspect;
		note_damage(r);
	}
	if (f.end > f.begin) {
		give_found(r, &f);
	} else if (f.is_stopped) {
		pass_suspect(r);
	} else if (position >= r->limit || round_down(position, DISK_BLOCK_BYTES) > r->start) {
		walk_on(r, &f); /* from there, which gains something */
	} else {
		needs_more(r, &f);
	}
}

static void piece_done(struct log_reading *r)
{
	switch ((enum log_reading_step)r->step) {
	case LOG_READING_WALK:
		data_done(r);
		return;
	case LOG_READING_SIZE:
		size_done(r);
		return;
	case LOG_READING_LENGTH:
	case LOG_READING_ENTRY:
		behind_done(r);
		return;
	default:
		require(!"a read of batches");
	}
}

static void data_reaped(struct log_reading *r)
{
	uint64_t needed = min_u64(r->want, r->limit - r->start);
	r->have += r->op.result > 0 ? (uint64_t)r->op.result : 0;
	if (r->op.result < 0) {
		reading_end(r, KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	} else if (r->have >= needed) {
		piece_done(r);
	} else if (r->op.result == 0 || r->have % DISK_BLOCK_BYTES != 0) {
		data_short(r);
	} else {
		submit_data(r);
	}
}

/* An index file that cannot be read leads nowhere. */
static void search_reaped(struct log_reading *r)
{
	bool is_first = r->step == LOG_READING_SEARCH;
	if (r->op.result < 0) {
		r->is_led |= is_first;
		astray(r);
	} else if (log_search_step(r)) {
		submit(r);
	} else if (is_first) {
		r->has_searched = true;
		log_search_lead(r);
		begin_data(r);
	} else {
		try_entry(r);
	}
}

static void begin_segment(struct log_reading *r, struct segment *s)
{
	r->segment = segment_hold(s);
	set_limit(r);
	r->is_led = r->has_searched = false;
	r->search = (struct index_search){0};
	r->suspect = r->passed = (struct log_suspect){0};
	r->step = LOG_READING_SEARCH;
	r->position = 0;
	r->recalls = 0;
	r->expected = s->base_offset;
	r->entry_offset = -1;
	if (r->limit > 0 && log_search_begin(r))
		submit(r);
	else
		begin_data(r);
}

/* Another segment has the place of the one that it reads in, and what is left of that: the read
 * begins anew there. False: it goes on. */
static bool has_moved(struct log_reading *r)
{
	struct segment_ring *segments = &r->log->segments;
	struct segment *now = segment_ring_find(segments, r->read->offset);
	if (!now || !(r->segment->swapped & SEGMENT_REPLACED))
		return false;
	segment_let_go(segments, r->segment);
	begin_segment(r, now);
	return true;
}

void log_reading_done(struct log_reading *r)
{
	if (has_moved(r))
		return;
	if (r->step == LOG_READING_SEARCH || r->step == LOG_READING_AROUND)
		search_reaped(r);
	else
		data_reaped(r);
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
	log->reads++;
	r->reserved = 0;
	reserve(r, chunks_capacity(read));
	begin_segment(r, segment_ring_find(&log->segments, read->offset));
}

static void wait_in_line(struct log *log, struct read_msg *r)
{
	r->turn = log->service->reads_turn;
	list_append(&log->reads_waiting, &r->node);
	if (list_is_empty(&log->reader_node))
		list_append(&log->service->readers, &log->reader_node);
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
		if (log_service_may_recall(log->service) && log_is_recent(log, r->offset))
			start(log, r);
		else
			wait_in_line(log, r);
	}
}

/* Logs take turns, read by read. */
void log_reads_turn(struct log_service *s)
{
	s->recall_left = RECALLED_BYTES_PER_TURN;
	while (s->recall_left > 0 && log_service_may_read(s)) {
		struct log *log = list_entry(list_take_first(&s->readers), struct log, reader_node);
		struct list *node = list_take_first(&log->reads_waiting);
		struct read_msg *read = list_entry(node, struct read_msg, node);
		if (!list_is_empty(&log->reads_waiting))
			list_append(&s->readers, &log->reader_node);
		stats_add(s->stats, STAT_reads_delayed, read->turn != s->reads_turn);
		start(log, read);
	}
	s->reads_turn++;
}
