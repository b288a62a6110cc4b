/* msg_metadata.h - Metadata, versions 0 to 13: brokers, topics, and who leads a partition.
 *
 * Which topics are asked for depends on the version: in 0 an empty list means all, later a
 * null list means all and an empty one none. From 12 on a topic may be asked for by its id,
 * then its name is null.
 */
#ifndef PENSTOCK_MSG_METADATA_H
#define PENSTOCK_MSG_METADATA_H

#include "dataplane/wire/kafka/authorized_operations.h"
#include "dataplane/wire/kafka/kafka_schema.h"

struct metadata_request_topic {
	uint8_t topic_id[KAFKA_UUID_BYTES]; /* since 10; zero: asked by name */
	struct bytes name;                  /* null since 10: asked by id */
};

struct metadata_request {
	kafka_array(struct metadata_request_topic) topics;
	bool allow_auto_topic_creation;             /* since 4, always true before */
	bool include_cluster_authorized_operations; /* 8 to 10 */
	bool include_topic_authorized_operations;   /* since 8 */
};

struct metadata_broker {
	int32_t node_id;
	struct bytes host;
	int32_t port;
	struct bytes rack; /* since 1 */
};

struct metadata_partition {
	int16_t error_code;
	int32_t partition_index;
	int32_t leader_id;
	int32_t leader_epoch; /* since 7 */
	kafka_array(int32_t) replica_nodes;
	kafka_array(int32_t) isr_nodes;
	kafka_array(int32_t) offline_replicas; /* since 5 */
};

struct metadata_topic {
	int16_t error_code;
	struct bytes name;                  /* null since 12: asked by an id nobody has */
	uint8_t topic_id[KAFKA_UUID_BYTES]; /* since 10 */
	bool is_internal;                   /* since 1 */
	kafka_array(struct metadata_partition) partitions;
	int32_t topic_authorized_operations; /* since 8 */
};

struct metadata_response {
	int32_t throttle_time_ms; /* since 3 */
	kafka_array(struct metadata_broker) brokers;
	struct bytes cluster_id; /* since 2 */
	int32_t controller_id;   /* since 1 */
	kafka_array(struct metadata_topic) topics;
	int32_t cluster_authorized_operations; /* 8 to 10 */
	int16_t error_code;      /* since 13: of the whole request */
};

extern const struct kafka_message metadata_request;
extern const struct kafka_message metadata_response;

#endif
