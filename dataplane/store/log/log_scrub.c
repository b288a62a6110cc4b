/* log_scrub.c - sealed segments in, damage noted; see log_scrub.h. */
#include "dataplane/store/log/log_scrub.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/store/log/log_damage.h"
#include "dataplane/store/log/log_files.h"
#include "dataplane/wire/record/record_batch.h"

#include <errno.h>

/* ---- which bytes are next -------------------------------------------------------------- */

static void begin_log(struct log_scrub *b, struct log *log)
{
	b->log = log;
	b->base_offset = -1;
}

static struct log *log_behind(const struct log_service *s, const struct log *log)
{
	const struct list *members = &s->flush.members;
	struct list *node = log ? log->group_node.next : members->next;
	return node == members ? NULL : list_entry(node, struct log, group_node);
}

static void begin_segment(struct log_scrub *b, const struct segment *s)
{
	b->base_offset = b->expected = s->base_offset;
	b->position = b->batch_end = 0;
	b->is_behind_damage = false;
}

/* What is sealed and durable: it is not written any more. */
static bool is_sealed(const struct log *log, const struct segment *s)
{
	return s && s->base_offset < log->durable.base_offset && s != log->sealing;
}

static struct segment *segment_at_hand(const struct log_scrub *b)
{
	struct segment *s = segment_ring_find(&b->log->segments, b->base_offset);
	return s && s->base_offset == b->base_offset ? s : NULL;
}

/* The segment to go on with, of the log whose turn it is; null: that has no more. */
static struct segment *segment_next(struct log_scrub *b)
{
	struct log *log = b->log;
	if (log->is_closing || log->is_fenced)
		return NULL;
	struct segment *s = b->base_offset < 0 ? NULL : segment_at_hand(b);
	bool is_new = !s || b->position >= s->size;
	if (is_new)
		s = segment_ring_above(&log->segments, b->base_offset);
	/* Kafka's cleaner leaves some without a batch. */
	while (is_sealed(log, s) && s->size == 0)
		s = segment_ring_above(&log->segments, s->base_offset);
	if (!is_sealed(log, s))
		return NULL;
	if (is_new)
		begin_segment(b, s);
	return s;
}

static void submit(struct log_service *s, struct segment *segment)
{
	struct log_scrub *b = &s->scrub;
	b->segment = segment_hold(segment);
	b->iov = (struct iovec){b->memory, SCRUB_READ_BYTES};
	b->op = (struct disk_op){
		.kind = DISK_READ,
		.iov = &b->iov,
		.iov_count = 1,
		.offset = round_down(b->position, DISK_BLOCK_BYTES),
	};
	log_submit(b->log, log_segment_file(b->log, segment, SEGMENT_LOG), &b->op,
		   LOG_TAG_SCRUB, b->log);
}

static bool is_in_the_way(const struct log_service *s)
{
	return s->is_core_busy || s->writing_bytes > 0 || s->reads.in_use > 0 ||
	       !log_service_has_room(s, 1);
}

void log_scrub_turn(struct log_service *s)
{
	struct log_scrub *b = &s->scrub;
	if (!b->memory || b->segment || s->now_ns < b->due_ns || is_in_the_way(s))
		return;
	for (unsigned i = 0; i < SCRUB_LOGS_PER_TURN; i++) {
		struct segment *segment = b->log ? segment_next(b) : NULL;
		if (segment) {
			submit(s, segment);
			return;
		}
		begin_log(b, log_behind(s, b->log));
		if (b->log)
			continue;
		b->due_ns = s->now_ns + SCRUB_ROUND_MS * NS_PER_MS;
		stats_add(s->stats, STAT_scrub_rounds, 1);
		return;
	}
}

void log_scrub_forget(struct log_service *s, const struct log *log)
{
	if (s->scrub.log == log)
		begin_log(&s->scrub, log_behind(s, log));
}

/* What is under way has come to its end: the next one is the one that has the place now. */
void log_scrub_swapped(struct log_service *s, const struct log *log, int64_t base_offset,
		       int64_t end_offset)
{
	struct log_scrub *b = &s->scrub;
	if (b->log != log || b->base_offset < base_offset || b->base_offset >= end_offset)
		return;
	b->base_offset = base_offset - 1;
	b->position = UINT64_MAX;
}

