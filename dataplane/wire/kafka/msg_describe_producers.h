/* msg_describe_producers.h - DescribeProducers, version 0: who writes to partitions (KIP-664).
 */
#ifndef PENSTOCK_MSG_DESCRIBE_PRODUCERS_H
#define PENSTOCK_MSG_DESCRIBE_PRODUCERS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct describe_producers_request_topic {
	struct bytes name;
	kafka_array(int32_t) partition_indexes;
};

struct describe_producers_request {
	kafka_array(struct describe_producers_request_topic) topics;
};

struct describe_producers_producer {
	int64_t producer_id;
	int32_t producer_epoch;
	int32_t last_sequence;
	int64_t last_timestamp;
	int32_t coordinator_epoch;
	int64_t current_txn_start_offset; /* -1: nothing is under way */
};

struct describe_producers_partition {
	int32_t partition_index;
	int16_t error_code;
	struct bytes error_message; /* may be null */
	kafka_array(struct describe_producers_producer) active_producers;
};

struct describe_producers_topic {
	struct bytes name;
	kafka_array(struct describe_producers_partition) partitions;
};

struct describe_producers_response {
	int32_t throttle_time_ms;
	kafka_array(struct describe_producers_topic) topics;
};

extern const struct kafka_message describe_producers_request;
extern const struct kafka_message describe_producers_response;

#endif
