/* msg_metadata.c - the field tables of Metadata. */
#include "dataplane/wire/kafka/msg_metadata.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct metadata_request_topic
static const struct kafka_field request_topic_rows[] = {
	KAFKA_FIELD(M, topic_id, UUID, SINCE(10)),
	KAFKA_FIELD(M, name, STRING, NULLABLE_SINCE(10)),
};
static const struct kafka_struct request_topic = KAFKA_STRUCT(M, request_topic_rows);
#undef M

/* Before version 4 every request may have its topics created. Since 11 what may be done to the
 * cluster is asked of DescribeCluster (KIP-700). */
#define M struct metadata_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, topics, ARRAY, NULLABLE_SINCE(1), .of = &request_topic),
	KAFKA_FIELD(M, allow_auto_topic_creation, BOOL, SINCE(4), .absent = true),
	KAFKA_FIELD(M, include_cluster_authorized_operations, BOOL, SINCE(8), GONE_SINCE(11)),
	KAFKA_FIELD(M, include_topic_authorized_operations, BOOL, SINCE(8)),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message metadata_request = {
	.name = "MetadataRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_METADATA};

#define M struct metadata_broker
static const struct kafka_field broker_rows[] = {
	KAFKA_FIELD(M, node_id, INT32),
	KAFKA_FIELD(M, host, STRING),
	KAFKA_FIELD(M, port, INT32),
	KAFKA_FIELD(M, rack, STRING, SINCE(1), NULLABLE_SINCE(1)),
};
static const struct kafka_struct broker = KAFKA_STRUCT(M, broker_rows);
#undef M

#define M struct metadata_partition
static const struct kafka_field partition_rows[] = {
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, leader_id, INT32),
	KAFKA_FIELD(M, leader_epoch, INT32, SINCE(7), .absent = -1),
	KAFKA_FIELD(M, replica_nodes, ARRAY, .of = &kafka_int32_item),
	KAFKA_FIELD(M, isr_nodes, ARRAY, .of = &kafka_int32_item),
	KAFKA_FIELD(M, offline_replicas, ARRAY, SINCE(5), .of = &kafka_int32_item),
};
static const struct kafka_struct partition = KAFKA_STRUCT(M, partition_rows);
#undef M

#define M struct metadata_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, name, STRING, NULLABLE_SINCE(12)),
	KAFKA_FIELD(M, topic_id, UUID, SINCE(10)),
	KAFKA_FIELD(M, is_internal, BOOL, SINCE(1)),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &partition),
	KAFKA_FIELD(M, topic_authorized_operations, INT32, SINCE(8),
		    .absent = AUTHORIZED_UNKNOWN),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct metadata_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32, SINCE(3)),
	KAFKA_FIELD(M, brokers, ARRAY, .of = &broker),
	KAFKA_FIELD(M, cluster_id, STRING, SINCE(2), NULLABLE_SINCE(2)),
	KAFKA_FIELD(M, controller_id, INT32, SINCE(1), .absent = -1),
	KAFKA_FIELD(M, topics, ARRAY, .of = &topic),
	KAFKA_FIELD(M, cluster_authorized_operations, INT32, SINCE(8), GONE_SINCE(11),
		    .absent = AUTHORIZED_UNKNOWN),
	KAFKA_FIELD(M, error_code, INT16, SINCE(13)),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message metadata_response = {
	.name = "MetadataResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_METADATA};
