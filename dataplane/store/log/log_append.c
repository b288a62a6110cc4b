/* log_append.c - batches in, offsets given, bytes copied into writes; see log_private.h and
 * log_append.h. */
#include "dataplane/store/log/log_append.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_answer.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_expire.h"
#include "dataplane/store/log/log_roll.h"
#include "dataplane/store/log/log_write.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/record/record_batch.h"

static int16_t append_check(const struct log *log, const struct append_msg *a,
			    const struct record_batch_header *h)
{
	if (log->is_fenced)
		return KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	if (a->bytes.size > log->options.message_bytes_max)
		return KAFKA_ERROR_MESSAGE_TOO_LARGE;
	if (a->bytes.size > log->options.segment_bytes)
		return KAFKA_ERROR_RECORD_LIST_TOO_LARGE;
	/* Offsets end somewhere: a log that came from elsewhere may be close. */
	if ((int64_t)be32_get(h->last_offset_delta) >= INT64_MAX - log->next_offset)
		return KAFKA_ERROR_INVALID_RECORD;
	if (log_service_take_room(log->service, a->bytes.size))
		return KAFKA_ERROR_NONE;
	stats_add(log->service->stats, STAT_log_refused_for_room, 1);
	return KAFKA_ERROR_KAFKA_STORAGE_ERROR;
}

/* What an idempotent producer sends: does it come next? A duplicate has its offsets from before. */
static int16_t sequence_check(struct log *log, struct append_msg *a,
			      const struct record_batch_header *h)
{
	struct log_service *s = log->service;
	struct producer_batch original;
	switch (producers_take(&s->producers, log->slot, h, s->now_ns, &original)) {
	case PRODUCER_NEXT:
		break;
	case PRODUCER_DUPLICATE:
		a->is_duplicate = true;
		a->base_offset = original.last_offset - original.offset_delta;
		a->last_offset = original.last_offset;
		a->log_append_time = original.timestamp;
		break;
	case PRODUCER_FENCED:
		return KAFKA_ERROR_INVALID_PRODUCER_EPOCH;
	case PRODUCER_OUT_OF_ORDER:
		return KAFKA_ERROR_OUT_OF_ORDER_SEQUENCE_NUMBER;
	}
	return KAFKA_ERROR_NONE;
}

/* The batch comes next: its offsets are set, those of its header, too. */
static void place(struct log *log, struct append_msg *a, struct record_batch_header *h)
{
	chain_patch(&a->bytes, 0, h, RECORD_BATCH_CRC_FROM);
	a->base_offset = log->next_offset;
	a->last_offset = record_batch_last_offset(h);
	require(a->last_offset >= a->base_offset);
	log->next_offset = a->last_offset + 1;
}

void log_append(struct log *log, struct append_msg *a)
{
	require(!log->is_closing && a->bytes.size >= RECORD_BATCH_HEADER_BYTES);
	log->service->unanswered++;
	struct record_batch_header h;
	chain_copy_out(&a->bytes, 0, &h, sizeof h);
	a->is_duplicate = false;
	a->base_offset = -1;
	a->log_start_offset = log->log_start_offset;
	a->error = append_check(log, a, &h);
	record_batch_place(&h, log->next_offset, 0);
	if (a->origin == APPEND_CLIENT && record_batch_has_producer(&h)) {
		if (a->error == KAFKA_ERROR_KAFKA_STORAGE_ERROR)
			producers_await(&log->service->producers, log->slot, &h,
					log->service->now_ns);
		else if (!a->error)
			a->error = sequence_check(log, a, &h);
	}
	if (a->error) {
		log->service->unanswered--;
		list_append(&log->service->appends, &a->node);
		return;
	}
	/* The poller has checked a client's batch, and built ours. */
	require(record_batch_bytes(&h) == (int64_t)a->bytes.size);
	if (!a->is_duplicate)
		place(log, a, &h);
	list_append(&log->queue, &a->node);
	log_touch(log);
}

/* One more buffer for the open write, or a first one for a new write; false: none now. */
static bool add_buffer(struct log *log)
{
	struct log_service *s = log->service;
	if (log->buffers_held >= s->buffers_per_log)
		return false;
	uint8_t *buffer = log_service_take_buffer(s);
	if (!buffer) {
		log->is_starved = true;
		return false;
	}
	if (!log->open)
		log_open_write(log, buffer);
	log->open->iov[log->open->buffers++].iov_base = buffer;
	log->buffers_held++;
	return true;
}

