/* msg_api_versions.c - the field tables of ApiVersions. */
#include "dataplane/wire/kafka/msg_api_versions.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct api_versions_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, client_software_name, STRING, SINCE(3)),
	KAFKA_FIELD(M, client_software_version, STRING, SINCE(3)),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message api_versions_request = {
	.name = "ApiVersionsRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_API_VERSIONS};

#define M struct api_versions_key
static const struct kafka_field key_rows[] = {
	KAFKA_FIELD(M, api_key, INT16),
	KAFKA_FIELD(M, min_version, INT16),
	KAFKA_FIELD(M, max_version, INT16),
};
static const struct kafka_struct key = KAFKA_STRUCT(M, key_rows);
#undef M

#define M struct api_versions_feature
static const struct kafka_field feature_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, min_version, INT16),
	KAFKA_FIELD(M, max_version, INT16),
};
static const struct kafka_struct feature = KAFKA_STRUCT(M, feature_rows);
#undef M

/* The higher level comes first here, unlike a supported feature's versions: so it is in Kafka's
 * own table. */
#define M struct api_versions_finalized
static const struct kafka_field finalized_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, max_version_level, INT16),
	KAFKA_FIELD(M, min_version_level, INT16),
};
static const struct kafka_struct finalized = KAFKA_STRUCT(M, finalized_rows);
#undef M

#define M struct api_versions_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, api_keys, ARRAY, .of = &key),
	KAFKA_FIELD(M, throttle_time_ms, INT32, SINCE(1)),
	KAFKA_FIELD(M, supported_features, ARRAY, SINCE(3), TAGGED(0), .of = &feature),
	KAFKA_FIELD(M, finalized_features_epoch, INT64, SINCE(3), TAGGED(1), .absent = -1),
	KAFKA_FIELD(M, finalized_features, ARRAY, SINCE(3), TAGGED(2), .of = &finalized),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message api_versions_response = {
	.name = "ApiVersionsResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_API_VERSIONS};