uint64_t log_scrub_due_ns(const struct log_service *s)
{
	const struct log_scrub *b = &s->scrub;
	return b->memory && !b->segment && !is_in_the_way(s) ? b->due_ns : UINT64_MAX;
}

/* ---- what was read --------------------------------------------------------------------- */

/* Damage in a segment that has left its log meanwhile is nobody's any more. */
static void note(struct log_scrub *b, uint64_t position, int64_t offset)
{
	if (!b->is_behind_damage && segment_at_hand(b) == b->segment)
		log_damage_note(b->log, b->base_offset, position, offset);
	b->is_behind_damage = true;
}

/* What the segment under way holds ends before the next one begins, and a sealed one has a next. */
static int64_t end_offset(const struct log_scrub *b)
{
	return segment_ring_above(&b->log->segments, b->base_offset)->base_offset;
}

/* Of the batch that lies at b->position; false: it makes no sense. */
static bool take_header(struct log_scrub *b, const struct record_batch_header *h)
{
	int64_t base = record_batch_base_offset(h), end = end_offset(b);
	uint64_t room = b->segment->size - b->position;
	if (record_batch_check(h, room) != RECORD_BATCH_GOOD || base < b->expected ||
	    base >= end || record_batch_last_offset(h) >= end)
		return false;
	b->batch_position = b->position;
	b->batch_end = b->position + (uint64_t)record_batch_bytes(h);
	b->batch_offset = base;
	b->batch_next = record_batch_last_offset(h) + 1;
	b->batch_crc = be32_get(h->crc);
	b->crc = 0;
	b->position += RECORD_BATCH_CRC_FROM;
	return true;
}

/* What a wrong batch says of its last offset may be wrong, too. */
static void end_batch(struct log_scrub *b)
{
	bool is_right = b->crc == b->batch_crc;
	b->batch_end = 0;
	b->expected = is_right ? b->batch_next : b->batch_offset + 1;
	if (is_right)
		b->is_behind_damage = false;
	else
		note(b, b->batch_position, b->batch_offset);
}

static void end_segment(struct log_scrub *b)
{
	b->position = b->segment->size;
}

/* What the disk cannot give is damaged; that a file cannot be opened says nothing of it. */
static bool is_lost(const struct disk_op *op)
{
	return op->result >= 0 || op->result == -EIO;
}

/* The bytes of the file from `start` to `end` are there. */
static void look(struct log_scrub *b, uint64_t start, uint64_t end)
{
	while (b->position < end) {
		const uint8_t *at = b->memory + (b->position - start);
		if (b->batch_end > 0) {
			uint64_t to = min_u64(end, b->batch_end);
			b->crc = crc32c_extend(b->crc, at, (size_t)(to - b->position));
			b->position = to;
			if (to == b->batch_end)
				end_batch(b);
		} else if (b->position + RECORD_BATCH_HEADER_BYTES > end &&
			   end < b->segment->size) {
			return; /* the next read begins with it */
		} else if (b->position + RECORD_BATCH_HEADER_BYTES > end ||
			   !take_header(b, record_batch_header_of(at))) {
			note(b, b->position, b->expected);
			end_segment(b);
			return;
		}
	}
}

/* All that was read of the segment at hand. */
static void take_read(struct log_scrub *b, uint64_t bytes)
{
	uint64_t start = b->op.offset;
	uint64_t end = min_u64(start + bytes, b->segment->size);
	uint64_t position = b->position;
	if (end > position)
		look(b, start, end);
	if (b->position == position) {
		if (is_lost(&b->op))
			note(b, position, b->expected);
		end_segment(b);
	}
}

/* Of a segment that gave way to another one meanwhile nothing is looked at any more. */
void log_scrub_done(struct log_service *s)
{
	struct log_scrub *b = &s->scrub;
	uint64_t bytes = b->op.result > 0 ? (uint64_t)b->op.result : 0;
	if (!(b->segment->swapped & SEGMENT_REPLACED))
		take_read(b, bytes);
	segment_let_go(&b->log->segments, b->segment);
	b->segment = NULL;
	b->due_ns = s->now_ns + max_u64(bytes * NS_PER_S / b->bytes_per_second, NS_PER_MS);
	stats_add(s->stats, STAT_scrub_bytes, bytes);
}
