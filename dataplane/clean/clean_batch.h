/* clean_batch.h - one batch of a compacted log: its keys into a map, or what is left of it by the
 * map.
 *
 *     batch ─ opened ─▶ records ─▶ keys ─▶ key_map
 *                          └─ clean_rule ─▶ those that stay ─ compressed ─▶ batch
 *
 * What is written anew has the codec, base offset, last offset delta, producer id, epoch and
 * sequence that it had: offsets do not change, and nobody who counts sequences sees a difference.
 * Records are copied as they lie, but for their time where the batch is given a delete horizon,
 * which stands where its base time stood. The latest time is that of the records that are left.
 *
 * A batch that cannot be opened, or opens to more than there is room for, or does not fit when it
 * is compressed anew (PACK_BATCH_BYTES_MAX), stays as it is, and its keys are not in the map. That
 * its CRC is right is for the caller to know.
 *
 * Core: whose it is, which may take its time. Memory: mapped at creation, touched as far as a batch
 * needs it, and given back by clean_work_rest().
 */
#ifndef PENSTOCK_CLEAN_BATCH_H
#define PENSTOCK_CLEAN_BATCH_H

#include "dataplane/clean/clean_rule.h"

enum {
	CLEAN_OPENED_BYTES_MAX = 128 << 20, /* header and records of one batch */
};

struct clean_work;

/* Null when there is no memory. */
struct clean_work *clean_work_create(void);
void clean_work_destroy(struct clean_work *w);
void clean_work_rest(struct clean_work *w);

/* The keys of a batch that lies in one piece. False: the map is full, and has some of them. */
bool clean_batch_keys(struct clean_work *w, const void *batch, struct key_map *map);

/* What becomes of it; `is_needed`: at least its header stays. *ret: what is left, the work's until
 * the next call, or the batch itself. */
enum clean_fate clean_batch(struct clean_work *w, const struct clean_rule *rule, const void *batch,
			    bool is_needed, struct bytes *ret);

#endif
