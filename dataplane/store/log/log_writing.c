/* log_writing.c - writes to the disk, and back from it; see log_writing.h. */
#include "dataplane/store/log/log_writing.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_ahead.h"
#include "dataplane/store/log/log_answer.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_files.h"
#include "dataplane/store/log/log_recent.h"
#include "dataplane/store/log/log_traits.h"
#include "dataplane/store/log/log_write.h"

static bool write_is_partial(const struct log_write *w)
{
	return w->bytes % DISK_BLOCK_BYTES != 0;
}

static void submit_write(struct log *log, struct log_write *w)
{
	uint32_t left = (uint32_t)round_up(w->bytes, DISK_BLOCK_BYTES);
	for (unsigned i = 0; i < w->buffers; i++) {
		w->iov[i].iov_len = min_u32(left, log->service->buffer_bytes);
		left -= (uint32_t)w->iov[i].iov_len;
	}
	require(left == 0);
	w->op = (struct disk_op){
		.kind = DISK_WRITE,
		.iov = w->iov,
		.iov_count = w->buffers,
		.offset = w->position,
	};
	w->is_submitted = true;
	w->is_overwrite = log_has_zeroes(log, w->segment, w->position,
					 w->position + round_up(w->bytes, DISK_BLOCK_BYTES));
	w->is_awaited = w->is_overwrite && w->bytes <= log->service->small_write_bytes;
	log->service->flush.overwrites += w->is_awaited;
	w->submitted_ns = log->service->now_ns;
	log_service_write_begun(log->service, w->bytes);
	log->is_changed = true;
	log->mean_writes = min_u32(log->mean_writes + 1, LOG_MEAN_WRITES);
	log->write_bytes_mean += ((int64_t)w->bytes - log->write_bytes_mean) / log->mean_writes;
	if (write_is_partial(w))
		log->partial = w;
	log_submit(log, log_segment_file(log, w->segment, SEGMENT_LOG), &w->op,
		   LOG_TAG_WRITE, w);
	log_ask_traits(log, w->segment);
	stats_add(log->service->stats, STAT_log_writes, 1);
}

/* Zeroes that are on their way would come over it. */
static bool meets_zeroes(const struct log *log, const struct log_write *w)
{
	return log->is_zeroing && w->segment == log->active &&
	       w->position + w->bytes > log->zero_op.offset;
}

/* What is not synced may be torn anywhere: recovery takes no more than LOG_UNSYNCED_BYTES_MAX of
 * it for a torn tail. */
static bool may_write(struct log *log, const struct log_write *w)
{
	if (log->partial || w->copied_bytes - log->synced_bytes > LOG_UNSYNCED_BYTES_MAX ||
	    meets_zeroes(log, w))
		return false;
	if (log_service_may_write(log->service, w->bytes) &&
	    log_service_has_room(log->service, 1))
		return true;
	log->is_starved = true;
	return false;
}

/* A core that finds work in every turn gets more of it done with fewer, larger writes: what has
 * come stays open until its time is over or it is much, until the core has a moment to spare, or
 * until the log cannot go on without. */
static bool write_gathers(struct log *log, const struct log_write *w)
{
	struct log_service *s = log->service;
	bool is_needed = log->is_closing || log->wants_roll || !list_is_empty(&log->queue);
	if (!s->is_core_busy || !log_may_gather(log) || is_needed ||
	    w->bytes - w->front >= LOG_WRITE_GATHERED_BYTES)
		return false;
	if (!log_deadline_is_set(&log->write_due))
		log_deadline_set(&log->write_due, &s->write_dues, LOG_WRITE_DELAY_NS);
	return log->write_due.at_ns > s->now_ns;
}

void log_submit_writes(struct log *log)
{
	for (struct list *node = log->writes.next; node != &log->writes; node = node->next) {
		struct log_write *w = list_entry(node, struct log_write, node);
		if (w->is_submitted)
			continue;
		if (!may_write(log, w))
			return;
		submit_write(log, w);
	}
	if (!log->open || log->open->bytes == log->open->front)
		return;
	/* What came meanwhile goes as one: the open write is closed when it is sent. */
	struct log_write *w = log->open;
	if (!may_write(log, w) || write_gathers(log, w))
		return;
	log_deadline_clear(&log->write_due);
	log_close_write(log);
	submit_write(log, w);
}

/* A file without its name would not be found after a crash. Only the active one has none. */
static bool write_is_unnamed(const struct log *log, const struct log_write *w)
{
	return log->is_unnamed && w->segment == log->active;
}

/* The segment that the next sync is for. */
static void note_written_segment(struct log *log, struct segment *s)
{
	if (s == log->written_segment)
		return;
	segment_let_go(&log->segments, log->written_segment);
	log->written_segment = segment_hold(s);
}

void log_settle(struct log *log)
{
	while (!list_is_empty(&log->writes)) {
		struct log_write *w = list_entry(log->writes.next, struct log_write, node);
		if (!w->is_done || write_is_unnamed(log, w))
			break;
		log->written_bytes = w->copied_bytes;
		log->written = w->end;
		note_written_segment(log, w->segment);
		if (!w->is_overwrite)
			log->new_bytes = w->copied_bytes;
		log_give_write(w);
	}
	log_answer(log, ACK_WRITTEN, log_mark(log, ACK_WRITTEN));
}

static void settle_write(struct log *log, const struct log_write *w)
{
	log_keep_recent(log, w);
	log_settle(log);
}

void log_write_done(struct log_write *w)
{
	struct log *log = w->log;
	int64_t expected = (int64_t)round_up(w->bytes, DISK_BLOCK_BYTES);
	w->is_done = true;
	log->service->flush.overwrites -= w->is_awaited;
	log_service_write_done(log->service, w->bytes, log->service->now_ns - w->submitted_ns);
	if (log->partial == w)
		log->partial = NULL;
	if (log->is_fenced)
		log_give_write(w);
	else if (w->op.result != expected)
		log_fence(log, log_write_error(&w->op));
	else
		settle_write(log, w);
}
