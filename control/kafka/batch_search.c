/* batch_search.c - one batch in, its first record at or after a time out. */
#include "control/kafka/batch_search.h"

#include "control/kafka/record_inflate.h"
#include "dataplane/base/clock.h"

#include <stdlib.h>

/* Opening takes from one allowance of time for a whole request, or many partitions' batches
 * would keep control from everybody else. */
bool batch_can_be_opened(const struct offset_query *q, const struct record_batch_header *h)
{
	return record_batch_codec(h) == RECORD_CODEC_NONE || *q->open_ns_left > 0;
}

/* Stands for all its records: whoever reads from its first offset misses none, and its newest
 * time is no older than what was asked for. */
struct offset_found batch_unopened(const struct offset_query *q,
				   const struct record_batch_header *h)
{
	int64_t base = record_batch_base_offset(h);
	return (struct offset_found){.offset = base > q->from ? base : q->from,
				     .timestamp = record_batch_max_timestamp(h)};
}

/* True when the records decide: found, or all seen and none fits. */
static bool search_records(const struct offset_query *q, const struct record_batch_header *h,
			   struct record_iterator it, struct offset_found *ret)
{
	int64_t base_time = (int64_t)be64_get(h->base_timestamp);
	struct record_view r;
	while (record_next(&it, &r)) {
		int64_t time, offset = record_batch_base_offset(h) + r.offset_delta;
		if (__builtin_add_overflow(base_time, r.timestamp_delta, &time))
			return false;
		if (time < q->timestamp || offset < q->from)
			continue;
		*ret = (struct offset_found){.offset = offset, .timestamp = time};
		return true;
	}
	return !it.at.bad && it.left == 0;
}

/* The header again, with the records behind it as they were before compression. */
static bool search_compressed(const struct offset_query *q, const uint8_t *batch, size_t size,
			      struct offset_found *ret)
{
	const struct record_batch_header *h = record_batch_header_of(batch);
	size_t room = min_u64(record_batch_open_bytes_max(size), LOOKUP_RECORDS_BYTES_MAX);
	uint8_t *open = malloc(RECORD_BATCH_HEADER_BYTES + room);
	if (!open)
		return false;
	uint64_t began_ns = clock_now_ns();
	struct bytes stream = {batch + RECORD_BATCH_HEADER_BYTES,
			       size - RECORD_BATCH_HEADER_BYTES};
	int64_t bytes = record_inflate(record_batch_codec(h), stream,
				       open + RECORD_BATCH_HEADER_BYTES, room,
				       began_ns + *q->open_ns_left);
	memcpy(open, batch, RECORD_BATCH_HEADER_BYTES);
	bool is_decided = bytes >= 0 &&
			  search_records(q, h,
					 record_iterate(open, RECORD_BATCH_HEADER_BYTES +
								      (size_t)bytes),
					 ret);
	free(open);
	*q->open_ns_left -= min_u64(clock_now_ns() - began_ns, *q->open_ns_left);
	return is_decided;
}

bool batch_search(const struct offset_query *q, const uint8_t *batch, size_t size,
		  struct offset_found *ret)
{
	const struct record_batch_header *h = record_batch_header_of(batch);
	*ret = (struct offset_found){.offset = -1, .timestamp = -1};
	bool is_decided = false;
	/* LogAppendTime: every record has the batch's time. */
	if (!(be16_get(h->attributes) & RECORD_BATCH_LOG_APPEND_TIME)) {
		if (record_batch_codec(h) == RECORD_CODEC_NONE)
			is_decided = search_records(q, h, record_iterate(batch, size), ret);
		else
			is_decided = search_compressed(q, batch, size, ret);
	}
	if (!is_decided)
		*ret = batch_unopened(q, h);
	return ret->offset >= 0;
}
