/* group_records.h - what __consumer_offsets holds: a record's key and value, as Kafka writes
 * them, so that its tools read ours and we read what it has left.
 *
 *     key    type 2 | group, topic, partition       0, 1: a committed offset
 *            type 2 | group                         2: a group
 *            type 2 | ...                           others (KIP-848): passed over
 *     value  version 2 | body                       none: it is forgotten
 *
 * Values are tables (kafka_schema.h) in versions 0 to 4; we write GROUP_RECORD_VERSION, which every
 * Kafka since 2.1 reads. Core: any; no state. Ownership: what is read points into the record, and
 * members into the arena.
 */
#ifndef PENSTOCK_GROUP_RECORDS_H
#define PENSTOCK_GROUP_RECORDS_H

#include "dataplane/wire/kafka/kafka_schema.h"

enum {
	GROUP_RECORD_VERSION = 3,
	GROUP_RECORD_VERSION_MAX = 4,
};

enum group_record_kind {
	GROUP_RECORD_OFFSET,
	GROUP_RECORD_GROUP,
	GROUP_RECORD_OTHER, /* of a kind that we do not keep */
	GROUP_RECORD_BROKEN,
};

struct group_record_key {
	struct bytes group;
	struct bytes topic; /* of an offset */
	int32_t partition;
};

struct offset_commit_value {
	int64_t offset;
	int32_t leader_epoch; /* since 3; -1: none */
	struct bytes metadata;
	int64_t commit_timestamp;
	int64_t expire_timestamp;          /* 1 only; -1: as its group's */
	uint8_t topic_id[KAFKA_UUID_BYTES]; /* since 4; zero: none */
};

struct group_metadata_member {
	struct bytes member_id;
	struct bytes group_instance_id; /* since 3; null: not static */
	struct bytes client_id;
	struct bytes client_host;
	int32_t rebalance_timeout; /* since 1; -1: as the session */
	int32_t session_timeout;
	struct bytes subscription;
	struct bytes assignment;
};

struct group_metadata_value {
	struct bytes protocol_type;
	int32_t generation;
	struct bytes protocol;           /* null: none */
	struct bytes leader;             /* null: none */
	int64_t current_state_timestamp; /* since 2; -1: not known */
	kafka_array(struct group_metadata_member) members;
};

extern const struct kafka_message offset_commit_value;
extern const struct kafka_message group_metadata_value;

enum group_record_kind group_record_key_read(struct bytes key, struct group_record_key *ret);
/* An offset's, or a group's. */
size_t group_record_key_size(enum group_record_kind kind, const struct group_record_key *key);
void group_record_key_emit(struct emitter *e, enum group_record_kind kind,
			   const struct group_record_key *key);

/* A value by its message; false: malformed, of a version that nobody knows, or too large for the
 * arena. */
bool group_record_value_read(const struct kafka_message *m, struct bytes value,
			     struct kafka_arena *arena, void *ret);
size_t group_record_value_size(const struct kafka_message *m, const void *value);
void group_record_value_emit(struct emitter *e, const struct kafka_message *m,
			     const void *value);

/* Which of `partitions` keeps the group: abs(id.hashCode()) of java.lang.String, in UTF-16. */
uint32_t group_record_partition(struct bytes group, uint32_t partitions);

#endif
