/* msg_offset_commit.h - OffsetCommit, versions 2 to 9: how far a group has read. From 10
 * on topics go by their ids.
 */
#ifndef PENSTOCK_MSG_OFFSET_COMMIT_H
#define PENSTOCK_MSG_OFFSET_COMMIT_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct offset_commit_request_partition {
	int32_t partition_index;
	int64_t committed_offset;
	int32_t committed_leader_epoch;  /* since 6 */
	struct bytes committed_metadata; /* the client's own */
};

struct offset_commit_request_topic {
	struct bytes name;
	kafka_array(struct offset_commit_request_partition) partitions;
};

struct offset_commit_request {
	struct bytes group_id;
	int32_t generation_id;          /* -1: of no generation */
	struct bytes member_id;
	struct bytes group_instance_id; /* since 7 */
	int64_t retention_time_ms;      /* up to 4; -1: the setting */
	kafka_array(struct offset_commit_request_topic) topics;
};

struct offset_commit_partition {
	int32_t partition_index;
	int16_t error_code;
};

struct offset_commit_topic {
	struct bytes name;
	kafka_array(struct offset_commit_partition) partitions;
};

struct offset_commit_response {
	int32_t throttle_time_ms;                       /* since 3 */
	kafka_array(struct offset_commit_topic) topics; /* the request's, in its order */
};

extern const struct kafka_message offset_commit_request;
extern const struct kafka_message offset_commit_response;

#endif
