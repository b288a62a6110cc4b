/* msg_offset_fetch.c - the field tables of OffsetFetch. */
#include "dataplane/wire/kafka/msg_offset_fetch.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct offset_fetch_request_topic
static const struct kafka_field about_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partition_indexes, ARRAY, .of = &kafka_int32_item),
};
static const struct kafka_struct about = KAFKA_STRUCT(M, about_rows);
#undef M

#define M struct offset_fetch_request_group
static const struct kafka_field asked_rows[] = {
	KAFKA_FIELD(M, group_id, STRING),
	KAFKA_FIELD(M, member_id, STRING, SINCE(9), NULLABLE_SINCE(9)),
	KAFKA_FIELD(M, member_epoch, INT32, SINCE(9), .absent = -1),
	KAFKA_FIELD(M, topics, ARRAY, NULLABLE_SINCE(8), .of = &about),
};
static const struct kafka_struct asked = KAFKA_STRUCT(M, asked_rows);
#undef M

#define M struct offset_fetch_request
static const struct kafka_field request_rows[] = {
	KAFKA_FIELD(M, group_id, STRING, GONE_SINCE(8)),
	KAFKA_FIELD(M, topics, ARRAY, GONE_SINCE(8), NULLABLE_SINCE(2), .of = &about),
	KAFKA_FIELD(M, groups, ARRAY, SINCE(8), .of = &asked),
	KAFKA_FIELD(M, require_stable, BOOL, SINCE(7)),
};
static const struct kafka_struct request = KAFKA_STRUCT(M, request_rows);
#undef M

const struct kafka_message offset_fetch_request = {
	.name = "OffsetFetchRequest", .body = &request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_OFFSET_FETCH};

#define M struct offset_fetch_partition
static const struct kafka_field partition_rows[] = {
	KAFKA_FIELD(M, partition_index, INT32),
	KAFKA_FIELD(M, committed_offset, INT64),
	KAFKA_FIELD(M, committed_leader_epoch, INT32, SINCE(5), .absent = -1),
	KAFKA_FIELD(M, metadata, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, error_code, INT16),
};
static const struct kafka_struct partition = KAFKA_STRUCT(M, partition_rows);
#undef M

#define M struct offset_fetch_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, name, STRING),
	KAFKA_FIELD(M, partitions, ARRAY, .of = &partition),
};
static const struct kafka_struct topic = KAFKA_STRUCT(M, topic_rows);
#undef M

#define M struct offset_fetch_group
static const struct kafka_field group_rows[] = {
	KAFKA_FIELD(M, group_id, STRING),
	KAFKA_FIELD(M, topics, ARRAY, .of = &topic),
	KAFKA_FIELD(M, error_code, INT16),
};
static const struct kafka_struct group = KAFKA_STRUCT(M, group_rows);
#undef M

/* From version 8 on each group has its own topics and error; up to 7 the answer's are those of
 * the only one. */
#define M struct offset_fetch_response
static const struct kafka_field response_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32, SINCE(3)),
	KAFKA_FIELD(M, topics, ARRAY, GONE_SINCE(8), .of = &topic),
	KAFKA_FIELD(M, error_code, INT16, SINCE(2), GONE_SINCE(8)),
	KAFKA_FIELD(M, groups, ARRAY, SINCE(8), .of = &group),
};
static const struct kafka_struct response = KAFKA_STRUCT(M, response_rows);
#undef M

const struct kafka_message offset_fetch_response = {
	.name = "OffsetFetchResponse", .body = &response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_OFFSET_FETCH};
