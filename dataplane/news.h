/* news.h - how far each partition can be read, published by its writer for those who ask often.
 *
 *     writer: log ─▶ news_write ─▶ page ─▶ news_read: a fetch that skips what has no news
 *
 * A page is one cache line behind a sequence lock; there is one for each partition slot. Whoever
 * was told of a record finds it in the page: it is written before completions are given back.
 *
 * Core: one writes a page, the writer that serves the slot; any may read it. Ownership: the pages
 * are control's, mapped at start.
 */
#ifndef PENSTOCK_NEWS_H
#define PENSTOCK_NEWS_H

#include "dataplane/base/base.h"
#include "dataplane/base/seqlock.h"

struct partition_news {
	int64_t high_watermark;
	int64_t log_start_offset;
	int64_t log_end_offset;
	uint64_t bytes;      /* of batches below the high watermark, since the log was opened */
	uint32_t generation; /* whose they are, of those that had the slot */
	uint16_t is_open;
	int16_t refusal;     /* one that is not: Kafka's error code for who reads it */
};

struct news_page {
	cache_aligned atomic_uint sequence;
	struct partition_news news;
};
static_assert(sizeof(struct news_page) == CACHE_LINE_BYTES, "a partition's line");
static_assert(sizeof(struct partition_news) % sizeof(seqlock_word) == 0, "copied by words");

static inline void news_write(struct news_page *page, const struct partition_news *news)
{
	seqlock_write(&page->sequence, &page->news, news, sizeof *news);
}

static inline void news_read(struct news_page *page, struct partition_news *ret)
{
	while (!seqlock_read(&page->sequence, &page->news, ret, sizeof *ret))
		continue;
}

#endif
