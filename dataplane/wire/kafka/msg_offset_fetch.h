/* msg_offset_fetch.h - OffsetFetch, versions 1 to 9: how far groups have read. Up to 7 one
 * group and the answer at the top, from 8 on a list of groups (KIP-709). Null topics are
 * all that the group has.
 */
#ifndef PENSTOCK_MSG_OFFSET_FETCH_H
#define PENSTOCK_MSG_OFFSET_FETCH_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct offset_fetch_request_topic {
	struct bytes name;
	kafka_array(int32_t) partition_indexes;
};

struct offset_fetch_request_group {
	struct bytes group_id;
	struct bytes member_id; /* since 9 */
	int32_t member_epoch;   /* since 9 */
	kafka_array(struct offset_fetch_request_topic) topics;
};

struct offset_fetch_request {
	struct bytes group_id;                                 /* up to 7 */
	kafka_array(struct offset_fetch_request_topic) topics; /* up to 7; null since 2 */
	kafka_array(struct offset_fetch_request_group) groups; /* since 8 */
	bool require_stable;                                   /* since 7: KIP-447 */
};

struct offset_fetch_partition {
	int32_t partition_index;
	int64_t committed_offset;       /* -1: none */
	int32_t committed_leader_epoch; /* since 5 */
	struct bytes metadata;
	int16_t error_code;
};

struct offset_fetch_topic {
	struct bytes name;
	kafka_array(struct offset_fetch_partition) partitions;
};

struct offset_fetch_group {
	struct bytes group_id;
	kafka_array(struct offset_fetch_topic) topics;
	int16_t error_code;
};

struct offset_fetch_response {
	int32_t throttle_time_ms;                      /* since 3 */
	kafka_array(struct offset_fetch_topic) topics; /* up to 7 */
	int16_t error_code;                            /* 2 to 7 */
	kafka_array(struct offset_fetch_group) groups; /* since 8 */
};

extern const struct kafka_message offset_fetch_request;
extern const struct kafka_message offset_fetch_response;

#endif
