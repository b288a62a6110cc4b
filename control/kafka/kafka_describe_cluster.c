/* kafka_describe_cluster.c - DescribeCluster: one broker, this gateway, which is the controller
 * too. */
#include "control/kafka/kafka_handlers.h"

#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/authorized_operations.h"
#include "dataplane/wire/kafka/msg_describe_cluster.h"

static enum kafka_outcome refuse(struct kafka_request *r, int8_t endpoint_type)
{
	bool is_known = endpoint_type == DESCRIBE_CLUSTER_CONTROLLERS;
	struct describe_cluster_response answer = {
		.error_code = is_known ? KAFKA_ERROR_MISMATCHED_ENDPOINT_TYPE
				       : KAFKA_ERROR_UNSUPPORTED_ENDPOINT_TYPE,
		.error_message = kafka_text(is_known ? "this is a broker, not a controller alone"
						     : "there is no such type of endpoint"),
		.endpoint_type = DESCRIBE_CLUSTER_BROKERS,
		.controller_id = -1,
		.cluster_authorized_operations = AUTHORIZED_UNKNOWN};
	return kafka_request_answer(r, &describe_cluster_response, r->header.api_version, &answer);
}

enum kafka_outcome kafka_handle_describe_cluster(struct kafka_request *r)
{
	struct describe_cluster_request q;
	if (!kafka_request_decode(r, &describe_cluster_request, &q))
		return KAFKA_CLOSE;
	if (q.endpoint_type != DESCRIBE_CLUSTER_BROKERS)
		return refuse(r, q.endpoint_type);
	require(r->listener < LISTENERS_MAX);
	const struct kafka_api_listener *l = &r->options->listeners[r->listener];
	int32_t node = registry_node_id(r->options->registry);
	struct describe_cluster_broker broker = {
		.broker_id = node, .host = kafka_text(l->host), .port = l->port};
	struct describe_cluster_response answer = {
		.endpoint_type = DESCRIBE_CLUSTER_BROKERS,
		.cluster_id = kafka_text(registry_cluster_id(r->options->registry)),
		.controller_id = node,
		.brokers = {&broker, 1},
		.cluster_authorized_operations = authorized_if(
			q.include_cluster_authorized_operations, AUTHORIZED_CLUSTER)};
	return kafka_request_answer(r, &describe_cluster_response, r->header.api_version, &answer);
}
