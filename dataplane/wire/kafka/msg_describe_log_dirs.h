/* msg_describe_log_dirs.h - DescribeLogDirs, versions 1 to 4: what lies in the log directory.
 */
#ifndef PENSTOCK_MSG_DESCRIBE_LOG_DIRS_H
#define PENSTOCK_MSG_DESCRIBE_LOG_DIRS_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct describe_log_dirs_request_topic {
	struct bytes topic;
	kafka_array(int32_t) partitions;
};

struct describe_log_dirs_request {
	kafka_array(struct describe_log_dirs_request_topic) topics; /* null: all */
};

struct describe_log_dirs_partition {
	int32_t partition_index;
	int64_t partition_size;
	int64_t offset_lag;
	bool is_future_key;
};

struct describe_log_dirs_topic {
	struct bytes name;
	kafka_array(struct describe_log_dirs_partition) partitions;
};

struct describe_log_dirs_result {
	int16_t error_code;
	struct bytes log_dir;
	kafka_array(struct describe_log_dirs_topic) topics;
	int64_t total_bytes; /* since 4; of the file system; -1: not known */
	int64_t usable_bytes; /* since 4; likewise */
};

struct describe_log_dirs_response {
	int32_t throttle_time_ms;
	int16_t error_code; /* since 3 */
	kafka_array(struct describe_log_dirs_result) results;
};

extern const struct kafka_message describe_log_dirs_request;
extern const struct kafka_message describe_log_dirs_response;

#endif
