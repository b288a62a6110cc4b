/* msg_create_partitions.h - CreatePartitions, versions 0 to 3: how many a topic shall have, and who
 * holds the new ones.
 */
#ifndef PENSTOCK_MSG_CREATE_PARTITIONS_H
#define PENSTOCK_MSG_CREATE_PARTITIONS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct create_partitions_assignment {
	kafka_array(int32_t) broker_ids;
};

struct create_partitions_topic {
	struct bytes name;
	int32_t count; /* in all */
	/* Of the new ones; null: as the broker likes. */
	kafka_array(struct create_partitions_assignment) assignments;
};

struct create_partitions_request {
	kafka_array(struct create_partitions_topic) topics;
	int32_t timeout_ms;
	bool validate_only;
};

struct create_partitions_result {
	struct bytes name;
	int16_t error_code;
	struct bytes error_message; /* may be null */
};

struct create_partitions_response {
	int32_t throttle_time_ms;
	kafka_array(struct create_partitions_result) results;
};

extern const struct kafka_message create_partitions_request;
extern const struct kafka_message create_partitions_response;

#endif
