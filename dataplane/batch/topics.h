/* topics.h - the topics as pollers see them: a read-only snapshot, swapped whole by control.
 *
 *     control builds, publishes (release) ──▶ poller reads the pointer once a turn (acquire)
 *     control retires the old one when every poller has passed a quiescent state (rte_rcu_qsbr)
 *
 * Core: any may read during its turn; control builds and frees.
 */
#ifndef PENSTOCK_TOPICS_H
#define PENSTOCK_TOPICS_H

#include "config/settings_parts.h"
#include "dataplane/base/base.h"
#include "dataplane/handoff.h"

#include <stdatomic.h>

struct topic {
	char name[TOPIC_NAME_BYTES_MAX + 1];
	uint16_t name_bytes;
	uint8_t id[TOPIC_ID_BYTES]; /* KIP-516: stable, non-zero, new on re-creation */
	bool is_internal;      /* the broker's own: nobody produces to it */
	uint32_t partitions;
	uint64_t partitions_magic; /* of them, for remainder_of(); topics_build() sets it */
	struct topic_options options;
	struct log_options log;
	struct partition_ref *refs; /* by partition number */
};

/* Does a record of it have to have a key? */
static inline bool topic_is_compacted(const struct topic *t)
{
	return t->log.cleanup_policy & CLEANUP_COMPACT;
}

struct topics {
	uint64_t version;
	uint32_t count;
	uint32_t bucket_mask;
	struct topic *topics;
	/* Open addressing by XXH3 of the name, and of the id: topic index + 1, 0 empty. */
	uint32_t *by_name;
	uint32_t *by_id;
};

/* Copies `topics` (and their refs) into one allocation with its index. Core: control.
 * Null when there is no memory. */
struct topics *topics_build(const struct topic *topics, uint32_t count, uint64_t version);
void topics_free(struct topics *t);

const struct topic *topics_find(const struct topics *t, struct bytes name);
const struct topic *topics_find_id(const struct topics *t, const uint8_t id[TOPIC_ID_BYTES]);

/* The writer that serves a slot: fixed for the life of the process. */
static inline unsigned writer_of_slot(uint32_t slot, unsigned writers)
{
	return slot % writers;
}

#endif
