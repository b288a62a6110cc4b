/* record_walk.h - do the records of a batch fill it exactly, and which times do they carry?
 *
 *     chain: [header | rec rec re]─▶[c rec rec]      records may straddle chunks
 *     pieces of an opened stream:  [rec re] [c rec] ...  and pieces
 *
 * Checked as a broker checks before it appends: as many records as the header claims, each as
 * long as it says, varints and sizes in range, no byte left over. Offset deltas are checked where
 * the caller asks for it, 0 and up one by one: Kafka does so for compressed batches only.
 *
 * Core: any; the state is the caller's. Reads in place, and keeps nothing of a piece. Bounded by
 * the bytes there are: a count or a size that lies costs no loop.
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

/* A walk that goes on piece by piece. */
struct record_walk {
	uint64_t base_timestamp;
	uint32_t count;     /* as claimed */
	uint32_t seen;      /* records read to their end, but for `skip` */
	bool asks_offsets;
	bool is_bad;
	bool has_keyless;   /* where keys are looked at: a record had none; */
	uint32_t keyless;   /* which was the first */
	uint8_t field;      /* enum walk_field: what comes next */
	uint8_t varint_bytes;
	uint64_t varint;    /* what has come of one, and of how many bytes */
	uint64_t skip;      /* bytes of a key or value that are still to come */
	uint64_t left;      /* bytes of the record that no field has claimed yet */
	uint64_t headers;   /* of it, to come */
	int64_t timestamp;  /* of it */
	struct record_times times;
};

void record_walk_begin(struct record_walk *w, const struct record_batch_header *h,
		       bool asks_offsets);
/* False: wrong, and the rest need not be shown. */
bool record_walk_take(struct record_walk *w, struct bytes piece);
/* The same, slower; looks for records without a key. */
bool record_walk_take_keys(struct record_walk *w, struct bytes piece);
/* All pieces were shown: were they what the header claims? */
bool record_walk_is_whole(const struct record_walk *w);

/* The latest time as a batch's header says it: of records that have none, or that lie before all
 * time, RECORD_NO_TIMESTAMP. */
static inline int64_t record_times_latest(const struct record_times *t)
{
	return t->any && t->latest > RECORD_NO_TIMESTAMP ? t->latest : RECORD_NO_TIMESTAMP;
}

/* The whole of an uncompressed batch; false: the bytes are not what the header claims. */
bool record_walk_batch(const struct chain *batch, const struct record_batch_header *h,
		       struct record_times *ret);
/* Of one that is whole: has a record no key? *ret: the number of the first. */
bool record_walk_find_keyless(const struct chain *batch, const struct record_batch_header *h,
			      uint32_t *ret);
/* Of one of which some record's time lies outside: the number of the first. */
uint32_t record_walk_find(const struct chain *batch, const struct record_batch_header *h,
			  int64_t time_min, int64_t time_max);

#endif
