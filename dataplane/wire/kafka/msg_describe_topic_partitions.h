/* msg_describe_topic_partitions.h - DescribeTopicPartitions, version 0: topics page by page, in the
 * order of their names.
 */
#ifndef PENSTOCK_MSG_DESCRIBE_TOPIC_PARTITIONS_H
#define PENSTOCK_MSG_DESCRIBE_TOPIC_PARTITIONS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct describe_topic_partitions_name {
	struct bytes name;
};

/* Where a page begins. */
struct describe_topic_partitions_cursor {
	struct bytes topic_name;
	int32_t partition_index;
};

struct describe_topic_partitions_request {
	kafka_array(struct describe_topic_partitions_name) topics; /* none: all */
	int32_t response_partition_limit;
	kafka_array(struct describe_topic_partitions_cursor) cursor; /* none: from the first */
};

struct describe_topic_partitions_partition {
	int16_t error_code;
	int32_t partition_index;
	int32_t leader_id;
	int32_t leader_epoch;
	kafka_array(int32_t) replica_nodes;
	kafka_array(int32_t) isr_nodes;
	kafka_array(int32_t) eligible_leader_replicas;
	kafka_array(int32_t) last_known_elr;
	kafka_array(int32_t) offline_replicas;
};

struct describe_topic_partitions_topic {
	int16_t error_code;
	struct bytes name; /* may be null */
	uint8_t topic_id[KAFKA_UUID_BYTES];
	bool is_internal;
	kafka_array(struct describe_topic_partitions_partition) partitions;
	int32_t topic_authorized_operations;
};

struct describe_topic_partitions_response {
	int32_t throttle_time_ms;
	kafka_array(struct describe_topic_partitions_topic) topics;
	/* None: this was the last page. */
	kafka_array(struct describe_topic_partitions_cursor) next_cursor;
};

extern const struct kafka_message describe_topic_partitions_request;
extern const struct kafka_message describe_topic_partitions_response;

#endif
