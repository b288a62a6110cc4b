/* msg_create_topics.h - CreateTopics, versions 2 to 7: topics by name, each with its partitions or
 * with who holds them, and its settings.
 */
#ifndef PENSTOCK_MSG_CREATE_TOPICS_H
#define PENSTOCK_MSG_CREATE_TOPICS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct create_topics_assignment {
	int32_t partition_index;
	kafka_array(int32_t) broker_ids;
};

struct create_topics_config {
	struct bytes name;
	struct bytes value; /* may be null */
};

struct create_topics_request_topic {
	struct bytes name;
	int32_t num_partitions;     /* -1: the broker's default, or there are assignments */
	int16_t replication_factor; /* likewise */
	kafka_array(struct create_topics_assignment) assignments;
	kafka_array(struct create_topics_config) configs;
};

struct create_topics_request {
	kafka_array(struct create_topics_request_topic) topics;
	int32_t timeout_ms;
	bool validate_only;
};

struct create_topics_setting {
	struct bytes name;
	struct bytes value; /* may be null */
	bool read_only;
	int8_t config_source; /* enum setting_source */
	bool is_sensitive;
};

struct create_topics_topic {
	struct bytes name;
	uint8_t topic_id[KAFKA_UUID_BYTES]; /* since 7 */
	int16_t error_code;
	struct bytes error_message; /* may be null */
	int16_t topic_config_error_code; /* since 5: why there are no settings */
	int32_t num_partitions;          /* since 5 */
	int16_t replication_factor;      /* since 5 */
	kafka_array(struct create_topics_setting) configs; /* since 5 */
};

struct create_topics_response {
	int32_t throttle_time_ms;
	kafka_array(struct create_topics_topic) topics;
};

extern const struct kafka_message create_topics_request;
extern const struct kafka_message create_topics_response;

#endif
