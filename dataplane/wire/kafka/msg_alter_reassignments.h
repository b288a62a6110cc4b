/* msg_alter_reassignments.h - AlterPartitionReassignments, versions 0 and 1: who
 * shall hold partitions.
 */
#ifndef PENSTOCK_MSG_ALTER_REASSIGNMENTS_H
#define PENSTOCK_MSG_ALTER_REASSIGNMENTS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct alter_reassignments_request_partition {
	int32_t partition_index;
	kafka_array(int32_t) replicas; /* null: what is under way is given up */
};

struct alter_reassignments_request_topic {
	struct bytes name;
	kafka_array(struct alter_reassignments_request_partition) partitions;
};

struct alter_reassignments_request {
	int32_t timeout_ms;
	bool allow_replication_factor_change; /* since 1 */
	kafka_array(struct alter_reassignments_request_topic) topics;
};

struct alter_reassignments_partition {
	int32_t partition_index;
	int16_t error_code;
	struct bytes error_message; /* may be null */
};

struct alter_reassignments_topic {
	struct bytes name;
	kafka_array(struct alter_reassignments_partition) partitions;
};

struct alter_reassignments_response {
	int32_t throttle_time_ms;
	bool allow_replication_factor_change; /* since 1 */
	int16_t error_code;
	struct bytes error_message; /* may be null */
	kafka_array(struct alter_reassignments_topic) responses;
};

extern const struct kafka_message alter_reassignments_request;
extern const struct kafka_message alter_reassignments_response;

#endif
