/* log_producers.c - what a log's writer knows of its producers, in pieces, for whoever asks; see
 * log.h. */
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_private.h"

static struct producer_told told_of(const struct producer *p)
{
	const struct producer_batch *newest = producer_newest(p);
	return (struct producer_told){.id = p->id,
				      .timestamp = newest->timestamp,
				      .last_sequence = newest->last_sequence,
				      .epoch = p->epoch};
}

/* Producers come and go between two pieces. Where the one that the last piece ended with is gone,
 * nobody knows who came behind it, and the whole begins anew. */
void log_tell_producers(const struct log *log, struct producers_piece *piece)
{
	const struct producers *all = &log->service->producers;
	const struct producer *before =
		piece->after >= 0 ? producers_find(all, log->slot, piece->after) : NULL;
	const struct producer *p = before ? producers_after(all, before)
					  : producers_first(all, log->slot);
	piece->is_anew = !before;
	piece->count = 0;
	for (; p && piece->count < PRODUCERS_PIECE; p = producers_after(all, p))
		if (!producer_is_awaited(p))
			piece->told[piece->count++] = told_of(p);
	piece->is_last = !p;
}
