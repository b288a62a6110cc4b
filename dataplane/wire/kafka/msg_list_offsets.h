/* msg_list_offsets.h - ListOffsets, versions 1 to 11: the offset that belongs to a time.
 *
 * Version 0 (several offsets per partition) is left out, as in every broker since 4.0.
 */
#ifndef PENSTOCK_MSG_LIST_OFFSETS_H
#define PENSTOCK_MSG_LIST_OFFSETS_H

#include "dataplane/wire/kafka/kafka_schema.h"

/* Times that are none. */
enum {
	LIST_OFFSETS_LATEST = -1,
	LIST_OFFSETS_EARLIEST = -2,
	LIST_OFFSETS_MAX_TIMESTAMP = -3, /* since 7 */
	LIST_OFFSETS_EARLIEST_LOCAL = -4, /* since 8: what lies here, and not in a remote tier */
	LIST_OFFSETS_LATEST_TIERED = -5, /* since 9: the last that lies there */
	LIST_OFFSETS_EARLIEST_PENDING_UPLOAD = -6, /* since 11: the first that does not yet */

	LIST_OFFSETS_READ_COMMITTED = 1,
};

struct list_offsets_request_partition {
	int32_t partition_index;
	int32_t current_leader_epoch; /* since 4; -1: not checked */
	int64_t timestamp;
};

struct list_offsets_request_topic {
	struct bytes name;
	kafka_array(struct list_offsets_request_partition) partitions;
};

struct list_offsets_request {
	int32_t replica_id;
	int8_t isolation_level; /* since 2 */
	kafka_array(struct list_offsets_request_topic) topics;
	int32_t timeout_ms; /* since 10: for what lies in a remote tier */
};

struct list_offsets_partition {
	int32_t partition_index;
	int16_t error_code;
	int64_t timestamp; /* of the record found; -1: none, or asked without a time */
	int64_t offset;    /* -1: no such record */
	int32_t leader_epoch; /* since 4 */
};

struct list_offsets_topic {
	struct bytes name;
	kafka_array(struct list_offsets_partition) partitions;
};

struct list_offsets_response {
	int32_t throttle_time_ms; /* since 2 */
	kafka_array(struct list_offsets_topic) topics;
};

extern const struct kafka_message list_offsets_request;
extern const struct kafka_message list_offsets_response;

#endif
