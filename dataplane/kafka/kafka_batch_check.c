/* kafka_batch_check.c - a batch's first bytes in, a verdict out; see kafka_batch_check.h. */
#include "dataplane/kafka/kafka_batch_check.h"
#include "dataplane/base/stats.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/msg_produce.h"

enum {
	/* The shortest message of the oldest format, behind its length. */
	MESSAGE_BYTES_MIN = 14,
	/* So many bytes have to be there before Kafka looks at the magic. */
	MAGIC_END = offsetof(struct record_batch_header, magic) + 1,
};

#define ROW(verdict, code, end, words, ...)                                              \
	[BATCH_##verdict] = {.error = KAFKA_ERROR_##code, .stat = STAT_record_##end,     \
			     .text = (words), __VA_ARGS__}

const struct batch_verdict_row batch_verdicts[BATCH_VERDICTS] = {
	[BATCH_GOOD] = {.error = KAFKA_ERROR_NONE, .stat = STAT_records_stored},
	ROW(BAD_SIZE, CORRUPT_MESSAGE, reject_crc, "shorter than a record batch"),
	ROW(BAD_FORMAT, CORRUPT_MESSAGE, reject_crc, "magic is that of no message format"),
	ROW(BAD_TRANSACTIONAL, TRANSACTIONAL_ID_AUTHORIZATION_FAILED, reject_invalid,
	    "transactions are not available"),
	ROW(BAD_TOPIC, UNKNOWN_TOPIC_OR_PARTITION, reject_topic, NULL),
	ROW(BAD_TOPIC_ID, UNKNOWN_TOPIC_ID, reject_topic, NULL),
	ROW(BAD_NONE, INVALID_RECORD, reject_invalid, "no whole record batch"),
	ROW(BAD_MAGIC, INVALID_RECORD, reject_invalid, "record batch magic is not 2"),
	ROW(BAD_SEVERAL, INVALID_RECORD, reject_invalid,
	    "records must be exactly one record batch"),
	ROW(BAD_ZSTD, UNSUPPORTED_COMPRESSION_TYPE, reject_codec,
	    "zstd needs Produce version 7"),
	ROW(BAD_ACKS, INVALID_REQUIRED_ACKS, reject_acks, "acks must be -1, 0 or 1"),
	ROW(BAD_INTERNAL, INVALID_TOPIC_EXCEPTION, reject_topic,
	    "the topic is the broker's own"),
	ROW(BAD_OFFSET, INVALID_RECORD, reject_invalid, "base offset is not 0",
	    .has_log_start = true),
	ROW(BAD_TOO_LARGE, MESSAGE_TOO_LARGE, reject_too_large,
	    "record batch larger than max.message.bytes"),
	/* Not answered: the partition has its answer. */
	ROW(BAD_REPEATED, NONE, reject_invalid, NULL),
	ROW(BAD_CODEC, UNSUPPORTED_COMPRESSION_TYPE, reject_codec, "unknown compression type"),
	ROW(BAD_COUNT, INVALID_RECORD, reject_invalid,
	    "record count and last offset delta disagree", .has_log_start = true),
	ROW(BAD_CONTROL, INVALID_RECORD, reject_invalid, "control batches are the broker's",
	    .has_log_start = true),
	ROW(BAD_SEQUENCE, INVALID_RECORD, reject_invalid, "producer id without a base sequence",
	    .has_log_start = true),
	ROW(BAD_CRC, CORRUPT_MESSAGE, reject_crc, "record batch CRC mismatch"),
	ROW(BAD_RECORDS, INVALID_RECORD, reject_invalid,
	    "the records are not what the batch header says", .has_log_start = true),
	ROW(BAD_KEYLESS, INVALID_RECORD, reject_invalid,
	    "one or more records have been rejected: the topic is compacted",
	    .has_log_start = true,
	    .of_record = "Compacted topic cannot accept message without key"),
	ROW(BAD_LATEST, INVALID_TIMESTAMP, reject_timestamp,
	    "the latest timestamp lies before the base timestamp", .has_log_start = true),
	ROW(BAD_TIMESTAMP, INVALID_TIMESTAMP, reject_timestamp,
	    "timestamp outside the topic's bounds", .has_log_start = true,
	    .of_record = "its timestamp lies outside the topic's bounds"),
	ROW(BAD_APPEND_TIME, INVALID_TIMESTAMP, reject_timestamp,
	    "the time of an append is the broker's to set", .has_log_start = true,
	    .of_record = "its timestamp is of the type LogAppendTime"),
};

