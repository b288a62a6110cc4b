/* reading.h - reads and watches on their way to writers, and the fetches that ask for them: their
 * memory, and the doors they leave by.
 *
 * Core: poller. Bound: HANDOFF_READS_MAX reads for each writer, one fetch of each session.
 */
#ifndef PENSTOCK_READING_H
#define PENSTOCK_READING_H

#include "dataplane/base/chunk.h"
#include "dataplane/base/list.h"
#include "dataplane/base/slab.h"
#include "dataplane/session/halves.h"

struct fetch_mark;
struct fetch_sessions;
struct handoff;
struct news_page;

struct reading {
	uint8_t poller;      /* reads and watches name their sender */
	unsigned writer_count;
	struct handoff *const *writers;
	struct news_page *news; /* by partition slot: what there is to read */
	struct slab reads;   /* struct read_msg */
	struct slab lists;   /* struct read_list: as many */
	struct slab fetches; /* the protocol's */
	struct chunk_pool parts; /* CHUNK_PARTS_BYTES: their partitions and topics' names */
	struct list large;   /* fetches of many partitions that are parked, oldest first */
	struct list waking;  /* struct lane.waking: their watches are back, oldest first */
	struct halves halves; /* large ones whose request is not whole */
	uint32_t steps_left; /* of this turn's, for fetches of many parts */
	struct fetch_mark *marks; /* by partition slot: a list's partitions, of this */
	uint64_t round;
	struct fetch_sessions *sessions; /* what consumers read again and again; null: nothing */
};

/* Nobody asks. */
static inline void reading_init(struct reading *rd)
{
	list_init(&rd->large);
	list_init(&rd->waking);
	halves_init(&rd->halves);
}

#endif
