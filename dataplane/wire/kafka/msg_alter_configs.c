/* msg_alter_configs.c - the field tables of AlterConfigs. */
#include "dataplane/wire/kafka/msg_alter_configs.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct alter_configs_request_config
static const struct kafka_field config_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, config_operation, INT8, SINCE(UINT8_MAX), .absent = CONFIG_SET),
	KAFKA_FIELD(M, value, STRING, NULLABLE_SINCE(0)),
};
static const struct kafka_struct config = KAFKA_STRUCT(M, config_rows);
#undef M

#define M struct alter_configs_request_resource
static const struct kafka_field resource_rows[] = {
	KAFKA_FIELD(M, resource_type, INT8),
	KAFKA_FIELD(M, resource_name, STRING),
	KAFKA_FIELD(M, configs, ARRAY, .of = &config),
};
static const struct kafka_struct resource = KAFKA_STRUCT(M, resource_rows);
#undef M

#define M struct alter_configs_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, resources, ARRAY, .of = &resource),
	KAFKA_FIELD(M, validate_only, BOOL),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message alter_configs_request = {
	.name = "AlterConfigsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_ALTER_CONFIGS};

#define M struct alter_configs_result
static const struct kafka_field result_rows[] = {
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, error_message, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, resource_type, INT8),
	KAFKA_FIELD(M, resource_name, STRING),
};
static const struct kafka_struct result = KAFKA_STRUCT(M, result_rows);
#undef M

#define M struct alter_configs_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, responses, ARRAY, .of = &result),
};
const struct kafka_struct alter_configs_response_body = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message alter_configs_response = {
	.name = "AlterConfigsResponse", .body = &alter_configs_response_body,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_ALTER_CONFIGS};
