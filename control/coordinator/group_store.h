/* group_store.h - groups and commits to records of __consumer_offsets, and back.
 *
 *     group_store_settle:    groups_unwritten ─▶ record ─▶ offsets_log ─▶ groups_written
 *     group_store_apply:     a durable batch ─▶ groups_commit, groups_forget_offset
 *                            a stored one at the start: groups_restore, too
 *
 * Core: coordinator.
 */
#ifndef PENSTOCK_GROUP_STORE_H
#define PENSTOCK_GROUP_STORE_H

#include "control/coordinator/group_service.h"
#include "dataplane/wire/kafka/group_records.h"

/* Adds a record of an offset, or of its end (null value). There is room. `scratch`: for its
 * bytes. False: they do not fit there. */
bool group_store_offset(struct group_service *s, struct offsets_partition *p,
			struct kafka_arena scratch, const struct group_record_key *key,
			const struct offset_commit_value *value);
/* The most such a record takes. */
size_t group_store_offset_bytes(const struct group_record_key *key,
				const struct offset_commit_value *value);

/* What the last call to the groups has decided: answers go, and states that have changed to their
 * partitions' batches. An answer points into its group until the next call: it goes before that. */
void group_store_settle(struct group_service *s);

/* The batch is durable, or has failed: its waiters hear of it. */
void group_store_back(struct group_service *s, struct append_msg *append);

/* What the records of a batch, in one piece, say of groups; of their states only if
 * `with_states`. False: some could not be kept, for want of memory. */
bool group_store_apply(struct group_service *s, struct bytes batch, struct kafka_arena arena,
		       bool with_states);

/* Frees who waits for batches; nobody answers any more. */
void group_store_forget(struct group_service *s);

#endif
