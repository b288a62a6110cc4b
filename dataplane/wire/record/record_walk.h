/* record_walk.h - do the records of an uncompressed batch fill it exactly, and which times do
 * they carry?
 *
 *     chain: [header | rec rec re]─▶[c rec rec]      records may straddle chunks
 *
 * Checked as a broker checks before it appends: as many records as the header claims, each as
 * long as it says, varints and sizes in range, no byte left over. Offset deltas are not
 * checked: Kafka does not either.
 *
 * Core: any; no state. Reads the chain in place.
 */
#ifndef PENSTOCK_RECORD_WALK_H
#define PENSTOCK_RECORD_WALK_H

#include "dataplane/wire/record/record_batch.h"

/* Kafka's mark for a record without a time. */
enum { RECORD_NO_TIMESTAMP = -1 };

struct record_times {
	int64_t earliest; /* of the records that have one */
	int64_t latest;
	bool any;
};

/* The latest time as a batch's header says it: of records that have none, or that lie before all
 * time, RECORD_NO_TIMESTAMP. */
static inline int64_t record_times_latest(const struct record_times *t)
{
	return t->any && t->latest > RECORD_NO_TIMESTAMP ? t->latest : RECORD_NO_TIMESTAMP;
}

/* False: the bytes are not what the header claims. */
bool record_walk(const struct chain *batch, const struct record_batch_header *h,
		 struct record_times *ret);

#endif
