/* msg_describe_cluster.h - DescribeCluster, versions 0 to 2: the brokers, and who they are
 * together.
 */
#ifndef PENSTOCK_MSG_DESCRIBE_CLUSTER_H
#define PENSTOCK_MSG_DESCRIBE_CLUSTER_H

#include "dataplane/wire/kafka/kafka_schema.h"

/* Whose addresses are asked for. */
enum { DESCRIBE_CLUSTER_BROKERS = 1, DESCRIBE_CLUSTER_CONTROLLERS = 2 };

struct describe_cluster_request {
	bool include_cluster_authorized_operations;
	int8_t endpoint_type; /* since 1 */
	bool include_fenced_brokers; /* since 2 */
};

struct describe_cluster_broker {
	int32_t broker_id;
	struct bytes host;
	int32_t port;
	struct bytes rack; /* may be null */
	bool is_fenced; /* since 2 */
};

struct describe_cluster_response {
	int32_t throttle_time_ms;
	int16_t error_code;
	struct bytes error_message; /* may be null */
	int8_t endpoint_type; /* since 1 */
	struct bytes cluster_id;
	int32_t controller_id;
	kafka_array(struct describe_cluster_broker) brokers;
	int32_t cluster_authorized_operations;
};

extern const struct kafka_message describe_cluster_request;
extern const struct kafka_message describe_cluster_response;

#endif
