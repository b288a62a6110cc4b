/* log_swap.c - a segment of the cleaner's in, those that it stands for out of the way; see
 * log_swap.h and log_task.h. */
#include "dataplane/store/log/log_swap.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_damage.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_files.h"
#include "dataplane/store/log/log_scrub.h"
#include "dataplane/store/log/log_task.h"
#include "dataplane/store/log/log_trim.h"

/* ---- the ring -------------------------------------------------------------------------- */

/* Somebody writes to it, or will: it is not what the cleaner has read. */
static bool is_in_use(const struct log *log, const struct segment *s)
{
	return s == log->active || s == log->sealing || s == log->traits_segment ||
	       s == log->written_segment || s->swapped;
}

/* The place of the first of those that the swap stands for; -errno. */
static int64_t find_run(const struct log *log, const struct segment_swap *swap)
{
	const struct segment_ring *r = &log->segments;
	uint32_t rank = segment_ring_rank(r, swap->base_offset);
	uint32_t end = rank > 0 ? rank - 1 + swap->count : 0;
	if (swap->count == 0 || rank == 0 || end >= r->count ||
	    segment_ring_at(r, rank - 1)->base_offset != swap->base_offset ||
	    segment_ring_at(r, end)->base_offset != swap->end_offset)
		return -ESTALE;
	for (uint32_t i = rank - 1; i < end; i++)
		if (is_in_use(log, segment_ring_at(r, i)))
			return -EAGAIN;
	return rank - 1;
}

/* Its file is not the log's any more: what is known of places in it, and of blocks, is not true of
 * the one that will have its name. */
static void forget_places(struct log *log, const struct segment_swap *swap)
{
	for (unsigned i = 0; i < LOG_CURSORS; i++)
		if (log->cursors[i].base_offset >= swap->base_offset &&
		    log->cursors[i].base_offset < swap->end_offset)
			log->cursors[i] = (struct log_cursor){.offset = -1};
	log->number = log->service->logs_served++;
	log_damage_forget(log, swap->base_offset, swap->end_offset);
	log_scrub_swapped(log->service, log, swap->base_offset, swap->end_offset);
}

static void take_out(struct log *log, uint32_t first, uint32_t count)
{
	struct segment **at = &log->replaced;
	for (uint32_t i = first; i < first + count; i++) {
		struct segment *s = segment_ring_at(&log->segments, i);
		log->sealed_bytes -= s->size;
		s->swapped = SEGMENT_REPLACED;
		stats_add(log->service->stats, STAT_log_segments_compacted, 1);
		stats_add(log->service->stats, STAT_log_bytes_compacted, s->size);
		s->next = NULL;
		*at = s;
		at = &s->next;
	}
}

int log_swap(struct log *log, const struct segment_swap *swap)
{
	if (log->is_fenced || log->is_closing)
		return -EIO;
	if (log->incoming || log->service->swapping || segment_ring_is_full(&log->segments))
		return -EAGAIN;
	int64_t first = find_run(log, swap);
	if (first < 0)
		return (int)first;
	struct segment *s = segment_take(&log->segments);
	s->base_offset = swap->base_offset;
	s->size = swap->size;
	s->index_entries = swap->index_entries;
	s->swapped = (1u << SEGMENT_FILES) - 1;
	segment_note_time(s, swap->max_timestamp, swap->max_timestamp_offset);
	take_out(log, (uint32_t)first, swap->count);
	segment_ring_replace(&log->segments, (uint32_t)first, swap->count, s);
	log->sealed_bytes += s->size;
	stats_add(log->service->stats, STAT_log_bytes_compacted_to, s->size);
	forget_places(log, swap);
	if (log->max_timestamp_offset >= swap->base_offset &&
	    log->max_timestamp_offset < swap->end_offset)
		log_find_max_timestamp(log);
	log->incoming = segment_hold(s);
	log->service->swapping = log;
	log_touch(log);
	return 0;
}

bool log_swap_is_over(const struct log *log)
{
	return !log->incoming;
}

/* ---- the task -------------------------------------------------------------------------- */

