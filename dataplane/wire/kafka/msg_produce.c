/* msg_produce.c - the field tables of Produce, piece by piece. */
#include "dataplane/wire/kafka/msg_produce.h"

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
		.flexible_since = KAFKA_FLEXIBLE_SINCE_PRODUCE                           \
	}

#define M struct produce_head
static const struct kafka_field head_rows[] = {
	KAFKA_FIELD(M, transactional_id, STRING, NULLABLE_SINCE(3)),
	KAFKA_FIELD(M, acks, INT16),
	KAFKA_FIELD(M, timeout_ms, INT32),
};
static const struct kafka_struct head = PIECE(M, head_rows);
#undef M
const struct kafka_message produce_request_head = MESSAGE("ProduceRequest", &head);

#define M struct produce_topic
static const struct kafka_field topic_rows[] = {
	KAFKA_FIELD(M, name, STRING, GONE_SINCE(PRODUCE_TOPIC_ID_SINCE)),
	KAFKA_FIELD(M, topic_id, UUID, SINCE(PRODUCE_TOPIC_ID_SINCE)),
};
static const struct kafka_struct topic = PIECE(M, topic_rows);
#undef M
const struct kafka_message produce_topic = MESSAGE("ProduceTopic", &topic);

/* The batch follows, which goes from the connection into chunks, and never into a field. */
#define M struct produce_partition
static const struct kafka_field partition_rows[] = {KAFKA_FIELD(M, index, INT32)};
static const struct kafka_struct partition = PIECE(M, partition_rows);
#undef M
const struct kafka_message produce_partition = MESSAGE("ProducePartition", &partition);

#define M struct produce_record_error
static const struct kafka_field record_error_rows[] = {
	KAFKA_FIELD(M, batch_index, INT32),
	KAFKA_FIELD(M, message, STRING, NULLABLE_SINCE(0)),
};
static const struct kafka_struct record_error = KAFKA_STRUCT(M, record_error_rows);
#undef M

#define M struct produce_outcome
static const struct kafka_field outcome_rows[] = {
	KAFKA_FIELD(M, index, INT32),
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, base_offset, INT64),
	KAFKA_FIELD(M, log_append_time, INT64, SINCE(PRODUCE_APPEND_TIME_SINCE), .absent = -1),
	KAFKA_FIELD(M, log_start_offset, INT64, SINCE(PRODUCE_LOG_START_SINCE), .absent = -1),
	KAFKA_FIELD(M, record_errors, ARRAY, SINCE(8), .of = &record_error),
	KAFKA_FIELD(M, error_message, STRING, SINCE(8), NULLABLE_SINCE(8)),
};
static const struct kafka_struct outcome = KAFKA_STRUCT(M, outcome_rows);
#undef M
const struct kafka_message produce_outcome = MESSAGE("ProducePartitionResponse", &outcome);

/* An answer begins with its topics, so that what it has of its own comes last. */
#define M struct produce_tail
static const struct kafka_field tail_rows[] = {
	KAFKA_FIELD(M, throttle_time_ms, INT32, SINCE(1)),
};
static const struct kafka_struct tail = KAFKA_STRUCT(M, tail_rows);
#undef M
const struct kafka_message produce_tail = MESSAGE("ProduceResponse", &tail);

/* No field of its own: what ends a structure that has come, or goes out, in pieces. */
static const struct kafka_struct tags = {.bytes = sizeof(struct produce_tags)};
const struct kafka_message produce_tags = MESSAGE("ProduceTags", &tags);

/* Written over what produce_outcome's rows have put there when the batch came: these fields are
 * of fixed size, and stand side by side. */
size_t produce_patch(void *out, int version, const struct produce_outcome *o)
{
	uint8_t *at = out;
	be16_store(at, (uint16_t)o->error_code);
	be64_store(at + 2, (uint64_t)o->base_offset);
	size_t size = 2 + 8;
	if (version >= PRODUCE_APPEND_TIME_SINCE) {
		be64_store(at + size, (uint64_t)o->log_append_time);
		size += 8;
	}
	if (version >= PRODUCE_LOG_START_SINCE) {
		be64_store(at + size, (uint64_t)o->log_start_offset);
		size += 8;
	}
	return size;
}

/* An empty name and no partitions; the compact form has a count of tags, too. */
size_t produce_topic_bytes_min(bool is_flexible)
{
	return is_flexible ? 1 + 1 + 1 : 2 + 4;
}

/* The number, and records that are null; the compact form has a count of tags, too. */
size_t produce_partition_bytes_min(bool is_flexible)
{
	return is_flexible ? 4 + 1 + 1 : 4 + 4;
}
