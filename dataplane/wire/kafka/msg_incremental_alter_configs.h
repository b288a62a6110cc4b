/* msg_incremental_alter_configs.h - IncrementalAlterConfigs, versions 0 and 1: single settings of
 * topics and brokers. The answer is AlterConfigs' (struct alter_configs_response).
 */
#ifndef PENSTOCK_MSG_INCREMENTAL_ALTER_CONFIGS_H
#define PENSTOCK_MSG_INCREMENTAL_ALTER_CONFIGS_H

#include "dataplane/wire/kafka/msg_alter_configs.h"

enum config_operation {
	CONFIG_SET,
	CONFIG_DELETE,
	CONFIG_APPEND,   /* to a list */
	CONFIG_SUBTRACT, /* from a list */
	CONFIG_OPERATIONS,
};

struct incremental_alter_configs_request_config {
	struct bytes name;
	int8_t config_operation; /* enum config_operation */
	struct bytes value;      /* may be null */
};

struct incremental_alter_configs_request_resource {
	int8_t resource_type; /* enum config_resource_type */
	struct bytes resource_name;
	kafka_array(struct incremental_alter_configs_request_config) configs;
};

struct incremental_alter_configs_request {
	kafka_array(struct incremental_alter_configs_request_resource) resources;
	bool validate_only;
};

extern const struct kafka_message incremental_alter_configs_request;
extern const struct kafka_message incremental_alter_configs_response;

#endif
