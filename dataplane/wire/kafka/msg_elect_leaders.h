/* msg_elect_leaders.h - ElectLeaders, versions 0 to 2: partitions that shall have the
 * leader they should have.
 */
#ifndef PENSTOCK_MSG_ELECT_LEADERS_H
#define PENSTOCK_MSG_ELECT_LEADERS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct elect_leaders_request_topic {
	struct bytes topic;
	kafka_array(int32_t) partitions;
};

struct elect_leaders_request {
	int8_t election_type; /* since 1; 0: the preferred one, 1: any */
	kafka_array(struct elect_leaders_request_topic) topic_partitions; /* null: all */
	int32_t timeout_ms;
};

struct elect_leaders_partition {
	int32_t partition_id;
	int16_t error_code;
	struct bytes error_message; /* may be null */
};

struct elect_leaders_topic {
	struct bytes topic;
	kafka_array(struct elect_leaders_partition) partition_result;
};

struct elect_leaders_response {
	int32_t throttle_time_ms;
	int16_t error_code; /* since 1 */
	kafka_array(struct elect_leaders_topic) replica_election_results;
};

extern const struct kafka_message elect_leaders_request;
extern const struct kafka_message elect_leaders_response;

#endif
