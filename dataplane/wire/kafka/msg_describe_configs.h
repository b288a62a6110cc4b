/* msg_describe_configs.h - DescribeConfigs, versions 1 to 4: settings of topics and brokers.
 */
#ifndef PENSTOCK_MSG_DESCRIBE_CONFIGS_H
#define PENSTOCK_MSG_DESCRIBE_CONFIGS_H

#include "dataplane/wire/kafka/kafka_schema.h"

/* What settings may be of; the numbers are the same in all three APIs. */
enum config_resource_type {
	CONFIG_RESOURCE_TOPIC = 2,
	CONFIG_RESOURCE_BROKER = 4,
};

struct describe_configs_request_resource {
	int8_t resource_type;
	struct bytes resource_name;
	kafka_array(struct bytes) configuration_keys; /* null: all */
};

struct describe_configs_request {
	kafka_array(struct describe_configs_request_resource) resources;
	bool include_synonyms;
	bool include_documentation;
};

struct describe_configs_synonym {
	struct bytes name;
	struct bytes value; /* may be null */
	int8_t source;
};

struct describe_configs_config {
	struct bytes name;
	struct bytes value; /* may be null */
	bool read_only;
	int8_t config_source; /* enum setting_source */
	bool is_sensitive;
	kafka_array(struct describe_configs_synonym) synonyms;
	int8_t config_type;         /* enum setting_kind */
	struct bytes documentation; /* may be null */
};

struct describe_configs_result {
	int16_t error_code;
	struct bytes error_message; /* may be null */
	int8_t resource_type;
	struct bytes resource_name;
	kafka_array(struct describe_configs_config) configs;
};

struct describe_configs_response {
	int32_t throttle_time_ms;
	kafka_array(struct describe_configs_result) results;
};

extern const struct kafka_message describe_configs_request;
extern const struct kafka_message describe_configs_response;

#endif