/* Room behind what the open write holds, or null: no buffer now. */
static uint8_t *write_room(struct log *log, uint32_t *ret_size)
{
	uint32_t buffer_bytes = log->service->buffer_bytes;
	struct log_write *w = log->open;
	bool is_full = w && w->bytes == w->buffers * buffer_bytes;
	if (is_full && (w->buffers == WRITE_BUFFERS_MAX ||
			w->bytes + buffer_bytes > WRITE_BYTES_MAX))
		log_close_write(log);
	if ((is_full || !w) && !add_buffer(log))
		return NULL;
	w = log->open;
	uint32_t used = w->bytes - (w->buffers - 1) * buffer_bytes;
	*ret_size = buffer_bytes - used;
	return (uint8_t *)w->iov[w->buffers - 1].iov_base + used;
}

/* Goes on with the first batch of the queue; false: out of buffers. */
static bool copy_batch(struct log *log)
{
	while (log->copy_chunk) {
		const struct chunk *c = log->copy_chunk;
		if (log->copy_at == c->len) {
			log->copy_chunk = c->next;
			log->copy_at = 0;
			continue;
		}
		uint32_t room;
		uint8_t *to = write_room(log, &room);
		if (!to)
			return false;
		uint32_t n = min_u32(room, c->len - log->copy_at);
		memcpy(to, chunk_at(c) + log->copy_at, n);
		log->copy_at += n;
		log->position += n;
		log->copied_bytes += n;
		log->open->bytes += n;
		log->open->copied_bytes = log->copied_bytes;
	}
	return true;
}

/* Kafka's bounds of a segment: its size and that of its indexes, 31 bits for positions and offsets
 * within it, and the time that lies between its records. */
static bool needs_roll(const struct log *log, const struct append_msg *a, int64_t timestamp)
{
	uint64_t end = log->end.position + a->bytes.size;
	if (log->end.position == 0)
		return false;
	return end > log->options.segment_bytes || end > INT32_MAX ||
	       a->last_offset - log->active->base_offset > INT32_MAX ||
	       index_is_full(&log->index, log->options.segment_index_bytes) ||
	       log_is_due_to_roll(log, timestamp);
}

/* May the batch's bytes follow now? Rolls first where it has to. */
static bool begin_batch(struct log *log, const struct append_msg *a)
{
	struct record_batch_header h;
	chain_copy_out(&a->bytes, 0, &h, sizeof h);
	int64_t timestamp = record_batch_max_timestamp(&h);
	if ((log->wants_roll || needs_roll(log, a, timestamp)) && !log_roll(log))
		return false;
	if (!index_has_room(&log->index))
		return false;
	if (log->end.position == 0)
		log->active_timestamp = timestamp;
	struct index_batch b = {
		.last_offset = a->last_offset,
		.max_timestamp = timestamp,
		.position = log->end.position,
		.size = a->bytes.size,
	};
	index_note(&log->index, &b, log->options.index_interval_bytes,
		   log->options.segment_index_bytes);
	if (b.max_timestamp > log->max_timestamp) {
		log->max_timestamp = b.max_timestamp;
		log->max_timestamp_offset = b.last_offset;
	}
	log->is_copying = true;
	log->copy_chunk = a->bytes.head;
	log->copy_at = 0;
	return true;
}

/* Only now does the write end behind it: a batch that is there in part is never `written`. */
static void end_batch(struct log *log, struct append_msg *a)
{
	log->is_copying = false;
	log->end.offset = a->last_offset + 1;
	log->end.position = log->position;
	log->open->end = log->end;
	list_remove(&a->node);
	log_await(log, a);
	stats_add(log->service->stats, STAT_log_bytes, a->bytes.size);
}

/* Offsets are given already: a batch that has to wait holds back those behind it. A duplicate has
 * waited for what it is one of, if that was not copied yet, and is not copied itself. */
void log_copy(struct log *log)
{
	log_roll_dead(log);
	while (!list_is_empty(&log->queue)) {
		struct append_msg *a = list_entry(log->queue.next, struct append_msg, node);
		if (a->is_duplicate) {
			list_remove(&a->node);
			log_await(log, a);
			continue;
		}
		if (!log->is_copying && !begin_batch(log, a))
			return;
		if (!copy_batch(log))
			return;
		end_batch(log, a);
	}
}
