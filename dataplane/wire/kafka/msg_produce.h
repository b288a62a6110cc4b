/* msg_produce.h - Produce, versions 3 to 13, in pieces: a request is as large as its batches
 * and is never in memory as a whole, and its answer grows as the batches arrive.
 *
 *     request   head | topics: count, per topic: name or id | partitions: count, per partition:
 *               index, records, tags | tags ] | tags ]
 *     answer    topics: count, per topic: name or id | partitions: count, per partition:
 *               outcome ... tags | tags ] | throttle time | tags ]
 *
 * Every piece is a table of its own (kafka_schema.h); the counts between them are
 * kafka_length_read() and kafka_length_emit(). Tags: produce_tags, nothing before version 9.
 */
#ifndef PENSTOCK_MSG_PRODUCE_H
#define PENSTOCK_MSG_PRODUCE_H

#include "dataplane/wire/kafka/kafka_schema.h"

enum {
	PRODUCE_ACKS_ALL = -1,
	PRODUCE_ACKS_NONE = 0,
	PRODUCE_ACKS_LEADER = 1,

	PRODUCE_APPEND_TIME_SINCE = 2,
	PRODUCE_LOG_START_SINCE = 5,
	PRODUCE_ZSTD_SINCE = 7, /* KIP-110 */
	PRODUCE_TOPIC_ID_SINCE = 13, /* KIP-516 */
};

struct produce_head {
	struct bytes transactional_id; /* null: none */
	int16_t acks;
	int32_t timeout_ms;
};

struct produce_topic {
	struct bytes name;                  /* until 12 */
	uint8_t topic_id[KAFKA_UUID_BYTES]; /* since 13 */
};

struct produce_partition {
	int32_t index;
};

/* What is wrong with one record of a batch. */
struct produce_record_error {
	int32_t batch_index;  /* its number */
	struct bytes message;
};

/* What became of one partition's batch. */
struct produce_outcome {
	int32_t index;
	int16_t error_code;
	int64_t base_offset;       /* -1: not stored */
	int64_t log_append_time;   /* -1: CreateTime; since 2 */
	int64_t log_start_offset;  /* since 5 */
	kafka_array(struct produce_record_error) record_errors; /* since 8 */
	struct bytes error_message;         /* since 8; null: the code says it all */
};

struct produce_tail {
	int32_t throttle_time_ms;
};

/* A structure without fields of its own: the tags at the end of another. */
struct produce_tags {
	char none;
};

extern const struct kafka_message produce_request_head;
extern const struct kafka_message produce_topic;   /* request and answer */
extern const struct kafka_message produce_partition;
extern const struct kafka_message produce_outcome; /* with its tags */
extern const struct kafka_message produce_tail;    /* with its tags */
extern const struct kafka_message produce_tags;

/* The bytes of an outcome that the writer decides, behind the partition's index: error code,
 * base offset, append time, log start. */
enum { PRODUCE_PATCH_BYTES_MAX = 2 + 8 + 8 + 8 };

/* Writes them as `version` has them, at most PRODUCE_PATCH_BYTES_MAX; returns how many. */
size_t produce_patch(void *out, int version, const struct produce_outcome *outcome);

/* The fewest bytes of a topic (of any version) and of a partition in a request: counts are held
 * against them. */
size_t produce_topic_bytes_min(bool is_flexible);
size_t produce_partition_bytes_min(bool is_flexible);

#endif
