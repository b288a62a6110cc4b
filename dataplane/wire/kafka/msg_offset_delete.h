/* msg_offset_delete.h - OffsetDelete, version 0: a group forgets how far it has read.
 */
#ifndef PENSTOCK_MSG_OFFSET_DELETE_H
#define PENSTOCK_MSG_OFFSET_DELETE_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct offset_delete_request_partition {
	int32_t partition_index;
};

struct offset_delete_request_topic {
	struct bytes name;
	kafka_array(struct offset_delete_request_partition) partitions;
};

struct offset_delete_request {
	struct bytes group_id;
	kafka_array(struct offset_delete_request_topic) topics;
};

struct offset_delete_partition {
	int32_t partition_index;
	int16_t error_code;
};

struct offset_delete_topic {
	struct bytes name;
	kafka_array(struct offset_delete_partition) partitions;
};

struct offset_delete_response {
	int16_t error_code;
	int32_t throttle_time_ms;
	kafka_array(struct offset_delete_topic) topics;
};

extern const struct kafka_message offset_delete_request;
extern const struct kafka_message offset_delete_response;

#endif
