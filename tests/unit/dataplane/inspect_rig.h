/* inspect_rig.h - for tests: batches as producers compress them, in chains as a poller lends them.
 */
#ifndef PENSTOCK_INSPECT_RIG_H
#define PENSTOCK_INSPECT_RIG_H

#include "dataplane/handoff.h"
#include "dataplane/wire/record/record_batch.h"

/* What a batch holds, and what its header says of it. */
struct batch_spec {
	enum record_codec codec;
	unsigned records;
	size_t value_bytes; /* of each */
	uint8_t noise;      /* 0: values are zeroes; else some bytes in 256 are random */
	int64_t base_time;  /* record i is of base_time + i */
	int64_t claimed_time;   /* 0: the latest record's */
	uint32_t claimed_count; /* 0: as many as there are */
	unsigned offset_step;   /* 0: 1, as it should be */
	unsigned keyed;         /* the first so many records have a key */
};

/* Header and uncompressed records; to be freed. */
uint8_t *batch_records(const struct batch_spec *s, size_t *ret_size);
/* The stream alone, to be freed: Snappy as one raw block. */
uint8_t *batch_stream(enum record_codec codec, struct bytes records, size_t *ret_size);

/* An append of the whole batch for partition `slot`, in chunks of the pool. */
struct append_msg *append_make(struct chunk_pool *pool, const struct batch_spec *s,
			       uint32_t slot);
/* The same of a header and any stream. */
struct append_msg *append_of_stream(struct chunk_pool *pool, const struct batch_spec *s,
				    struct bytes stream, uint32_t slot);
void append_free(struct append_msg *a);
/* Is the batch whole, with its CRC? */
bool append_is_whole(const struct append_msg *a);

#endif
