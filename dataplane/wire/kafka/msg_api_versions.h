/* msg_api_versions.h - ApiVersions, versions 0 to 4: which requests a broker takes.
 *
 * The first request of every connection. Its answer is the only one whose header has no
 * tagged fields in any version, and whose oldest layout every client can read: that is how
 * two sides that share no version still come to terms.
 */
#ifndef PENSTOCK_MSG_API_VERSIONS_H
#define PENSTOCK_MSG_API_VERSIONS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct api_versions_request {
	struct bytes client_software_name;    /* since 3 */
	struct bytes client_software_version; /* since 3 */
};

struct api_versions_key {
	int16_t api_key;
	int16_t min_version;
	int16_t max_version;
};

struct api_versions_feature {
	struct bytes name;
	int16_t min_version;
	int16_t max_version;
};

struct api_versions_finalized {
	struct bytes name;
	int16_t max_version_level;
	int16_t min_version_level;
};

/* Features are tagged fields of version 3. A broker that finalizes none makes the Java
 * client keep to the transaction protocol before KIP-890. */
struct api_versions_response {
	int16_t error_code;
	kafka_array(struct api_versions_key) api_keys;
	int32_t throttle_time_ms; /* since 1 */
	kafka_array(struct api_versions_feature) supported_features;
	int64_t finalized_features_epoch; /* -1: none are finalized */
	kafka_array(struct api_versions_finalized) finalized_features;
};

extern const struct kafka_message api_versions_request;
extern const struct kafka_message api_versions_response;

#endif
