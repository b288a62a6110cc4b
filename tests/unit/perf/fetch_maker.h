/* fetch_maker.h - batches and partitions in, the bytes of a Fetch answer of version 11 out: the
 * target's side of consumers' tests, by the tables of dataplane/wire/kafka, which the generator
 * does not use to read them. */
#ifndef PENSTOCK_TESTS_FETCH_MAKER_H
#define PENSTOCK_TESTS_FETCH_MAKER_H

#include "dataplane/wire/record/record_batch.h"

enum { FETCH_MAKER_BYTES = 64 << 10 };

struct fetch_maker {
	struct emitter e;
	uint8_t *count_at, *records_at; /* of the topic; of the partition */
	uint32_t partitions;
	uint8_t bytes[FETCH_MAKER_BYTES];
};

/* An answer about topic "perf". */
void fetch_maker_begin(struct fetch_maker *m, uint32_t correlation, int16_t error,
		       uint32_t session_id);
void fetch_maker_partition(struct fetch_maker *m, uint32_t partition, int16_t error,
			   int64_t high_watermark);
/* A batch of the partition that was begun last: records of 20 bytes from `first` on. */
void fetch_maker_batch(struct fetch_maker *m, int64_t first, uint32_t records);
struct bytes fetch_maker_end(struct fetch_maker *m);

#endif
