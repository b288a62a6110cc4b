/* reading.h - reads and watches on their way to writers, and the fetches that ask for them: their
 * memory, and the doors they leave by.
 *
 * Core: poller. Bound: HANDOFF_READS_MAX reads of each writer, one fetch of each session.
 */
#ifndef PENSTOCK_READING_H
#define PENSTOCK_READING_H

#include "dataplane/base/slab.h"

struct handoff;

struct reading {
	uint8_t poller;      /* reads and watches name their sender */
	unsigned writer_count;
	struct handoff *const *writers;
	struct slab reads;   /* struct read_msg */
	struct slab fetches; /* the protocol's */
};

#endif
