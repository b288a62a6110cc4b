/* msg_list_reassignments.h - ListPartitionReassignments, version 0: partitions that are on their
 * way to other brokers.
 */
#ifndef PENSTOCK_MSG_LIST_REASSIGNMENTS_H
#define PENSTOCK_MSG_LIST_REASSIGNMENTS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct list_reassignments_request_topic {
	struct bytes name;
	kafka_array(int32_t) partition_indexes;
};

struct list_reassignments_request {
	int32_t timeout_ms;
	kafka_array(struct list_reassignments_request_topic) topics; /* null: all */
};

struct list_reassignments_partition {
	int32_t partition_index;
	kafka_array(int32_t) replicas;
	kafka_array(int32_t) adding_replicas;
	kafka_array(int32_t) removing_replicas;
};

struct list_reassignments_topic {
	struct bytes name;
	kafka_array(struct list_reassignments_partition) partitions;
};

struct list_reassignments_response {
	int32_t throttle_time_ms;
	int16_t error_code;
	struct bytes error_message; /* may be null */
	kafka_array(struct list_reassignments_topic) topics;
};

extern const struct kafka_message list_reassignments_request;
extern const struct kafka_message list_reassignments_response;

#endif
