/* msg_describe_cluster.c - the field tables of DescribeCluster. */
#include "dataplane/wire/kafka/msg_describe_cluster.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct describe_cluster_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, include_cluster_authorized_operations, BOOL),
	KAFKA_FIELD(M, endpoint_type, INT8, SINCE(1), .absent = DESCRIBE_CLUSTER_BROKERS),
	KAFKA_FIELD(M, include_fenced_brokers, BOOL, SINCE(2)),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message describe_cluster_request = {
	.name = "DescribeClusterRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DESCRIBE_CLUSTER};

#define M struct describe_cluster_broker
static const struct kafka_field broker_rows[] = {
	KAFKA_FIELD(M, broker_id, INT32),
	KAFKA_FIELD(M, host, STRING),
	KAFKA_FIELD(M, port, INT32),
	KAFKA_FIELD(M, rack, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, is_fenced, BOOL, SINCE(2)),
};
static const struct kafka_struct broker = KAFKA_STRUCT(M, broker_rows);
#undef M

#define M struct describe_cluster_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, error_message, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, endpoint_type, INT8, SINCE(1), .absent = DESCRIBE_CLUSTER_BROKERS),
	KAFKA_FIELD(M, cluster_id, STRING),
	KAFKA_FIELD(M, controller_id, INT32),
	KAFKA_FIELD(M, brokers, ARRAY, .of = &broker),
	KAFKA_FIELD(M, cluster_authorized_operations, INT32),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message describe_cluster_response = {
	.name = "DescribeClusterResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_DESCRIBE_CLUSTER};
