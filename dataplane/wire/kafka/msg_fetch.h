/* msg_fetch.h - Fetch, versions 4 to 18, in pieces: a request may name thousands of
 * partitions and is kept in our own form, an answer carries batches that are not copied.
 *
 *     request   head | topics: count, per topic: name | partitions: count, per partition:
 *               partition with its tags | tags ] | forgotten topics (since 7): count, per topic:
 *               name | partitions: count, int32 ... | tags ] | tail (rack, tags)
 *     answer    head | topics: count, per topic: name | partitions: count, per partition:
 *               result | records | tags ] | tags ] | tags
 *
 * Every piece is a table of its own (kafka_schema.h); the counts and the size of the records
 * between them are kafka_length_read() and kafka_length_emit().
 */
#ifndef PENSTOCK_MSG_FETCH_H
#define PENSTOCK_MSG_FETCH_H

#include "dataplane/wire/kafka/kafka_schema.h"

enum {
	/* KIP-227, request: not an incremental fetch (every epoch above is one). */
	FETCH_SESSION_EPOCH_INITIAL = 0,
	FETCH_SESSION_EPOCH_FINAL = -1,

	FETCH_READ_UNCOMMITTED = 0,
	FETCH_READ_COMMITTED = 1,

	FETCH_NO_REPLICA = -1,
	FETCH_CONSUMER = -1, /* as a replica id: no broker asks */

	FETCH_SESSIONS_SINCE = 7,
	FETCH_IDS_SINCE = 13, /* topics are named by their ids (KIP-516) */
	FETCH_REPLICA_IN_TAIL_SINCE = 15, /* a broker names itself in a tag (KIP-903) */
};

struct fetch_head {
	int32_t replica_id;    /* before 15 */
	int32_t max_wait_ms;
	int32_t min_bytes;
	int32_t max_bytes;
	int8_t isolation_level;
	int32_t session_id;    /* since 7 */
	int32_t session_epoch; /* since 7 */
};

struct fetch_topic {
	struct bytes name;                  /* before 13 */
	uint8_t topic_id[KAFKA_UUID_BYTES]; /* since 13 */
};

struct fetch_partition {
	int32_t partition;
	int32_t current_leader_epoch; /* since 9; -1: not checked */
	int64_t fetch_offset;
	int32_t last_fetched_epoch;   /* since 12 */
	int64_t log_start_offset;     /* since 5; followers only */
	int32_t partition_max_bytes;
};

struct fetch_tail {
	struct bytes rack_id; /* since 11 */
	int32_t replica_id;   /* since 15 */
};

struct fetch_answer_head {
	int32_t throttle_time_ms;
	int16_t error_code; /* since 7 */
	int32_t session_id; /* since 7; 0: no session was made */
};

struct fetch_aborted {
	int64_t producer_id;
	int64_t first_offset;
};

struct fetch_result {
	int32_t partition;
	int16_t error_code;
	int64_t high_watermark;
	int64_t last_stable_offset;
	int64_t log_start_offset;                            /* since 5 */
	kafka_array(struct fetch_aborted) aborted;           /* count -1: not asked for */
	int32_t preferred_read_replica;                      /* since 11 */
};

/* A structure without fields of its own: the tags at the end of another. */
struct fetch_tags {
	char none;
};

extern const struct kafka_message fetch_request_head;
extern const struct kafka_message fetch_topic;     /* request, forgotten, and answer */
extern const struct kafka_message fetch_partition; /* with its tags */
extern const struct kafka_message fetch_request_tail; /* with its tags */
extern const struct kafka_message fetch_answer_head;
extern const struct kafka_message fetch_result;
extern const struct kafka_message fetch_tags;

/* The fewest bytes of a topic and of a partition in a request: counts are held against them. */
size_t fetch_topic_bytes_min(int version);
size_t fetch_partition_bytes_min(int version, bool is_flexible);

#endif
