/* msg_describe_configs.c - the field tables of DescribeConfigs. */
#include "dataplane/wire/kafka/msg_describe_configs.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct describe_configs_request_resource
static const struct kafka_field resource_rows[] = {
	KAFKA_FIELD(M, resource_type, INT8),
	KAFKA_FIELD(M, resource_name, STRING),
	KAFKA_FIELD(M, configuration_keys, ARRAY, NULLABLE_SINCE(0), .of = &kafka_string_item),
};
static const struct kafka_struct resource = KAFKA_STRUCT(M, resource_rows);
#undef M

#define M struct describe_configs_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, resources, ARRAY, .of = &resource),
	KAFKA_FIELD(M, include_synonyms, BOOL, SINCE(1)),
	KAFKA_FIELD(M, include_documentation, BOOL, SINCE(3)),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message describe_configs_request = {
	.name = "DescribeConfigsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DESCRIBE_CONFIGS};

#define M struct describe_configs_synonym
static const struct kafka_field synonym_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, value, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, source, INT8),
};
static const struct kafka_struct synonym = KAFKA_STRUCT(M, synonym_rows);
#undef M

#define M struct describe_configs_config
static const struct kafka_field config_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, value, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, read_only, BOOL),
	KAFKA_FIELD(M, config_source, INT8, SINCE(1), .absent = -1),
	KAFKA_FIELD(M, is_sensitive, BOOL),
	KAFKA_FIELD(M, synonyms, ARRAY, SINCE(1), .of = &synonym),
	KAFKA_FIELD(M, config_type, INT8, SINCE(3)),
	KAFKA_FIELD(M, documentation, STRING, SINCE(3), NULLABLE_SINCE(3)),
};
static const struct kafka_struct config = KAFKA_STRUCT(M, config_rows);
#undef M

#define M struct describe_configs_result
static const struct kafka_field result_rows[] = {
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, error_message, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, resource_type, INT8),
	KAFKA_FIELD(M, resource_name, STRING),
	KAFKA_FIELD(M, configs, ARRAY, .of = &config),
};
static const struct kafka_struct result = KAFKA_STRUCT(M, result_rows);
#undef M

#define M struct describe_configs_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, results, ARRAY, .of = &result),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message describe_configs_response = {
	.name = "DescribeConfigsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DESCRIBE_CONFIGS};
