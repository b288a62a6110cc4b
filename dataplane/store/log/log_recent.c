/* log_recent.c - writes that are done in, their blocks copied; reads in, blocks copied out; see
 * log_recent.h. */
#include "dataplane/store/log/log_recent.h"
#include "dataplane/store/log/log_search.h"

void log_follow(struct log *log)
{
	log->followed_until_ns = log->service->now_ns + LOG_FOLLOWED_NS;
}

static struct recent_key key_of(const struct log *log, const struct segment *s, uint64_t position)
{
	return (struct recent_key){.log = log->number,
				   .base_offset = s->base_offset,
				   .block = position / DISK_BLOCK_BYTES};
}

/* A watch is somebody who waits. */
static bool is_followed(const struct log *log)
{
	return log->followed_until_ns > log->service->now_ns || !list_is_empty(&log->watches);
}

/* The block that it begins with may be here from before, shorter. */
void log_keep_recent(struct log *log, const struct log_write *w)
{
	struct log_service *service = log->service;
	if (!is_followed(log)) {
		if (w->front == 0)
			return;
		struct recent_key first = key_of(log, w->segment, w->position);
		recent_renew(&service->recent, &first, w->iov[0].iov_base);
		return;
	}
	for (uint32_t at = 0; at < w->bytes; at += DISK_BLOCK_BYTES) {
		struct recent_key key = key_of(log, w->segment, w->position + at);
		const uint8_t *buffer = w->iov[at / service->buffer_bytes].iov_base;
		recent_put(&service->recent, &key, buffer + at % service->buffer_bytes);
	}
}

bool log_is_recent(const struct log *log, int64_t offset)
{
	uint64_t position;
	const struct segment *s = segment_ring_find(&log->segments, offset);
	if (!log_search_cursor(log, s, offset, &position))
		return false;
	struct recent_key key = key_of(log, s, position);
	return recent_has(&log->service->recent, &key);
}

bool log_read_recent(struct log_reading *r)
{
	struct recent *recent = &r->log->service->recent;
	for (unsigned i = 0; i < r->op.iov_count; i++) {
		uint64_t position = r->op.offset + (uint64_t)i * DISK_BLOCK_BYTES;
		struct recent_key key = key_of(r->log, r->segment, position);
		if (!recent_get(recent, &key, r->iov[i].iov_base))
			return false;
	}
	r->op.result = (int64_t)r->op.iov_count * DISK_BLOCK_BYTES;
	return true;
}
