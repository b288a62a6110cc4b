/* kafka_dir.h - a partition's directory as Kafka leaves it, made by hand: segments of batches
 * whose offsets have gaps, and indexes of any bytes.
 *
 *     static const struct kafka_batch batches[] = {{.base = 3, .records = {3}}, ...};
 *     kafka_segment(r, 0, batches, array_len(batches));
 */
#ifndef PENSTOCK_TESTS_KAFKA_DIR_H
#define PENSTOCK_TESTS_KAFKA_DIR_H

#include "tests/unit/store/log/log_rig.h"

enum { KAFKA_RECORDS_MAX = 8, KAFKA_VALUE_BYTES = 100, KAFKA_TIME = 1700000000 };

/* Offsets base to last, of which only `count` have a record still. */
struct kafka_batch {
	int64_t base;
	int64_t last;
	unsigned count;
	int32_t deltas[KAFKA_RECORDS_MAX]; /* of the records that are left */
};

/* Makes the directory and its leader-epoch-checkpoint. */
void kafka_directory(const struct rig *r);
/* Bytes of the batch; `out` has room for 4096. Its time is KAFKA_TIME + base. */
size_t kafka_batch_build(uint8_t *out, const struct kafka_batch *b);
/* BASE.log with these batches; returns its size. */
size_t kafka_segment(const struct rig *r, int64_t base, const struct kafka_batch *batches,
		     unsigned count);
/* BASE<ending> with these bytes. */
void kafka_file(const struct rig *r, int64_t base, const char *ending, const void *data,
		size_t size);

#endif
