/* msg_delete_records.h - DeleteRecords, versions 0 to 2: where logs shall start.
 */
#ifndef PENSTOCK_MSG_DELETE_RECORDS_H
#define PENSTOCK_MSG_DELETE_RECORDS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct delete_records_request_partition {
	int32_t partition_index;
	int64_t offset; /* -1: the high watermark */
};

struct delete_records_request_topic {
	struct bytes name;
	kafka_array(struct delete_records_request_partition) partitions;
};

struct delete_records_request {
	kafka_array(struct delete_records_request_topic) topics;
	int32_t timeout_ms;
};

struct delete_records_partition {
	int32_t partition_index;
	int64_t low_watermark; /* -1: there was an error */
	int16_t error_code;
};

struct delete_records_topic {
	struct bytes name;
	kafka_array(struct delete_records_partition) partitions;
};

struct delete_records_response {
	int32_t throttle_time_ms;
	kafka_array(struct delete_records_topic) topics;
};

extern const struct kafka_message delete_records_request;
extern const struct kafka_message delete_records_response;

#endif
