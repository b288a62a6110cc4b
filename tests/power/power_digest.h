/* power_digest.h - a log's content in one number: a CRC over its batches, from the first on.
 *
 *     sum(n) = CRC-32C of sum(n - 1), base offset, size and CRC of batch n
 *
 * Two logs that agree in `end` and `sum` hold the same batches at the same offsets. What was
 * promised before a power cut is one digest of each log; what is found afterwards has to pass
 * through it. Core: the program's; blocks.
 */
#ifndef PENSTOCK_POWER_DIGEST_H
#define PENSTOCK_POWER_DIGEST_H

#include "dataplane/store/disk/disk.h"
#include "dataplane/wire/record/record_batch.h"

struct digest {
	int64_t end; /* offset behind the last batch counted */
	uint32_t sum;
};

void digest_add(struct digest *d, const struct record_batch_header *h);

/* The batches of a partition's directory as they lie on disk, CRCs checked, to where they
 * stop; and those before offset `until` of them. -errno. */
int digest_read(struct disk *disk, const char *directory, int64_t until,
		struct digest *ret_until, struct digest *ret);

#endif
