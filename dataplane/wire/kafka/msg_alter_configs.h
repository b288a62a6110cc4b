/* msg_alter_configs.h - AlterConfigs, versions 0 to 2: all settings of topics and brokers anew. The
 * structs are IncrementalAlterConfigs', too.
 */
#ifndef PENSTOCK_MSG_ALTER_CONFIGS_H
#define PENSTOCK_MSG_ALTER_CONFIGS_H

#include "dataplane/wire/kafka/kafka_schema.h"

enum config_operation {
	CONFIG_SET,
	CONFIG_DELETE,
	CONFIG_APPEND,   /* to a list */
	CONFIG_SUBTRACT, /* from a list */
	CONFIG_OPERATIONS,
};

struct alter_configs_request_config {
	struct bytes name;
	int8_t config_operation; /* enum config_operation; IncrementalAlterConfigs only */
	struct bytes value;      /* may be null */
};

struct alter_configs_request_resource {
	int8_t resource_type; /* enum config_resource_type */
	struct bytes resource_name;
	kafka_array(struct alter_configs_request_config) configs;
};

struct alter_configs_request {
	kafka_array(struct alter_configs_request_resource) resources;
	bool validate_only;
};

struct alter_configs_result {
	int16_t error_code;
	struct bytes error_message; /* may be null */
	int8_t resource_type;
	struct bytes resource_name;
};

struct alter_configs_response {
	int32_t throttle_time_ms;
	kafka_array(struct alter_configs_result) responses;
};

extern const struct kafka_message alter_configs_request;
extern const struct kafka_message alter_configs_response;
extern const struct kafka_struct alter_configs_response_body;

#endif
