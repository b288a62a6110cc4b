/* msg_fetch.c - the field tables of Fetch, piece by piece. */
#include "dataplane/wire/kafka/msg_fetch.h"

#include "dataplane/wire/kafka/kafka_apis.h"

/* A piece that is followed by others of the same structure: its tags come later. */
#define PIECE(type, rows)                                                                \
	{                                                                                \
		.fields = (rows), .field_count = array_len(rows), .bytes = sizeof(type), \
		.is_bare = true                                                          \
	}

#define MESSAGE(name_, body_)                                                            \
	{                                                                                \
		.name = (name_), .body = (body_),                                        \
		.flexible_since = KAFKA_FLEXIBLE_SINCE_FETCH                             \
	}

/* Before version 7 there were no fetch sessions: such a client is served as one that wants
 * none. */
#define M struct fetch_head
static const struct kafka_field head_rows[] = {
	KAFKA_FIELD(M, replica_id, INT32, GONE_SINCE(FETCH_REPLICA_IN_TAIL_SINCE),
		    .absent = FETCH_CONSUMER),
	KAFKA_FIELD(M, max_wait_ms, INT32),
	KAFKA_FIELD(M, min_bytes, INT32),
	KAFKA_FIELD(M, max_bytes, INT32),
	KAFKA_FIELD(M, isolation_level, INT8),
	KAFKA_FIELD(M, session_id, INT32, SINCE(7)),
	KAFKA_FIELD(M, session_epoch, INT32, SINCE(7), .absent = FETCH_SESSION_EPOCH_FINAL),
};
static const struct kafka_struct head = PIECE(M, head_rows);
#undef M
const struct kafka_message fetch_request_head = MESSAGE("FetchRequest", &head);

#define M struct fetch_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, name, STRING, GONE_SINCE(FETCH_IDS_SINCE)),
	KAFKA_FIELD(M, topic_id, UUID, SINCE(FETCH_IDS_SINCE)),
};
static const struct kafka_struct topic = PIECE(M, topic_rows);
#undef M
const struct kafka_message fetch_topic = MESSAGE("FetchTopic", &topic);

#define M struct fetch_partition
static const struct kafka_field partition_rows[] = {
	KAFKA_FIELD(M, partition, INT32),
	KAFKA_FIELD(M, current_leader_epoch, INT32, SINCE(9), .absent = -1),
	KAFKA_FIELD(M, fetch_offset, INT64),
	KAFKA_FIELD(M, last_fetched_epoch, INT32, SINCE(12), .absent = -1),
	KAFKA_FIELD(M, log_start_offset, INT64, SINCE(5), .absent = -1),
	KAFKA_FIELD(M, partition_max_bytes, INT32),
};
static const struct kafka_struct partition = KAFKA_STRUCT(M, partition_rows);
#undef M
const struct kafka_message fetch_partition = MESSAGE("FetchPartition", &partition);

#define M struct fetch_tail
static const struct kafka_field tail_rows[] = {
	KAFKA_FIELD(M, rack_id, STRING, SINCE(11)),
	/* ReplicaState: its first field. The epoch behind it is a broker's, of which we are told
	 * nothing; the cluster's id, tag 0, is for brokers that are not registered. */
	KAFKA_FIELD(M, replica_id, INT32, SINCE(FETCH_REPLICA_IN_TAIL_SINCE), TAGGED(1),
		    .absent = FETCH_CONSUMER),
};
static const struct kafka_struct tail = KAFKA_STRUCT(M, tail_rows);
#undef M
const struct kafka_message fetch_request_tail = MESSAGE("FetchRequestTail", &tail);

#define M struct fetch_answer_head
static const struct kafka_field answer_head_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32),
	KAFKA_FIELD(M, error_code, INT16, SINCE(7)),
	KAFKA_FIELD(M, session_id, INT32, SINCE(7)),
};
static const struct kafka_struct answer_head = PIECE(M, answer_head_rows);
#undef M
const struct kafka_message fetch_answer_head = MESSAGE("FetchResponse", &answer_head);

#define M struct fetch_aborted
static const struct kafka_field aborted_rows[] = {
	KAFKA_FIELD(M, producer_id, INT64),
	KAFKA_FIELD(M, first_offset, INT64),
};
static const struct kafka_struct aborted = KAFKA_STRUCT(M, aborted_rows);
#undef M

/* The batches follow: they are no field, since they are never copied into one. */
#define M struct fetch_result
static const struct kafka_field result_rows[] = {
	KAFKA_FIELD(M, partition, INT32),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, high_watermark, INT64),
	KAFKA_FIELD(M, last_stable_offset, INT64),
	KAFKA_FIELD(M, log_start_offset, INT64, SINCE(5)),
	KAFKA_FIELD(M, aborted, ARRAY, NULLABLE_SINCE(4), .of = &aborted),
	KAFKA_FIELD(M, preferred_read_replica, INT32, SINCE(11)),
};
static const struct kafka_struct result = PIECE(M, result_rows);
#undef M
const struct kafka_message fetch_result = MESSAGE("FetchPartitionResponse", &result);

/* No field of its own: what ends a structure that has gone out in pieces. */
static const struct kafka_struct tags = {.bytes = sizeof(struct fetch_tags)};
const struct kafka_message fetch_tags = MESSAGE("FetchTags", &tags);

/* An empty name and no partitions; the compact form has a count of tags, too. */
size_t fetch_topic_bytes_min(int version)
{
	if (version >= FETCH_IDS_SINCE)
		return KAFKA_UUID_BYTES + 1 + 1;
	return version >= KAFKA_FLEXIBLE_SINCE_FETCH ? 1 + 1 + 1 : 2 + 4;
}

/* All rows are numbers of four or eight bytes, and none is tagged; the compact form has a count
 * of tags, too. */
size_t fetch_partition_bytes_min(int version, bool is_flexible)
{
	size_t bytes = is_flexible ? 1 : 0;
	for (unsigned i = 0; i < array_len(partition_rows); i++)
		if (version >= partition_rows[i].since)
			bytes += partition_rows[i].kind == KAFKA_INT64 ? 8 : 4;
	return bytes;
}