/* A file that is being renamed is held open: nobody opens it by the wrong name. */
static void start_rename_old(struct log *log)
{
	struct log_service *service = log->service;
	struct segment *s = log->replaced;
	log->replaced = s->next;
	log->replacing = s;
	for (unsigned f = 0; f < SEGMENT_FILES; f++) {
		char *from = service->swap_paths[f], *to = service->swap_paths[SEGMENT_FILES + f];
		segment_path(from, FILE_PATH_BYTES_MAX, log->directory, s->base_offset, f);
		segment_deleted_path(to, FILE_PATH_BYTES_MAX, log->directory, s->base_offset, f);
		log_task_submit(log, &log->at_swap, log_segment_file(log, s, f),
				(struct disk_op){
					.kind = DISK_RENAME, .path = from, .path2 = to});
	}
}

static void start_next(struct log *log)
{
	log_trim_await(log, log->replacing);
	log->replacing = NULL;
	log_trim_look(log);
}

static void start_sync_names(struct log *log)
{
	log_task_submit(log, &log->at_swap, log_directory_file(log),
			(struct disk_op){.kind = DISK_SYNC, .flags = DISK_FLAG_DIRECTORY});
}

static void start_rename_new(struct log *log)
{
	struct log_service *service = log->service;
	struct segment *s = log->incoming;
	for (unsigned f = 0; f < SEGMENT_FILES; f++) {
		char *from = service->swap_paths[f], *to = service->swap_paths[SEGMENT_FILES + f];
		segment_swap_path(from, FILE_PATH_BYTES_MAX, log->directory, s->base_offset, f);
		segment_path(to, FILE_PATH_BYTES_MAX, log->directory, s->base_offset, f);
		log_task_submit(log, &log->at_swap, log_segment_file(log, s, f),
				(struct disk_op){
					.kind = DISK_RENAME, .path = from, .path2 = to});
	}
}

/* Over, or given up: what is left to do the next start does. */
static void end_swap(struct log *log)
{
	segment_let_go(&log->segments, log->incoming);
	log->incoming = NULL;
	log->service->swapping = NULL;
	log_trim_look(log);
}

static unsigned next_step(const struct log *log)
{
	bool is_left = log->is_closing || !log->incoming;
	switch ((enum log_swap_step)log->at_swap.step) {
	case LOG_SWAP_IDLE:
		return is_left ? LOG_SWAP_IDLE : LOG_SWAP_RENAME_OLD;
	case LOG_SWAP_RENAME_OLD:
		return LOG_SWAP_NEXT;
	case LOG_SWAP_NEXT:
		if (is_left)
			return LOG_SWAP_IDLE;
		return log->replaced ? LOG_SWAP_RENAME_OLD : LOG_SWAP_SYNC_NAMES;
	case LOG_SWAP_SYNC_NAMES:
		return is_left ? LOG_SWAP_IDLE : LOG_SWAP_RENAME_NEW;
	case LOG_SWAP_RENAME_NEW:
		break;
	}
	return LOG_SWAP_IDLE;
}

static void (*const starts[])(struct log *log) = {
	[LOG_SWAP_IDLE] = end_swap,
	[LOG_SWAP_RENAME_OLD] = start_rename_old,
	[LOG_SWAP_NEXT] = start_next,
	[LOG_SWAP_SYNC_NAMES] = start_sync_names,
	[LOG_SWAP_RENAME_NEW] = start_rename_new,
};

static const struct log_steps steps = {.next = next_step, .starts = starts};

/* A swap that had not begun when its log was fenced, or closed, is over all the same. */
static void give_up(struct log *log)
{
	if (log->incoming && log->at_swap.step == LOG_SWAP_IDLE &&
	    (log->is_fenced || log->is_closing))
		end_swap(log);
}

void log_swap_advance(struct log *log)
{
	log_task_end_fenced(log, &log->at_swap, &steps);
	give_up(log);
	log_task_advance(log, &log->at_swap, &steps);
}

/* What is gone already is as it was to be; the new one's files were there when the swap began. */
void log_swap_done(struct log *log, const struct disk_op *op)
{
	bool is_new = log->at_swap.step == LOG_SWAP_RENAME_NEW;
	uint8_t bit = (uint8_t)(1u << (op - log->at_swap.ops));
	log->at_swap.operations--;
	if (op->result < 0 && (is_new || op->result != -ENOENT))
		log_fence(log, (int)op->result);
	else if (op->kind == DISK_RENAME && is_new)
		log->incoming->swapped &= (uint8_t)~bit;
	else if (op->kind == DISK_RENAME)
		log->replacing->deleted |= bit;
}
