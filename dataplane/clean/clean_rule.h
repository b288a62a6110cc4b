/* clean_rule.h - what of a compacted log stays: one record, one batch.
 *
 *     a record       behind what the map knows                     stays
 *                    without a key                                 goes
 *                    of a key that comes again later               goes
 *                    without a value (a tombstone), at its time    goes
 *                    any other                                     stays
 *
 *     a batch        of a transaction, or a control batch          as it is
 *                    all of whose records stay                     as it is, but for a horizon
 *                    some of whose records stay                    written anew
 *                    none of whose records stays: it is needed     empty: its header alone
 *                                                 it is not        gone
 *
 * A tombstone's time is `delete.retention.ms` after the round that met it first: who reads along
 * has so long to learn of it. That round writes the time down, as the delete horizon of its batch,
 * in Kafka's way. Needed is the last batch of a producer, by which a start knows its sequence, and
 * the last one of a file, which says where the next one begins.
 *
 * What transactions wrote stays, with the markers that say how each ended: whether it was aborted
 * is not known here, and a record that was aborted must not take away the one before it.
 *
 * Core: any. Pure.
 */
#ifndef PENSTOCK_CLEAN_RULE_H
#define PENSTOCK_CLEAN_RULE_H

#include "dataplane/clean/key_map.h"
#include "dataplane/wire/record/record_batch.h"

struct clean_rule {
	const struct key_map *map;
	int64_t map_end; /* the map knows offsets below */
	int64_t now_ms;
	int64_t delete_retention_ms;
};

/* What becomes of a batch. */
enum clean_fate {
	CLEAN_KEPT, /* byte for byte */
	CLEAN_REWRITTEN,
	CLEAN_EMPTIED,
	CLEAN_GONE,
};

/* What was found of a batch's records. */
struct clean_count {
	uint32_t kept;
	uint32_t tombstones; /* of those kept, whose time is to be written down */
};

enum { CLEAN_NO_HORIZON = -1 };

/* Until when its tombstones stay; CLEAN_NO_HORIZON: that was not written down yet. */
static inline int64_t clean_horizon(const struct record_batch_header *h)
{
	bool has = be16_get(h->attributes) & RECORD_BATCH_DELETE_HORIZON;
	return has ? (int64_t)be64_get(h->base_timestamp) : CLEAN_NO_HORIZON;
}

/* Are its records none of the map's business? */
static inline bool clean_is_foreign(const struct record_batch_header *h)
{
	return be16_get(h->attributes) & (RECORD_BATCH_TRANSACTIONAL | RECORD_BATCH_CONTROL);
}

/* Does the record stay? `horizon`: its batch's. Counts it. */
bool clean_record_stays(const struct clean_rule *rule, int64_t horizon, int64_t offset,
			const struct record_view *r, struct clean_count *count);
/* Of a batch that is not foreign. */
enum clean_fate clean_fate(const struct record_batch_header *h, const struct clean_count *count,
			   bool is_needed);

#endif