/* Kafka looks at these before it looks at anything else of the request. */
static enum batch_verdict check_format(struct bytes head, uint32_t size)
{
	const struct record_batch_header *h = record_batch_header_of(head.data);
	if (size < RECORD_BATCH_LENGTH_END)
		return BATCH_BAD_NONE;
	if ((int32_t)be32_get(h->length) < MESSAGE_BYTES_MIN)
		return BATCH_BAD_SIZE;
	if (size < MAGIC_END)
		return BATCH_BAD_NONE;
	if (h->magic > RECORD_BATCH_MAGIC)
		return BATCH_BAD_FORMAT;
	return record_batch_bytes(h) > size ? BATCH_BAD_NONE : BATCH_GOOD;
}

/* Of what check_format() has let pass: its attributes are among the bytes. */
static enum batch_verdict check_batch(const struct record_batch_header *h, uint32_t size,
				      int version)
{
	if (h->magic != RECORD_BATCH_MAGIC)
		return BATCH_BAD_MAGIC;
	if (record_batch_bytes(h) < RECORD_BATCH_HEADER_BYTES)
		return BATCH_BAD_SIZE;
	if (record_batch_bytes(h) != size)
		return BATCH_BAD_SEVERAL;
	if (record_batch_codec(h) == RECORD_CODEC_ZSTD && version < PRODUCE_ZSTD_SINCE)
		return BATCH_BAD_ZSTD;
	return BATCH_GOOD;
}

static enum batch_verdict check_request(const struct record_batch_header *h, uint32_t size,
					const struct batch_facts *facts)
{
	if (facts->acks < PRODUCE_ACKS_ALL || facts->acks > PRODUCE_ACKS_LEADER)
		return BATCH_BAD_ACKS;
	if (facts->is_internal)
		return BATCH_BAD_INTERNAL;
	if (record_batch_base_offset(h) != 0)
		return BATCH_BAD_OFFSET;
	return size > facts->bytes_max ? BATCH_BAD_TOO_LARGE : BATCH_GOOD;
}

/* What is wrong only if the CRC is right. */
static enum batch_verdict check_fields(const struct record_batch_header *h)
{
	int32_t count = (int32_t)record_batch_count(h);
	if (record_batch_codec(h) >= RECORD_CODECS)
		return BATCH_BAD_CODEC;
	if (count <= 0 || (int32_t)be32_get(h->last_offset_delta) != count - 1)
		return BATCH_BAD_COUNT;
	if (be16_get(h->attributes) & RECORD_BATCH_CONTROL)
		return BATCH_BAD_CONTROL;
	if ((int64_t)be64_get(h->producer_id) >= 0 && (int32_t)be32_get(h->base_sequence) < 0)
		return BATCH_BAD_SEQUENCE;
	return BATCH_GOOD;
}

enum batch_verdict kafka_batch_check(struct bytes head, uint32_t size,
				     const struct batch_facts *facts)
{
	const struct record_batch_header *h = record_batch_header_of(head.data);
	enum batch_verdict format = check_format(head, size), v = format;
	if (v == BATCH_BAD_SIZE || v == BATCH_BAD_FORMAT)
		return v;
	if (v == BATCH_GOOD && h->magic == RECORD_BATCH_MAGIC &&
	    (be16_get(h->attributes) & RECORD_BATCH_TRANSACTIONAL))
		return BATCH_BAD_TRANSACTIONAL;
	if (facts->place != BATCH_GOOD)
		return facts->place;
	v = v == BATCH_GOOD ? check_batch(h, size, facts->version) : v;
	v = v == BATCH_GOOD ? check_request(h, size, facts) : v;
	return v == BATCH_GOOD ? check_fields(h) : v;
}
