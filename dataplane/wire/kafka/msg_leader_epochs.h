/* msg_leader_epochs.h - OffsetForLeaderEpoch, versions 2 to 4: where the records of a leader end.
 */
#ifndef PENSTOCK_MSG_LEADER_EPOCHS_H
#define PENSTOCK_MSG_LEADER_EPOCHS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct leader_epochs_request_partition {
	int32_t partition;
	int32_t current_leader_epoch; /* -1: not checked */
	int32_t leader_epoch; /* whose end is asked for */
};

struct leader_epochs_request_topic {
	struct bytes topic;
	kafka_array(struct leader_epochs_request_partition) partitions;
};

struct leader_epochs_request {
	int32_t replica_id; /* since 3; a client says -1 or -2 */
	kafka_array(struct leader_epochs_request_topic) topics;
};

struct leader_epochs_partition {
	int16_t error_code;
	int32_t partition;
	int32_t leader_epoch; /* -1: none that old */
	int64_t end_offset; /* -1: likewise */
};

struct leader_epochs_topic {
	struct bytes topic;
	kafka_array(struct leader_epochs_partition) partitions;
};

struct leader_epochs_response {
	int32_t throttle_time_ms;
	kafka_array(struct leader_epochs_topic) topics;
};

extern const struct kafka_message leader_epochs_request;
extern const struct kafka_message leader_epochs_response;

#endif
