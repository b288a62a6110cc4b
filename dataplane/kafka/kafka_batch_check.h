/* kafka_batch_check.h - what is wrong with a producer's batch, and what it is told.
 *
 *     first bytes ─▶ kafka_batch_check ─ wrong ─▶ verdict ─▶ row: error, text, ledger end
 *                            │ right so far, as far as its header says
 *                            ▼
 *     kafka_receive.c: CRC, records, times ─ wrong ─▶ verdict
 *
 * The checks are Kafka's, in Kafka's order where the error differs:
 *
 *      1 length below 14, or magic of no message format: CORRUPT_MESSAGE
 *      2 transactional: TRANSACTIONAL_ID_AUTHORIZATION_FAILED
 *      3 topic and partition: UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID
 *      4 not exactly one whole batch of magic 2: INVALID_RECORD; one shorter than its header:
 *        CORRUPT_MESSAGE; zstd before Produce 7
 *      5 acks, internal topic, base offset, size against the topic's limit
 *      6 a wrong CRC: CORRUPT_MESSAGE
 *      7 what the header says of codec, count, producer; the records; their times
 *
 * 1 to 5 are final at once, 7 only if the CRC is right (is_batch_crc_asked()). Where Kafka would
 * refuse the whole request (1, 2) it is the partition here: those before it are on their way.
 *
 * Core: any; no state.
 */
#ifndef PENSTOCK_KAFKA_BATCH_CHECK_H
#define PENSTOCK_KAFKA_BATCH_CHECK_H

#include "dataplane/wire/record/record_batch.h"

enum batch_verdict {
	BATCH_GOOD,
	/* Whatever the CRC. */
	BATCH_BAD_SIZE,
	BATCH_BAD_FORMAT,
	BATCH_BAD_TRANSACTIONAL,
	BATCH_BAD_TOPIC,
	BATCH_BAD_TOPIC_ID,
	BATCH_BAD_NONE,
	BATCH_BAD_MAGIC,
	BATCH_BAD_SEVERAL,
	BATCH_BAD_ZSTD,
	BATCH_BAD_ACKS,
	BATCH_BAD_INTERNAL,
	BATCH_BAD_OFFSET,
	BATCH_BAD_TOO_LARGE,
	BATCH_BAD_REPEATED,
	/* If the CRC holds. */
	BATCH_BAD_CODEC,
	BATCH_BAD_COUNT,
	BATCH_BAD_CONTROL,
	BATCH_BAD_SEQUENCE,
	/* From the whole batch. */
	BATCH_BAD_CRC,
	BATCH_BAD_RECORDS,
	BATCH_BAD_KEYLESS,
	BATCH_BAD_LATEST,
	BATCH_BAD_TIMESTAMP,
	BATCH_BAD_APPEND_TIME,
	BATCH_VERDICTS,
};

/* What a verdict means outside: the answer's error code and text, the end in the ledger. */
struct batch_verdict_row {
	int16_t error;          /* enum kafka_error */
	uint16_t stat;          /* enum stat_id */
	const char *text;
	bool has_log_start;     /* the answer says where the log starts, as Kafka's does */
	const char *of_record;  /* the answer names a record, and says this of it; else null */
};

extern const struct batch_verdict_row batch_verdicts[BATCH_VERDICTS];

/* What the request and its topic say. */
struct batch_facts {
	int version;              /* of Produce */
	int16_t acks;
	bool is_internal;         /* the topic is the broker's own */
	enum batch_verdict place; /* what is wrong with topic or partition */
	uint32_t bytes_max;       /* largest batch that the topic takes */
};

/* A partition's records are `size` bytes; `head`: the first of them, as many as a header has or
 * as there are. */
enum batch_verdict kafka_batch_check(struct bytes head, uint32_t size,
				     const struct batch_facts *facts);

/* A batch with this verdict is corrupt rather, if its CRC is wrong. */
static inline bool is_batch_crc_asked(enum batch_verdict v)
{
	return v == BATCH_GOOD || (v >= BATCH_BAD_CODEC && v < BATCH_BAD_CRC);
}

#endif
