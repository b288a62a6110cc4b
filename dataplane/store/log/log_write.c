/* log_write.c - a write of a log: opened, closed, given back; see log_write.h. */
#include "dataplane/store/log/log_write.h"
#include "dataplane/base/require.h"

void log_open_write(struct log *log, uint8_t *buffer)
{
	struct log_write *w = slab_take(&log->service->writes);
	require(w);
	w->log = log;
	w->buffers = 0;
	w->segment = segment_hold(log->active);
	w->front = (uint32_t)(log->position % DISK_BLOCK_BYTES);
	w->position = log->position - w->front;
	w->bytes = w->front;
	w->copied_bytes = log->copied_bytes;
	w->end = log->end;
	list_init(&w->node);
	memcpy(buffer, log->tail, w->front);
	log->open = w;
}

/* The block that the next write begins with is kept in the log: the buffer is given back when this
 * write is done. Behind the last batch go zeroes, not what lay in the buffer before. */
void log_close_write(struct log *log)
{
	struct log_write *w = log->open;
	uint32_t buffer_bytes = log->service->buffer_bytes;
	uint32_t behind = w->bytes % DISK_BLOCK_BYTES;
	if (behind > 0) {
		uint8_t *buffer = w->iov[w->buffers - 1].iov_base;
		uint8_t *block = buffer + (w->bytes - behind) % buffer_bytes;
		memset(block + behind, 0, DISK_BLOCK_BYTES - behind);
		memcpy(log->tail, block, behind);
	}
	list_append(&log->writes, &w->node);
	log->open = NULL;
}

void log_give_write(struct log_write *w)
{
	struct log *log = w->log;
	for (unsigned i = 0; i < w->buffers; i++)
		log_service_give_buffer(log->service, w->iov[i].iov_base);
	log->buffers_held -= w->buffers;
	segment_let_go(&log->segments, w->segment);
	list_remove(&w->node);
	slab_give(&log->service->writes, w);
}

void log_drop_writes(struct log *log)
{
	if (log->open)
		log_close_write(log);
	for (struct list *node = log->writes.next, *next; node != &log->writes; node = next) {
		next = node->next;
		struct log_write *w = list_entry(node, struct log_write, node);
		if (!w->is_submitted || w->is_done)
			log_give_write(w);
	}
}
