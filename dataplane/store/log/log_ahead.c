/* log_ahead.c - blocks made ready before the writes reach them; see log_ahead.h.
 *
 *     0 ─────────────▶ position ──────────▶ zeroed ────────────▶ allocated
 *      batches, and        zeroes on the disk   blocks never written,
 *      what is on its way                       which read as zeroes
 *
 * A block's first write changes the file system's books: it takes a kernel thread, and a sync
 * must wait for the journal to be committed. A write over zeroes is done where it is submitted,
 * and its sync needs the disk's own flush alone. Where writes are small, writing their blocks
 * twice costs less than that; where they are of middle size it does as long as the disk has time.
 * Large writes go to blocks never written: their bandwidth is what is scarce.
 */
#include "dataplane/store/log/log_ahead.h"
#include "dataplane/store/log/log_files.h"

static uint64_t segment_limit(const struct log *log)
{
	return round_up(log->options.segment_bytes, DISK_BLOCK_BYTES);
}

/* The more there is, the more is made ready; preallocate asks for all of it at once. */
uint64_t log_allocate_step(const struct log *log)
{
	if (log->options.preallocate)
		return segment_limit(log);
	uint64_t part = round_up(segment_limit(log) / LOG_ALLOCATE_PARTS, DISK_BLOCK_BYTES);
	uint64_t first = min_u64(part, LOG_ALLOCATE_FIRST_BYTES);
	return min_u64(max_u64(log->allocated_bytes, first), LOG_ALLOCATE_STEP_BYTES);
}

static void allocate(struct log *log)
{
	uint64_t step = log_allocate_step(log), limit = segment_limit(log);
	/* A log nobody writes to needs no room. */
	if (!log->allocates || log->is_allocating || log->copied_bytes == 0 ||
	    log->allocated_bytes >= limit || log->position + step / 2 <= log->allocated_bytes)
		return;
	if (!log_service_has_room(log->service, 1)) {
		log->is_starved = true;
		return;
	}
	log->is_allocating = true;
	log->allocate_op = (struct disk_op){
		.kind = DISK_ALLOCATE,
		.offset = log->allocated_bytes,
		.size = min_u64(step, limit - log->allocated_bytes),
	};
	log->allocated_bytes += log->allocate_op.size;
	log_submit(log, log_segment_file(log, log->active, SEGMENT_LOG),
		   &log->allocate_op, LOG_TAG_ALLOCATE, log);
}

/* Never more than the segment holds already: a log that is hardly written to is hardly zeroed. */
static uint64_t zero_step(const struct log *log)
{
	const struct log_service *s = log->service;
	int64_t largest = s->small_write_bytes;
	if (log_service_disk_is_quick(s))
		largest *= LOG_ZERO_QUICK_WRITES;
	if (!log->allocates || log->is_allocating || log->position < s->small_write_bytes ||
	    log->write_bytes_mean > largest)
		return 0;
	uint64_t bytes = max_u64(LOG_ZERO_WRITES * (uint64_t)log->write_bytes_mean,
				 (uint64_t)LOG_ZERO_SMALL_WRITES * s->small_write_bytes);
	bytes = min_u64(min_u64(bytes, s->zeroes_bytes), log->position);
	return bytes / DISK_BLOCK_BYTES * DISK_BLOCK_BYTES;
}

static uint64_t zero_piece(const struct log *log)
{
	uint64_t bytes = LOG_ZERO_PIECE_WRITES * (uint64_t)log->write_bytes_mean;
	return max_u64(round_up(bytes, DISK_BLOCK_BYTES), LOG_ZERO_PIECE_BYTES);
}

static void zero(struct log *log)
{
	uint64_t step = zero_step(log);
	if (log->is_zeroing || step == 0)
		return;
	/* Behind all that is copied; what comes next and would touch it waits: may_write(). */
	uint64_t from = max_u64(log->zeroed_bytes, round_up(log->position, DISK_BLOCK_BYTES));
	if (log->zeroed_bytes < log->position + step / 2)
		log->zero_to = from + step;
	/* A log that was closed ends within a block, and so does what is allocated behind it. */
	uint64_t limit = log->allocated_bytes / DISK_BLOCK_BYTES * DISK_BLOCK_BYTES;
	uint64_t to = min_u64(min_u64(from + zero_piece(log), log->zero_to), limit);
	if (to <= from || !log_service_may_zero(log->service, to - from))
		return;
	if (!log_service_has_room(log->service, 1)) {
		log->is_starved = true;
		return;
	}
	log->is_zeroing = true;
	if (from > log->zeroed_bytes)
		log->zeroed_from = log->zeroes_synced = from;
	log->zeroed_bytes = to;
	log->zero_iov = (struct iovec){log->service->zeroes, to - from};
	log->zero_op = (struct disk_op){
		.kind = DISK_WRITE, .iov = &log->zero_iov, .iov_count = 1, .offset = from};
	log_submit(log, log_segment_file(log, log->active, SEGMENT_LOG), &log->zero_op,
		   LOG_TAG_ZERO, log);
	log_service_zeroed(log->service, to - from);
	stats_add(log->service->stats, STAT_log_zeroed_bytes, to - from);
}

/* Behind the end of a log that closes nothing is made ready: its file is cut there. */
void log_prepare_ahead(struct log *log)
{
	if (log->is_closing)
		return;
	allocate(log);
	zero(log);
}

/* No write has to wait for it then. */
static void make_zeroes_durable(struct log *log)
{
	if (!log->is_fenced && !log->is_committing_zeroes &&
	    log->zeroes_synced < log_zeroes_end(log))
		flush_group_join_zeroes(&log->service->flush, log);
}

uint64_t log_zeroes_end(const struct log *log)
{
	return log->is_zeroing ? log->zero_op.offset : log->zeroed_bytes;
}

bool log_has_zeroes(const struct log *log, const struct segment *s, uint64_t from, uint64_t to)
{
	return s == log->active && from >= log->zeroed_from && to <= log->zeroes_synced;
}

void log_allocate_done(struct log *log)
{
	log->is_allocating = false;
	/* No block ahead is no error: the write itself will tell. */
	log->allocates = log->allocates && log->allocate_op.result >= 0;
}

void log_zero_done(struct log *log)
{
	log->is_zeroing = false;
	if (log->zero_op.result != (int64_t)log->zero_iov.iov_len)
		log_fence(log, log_write_error(&log->zero_op));
	make_zeroes_durable(log);
}

void log_zeroes_commit(struct log *log)
{
	log->is_committing_zeroes = true;
	log->zeroes_committing = log_zeroes_end(log);
}

void log_zeroes_committed(struct log *log)
{
	log->is_committing_zeroes = false;
	if (log->is_fenced)
		return;
	log->zeroes_synced = max_u64(log->zeroes_synced, log->zeroes_committing);
	make_zeroes_durable(log);
}
