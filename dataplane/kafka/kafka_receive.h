/* kafka_receive.h - one partition's record batch of a produce request: checked, taken into
 * chunks as its bytes arrive, given to the writer.
 *
 *     header (61 bytes) ─▶ verdict ─ refused ─▶ bytes skipped ─────────────────────────┐
 *                             │ good so far                                            ▼
 *                             └─▶ memory, chunk by chunk ─▶ CRC ─▶ credit ─▶ records ─▶ end
 *
 * Until it is whole it lies in memory of its own (batch/incoming.h), and holds nothing that whole
 * ones need. Then it takes an append, and credit for all of it at once: where these are used up the
 * session blocks. The chunks are the same: nothing is copied.
 *
 * The checks are Kafka's, in Kafka's order where the error differs: what it finds before it
 * looks at the CRC is final at once; what it finds afterwards is CORRUPT_MESSAGE when the CRC
 * is wrong (which a client retries), so the CRC of a refused batch is computed all the same.
 * Compressed batches are not opened here: the writer does that, or nobody does
 * (docs/INSPECTION.md). Codecs 5 to 7 are UNSUPPORTED_COMPRESSION_TYPE (Kafka fails with an unnamed
 * server error). A LogAppendTime bit is cleared, as on any CreateTime topic, and a latest time that
 * is not the records' own is made so, as Kafka does (Sarama before 1.45 leaves it at -1); then
 * the CRC is made anew. Every other batch passes byte for byte.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_KAFKA_RECEIVE_H
#define PENSTOCK_KAFKA_RECEIVE_H

#include "dataplane/kafka/kafka_session.h"

struct batching;

enum batch_verdict {
	BATCH_GOOD,
	/* Known from the request. */
	BATCH_BAD_ACKS,
	BATCH_BAD_TOPIC,
	BATCH_BAD_INTERNAL,
	BATCH_BAD_TRANSACTION,
	/* From the header, whatever the CRC. */
	BATCH_BAD_NONE,
	BATCH_BAD_SIZE,
	BATCH_BAD_SEVERAL,
	BATCH_BAD_MAGIC,
	BATCH_BAD_ZSTD,
	BATCH_BAD_OFFSET,
	BATCH_BAD_TOO_LARGE,
	/* From the header, if the CRC holds. */
	BATCH_BAD_CODEC,
	BATCH_BAD_COUNT,
	BATCH_BAD_CONTROL,
	BATCH_BAD_TRANSACTIONAL,
	BATCH_BAD_SEQUENCE,
	/* From the whole batch. */
	BATCH_BAD_CRC,
	BATCH_BAD_RECORDS,
	BATCH_BAD_LATEST,
	BATCH_BAD_TIMESTAMP,
	BATCH_VERDICTS,
};

/* What a verdict means outside: the answer's error code and text, the end in the ledger. */
struct batch_verdict_row {
	int16_t error;   /* enum kafka_error */
	uint16_t stat;   /* enum stat_id */
	const char *text;
};

extern const struct batch_verdict_row batch_verdicts[BATCH_VERDICTS];

/* Begins a batch of `bytes` for a partition; `refused` is what the request itself says, or
 * BATCH_GOOD. */
void kafka_receive_begin(struct kafka_receive *r, enum batch_verdict refused,
			 uint32_t bytes);

/* Takes what the stream has. KAFKA_GO: the batch is here whole and checked, r->verdict says
 * how; its append, when good, has not been submitted. */
enum kafka_progress kafka_receive(struct ingest *in, struct kafka_session *ks);

/* Ends the batch in the ledger and gives it to the writer, or back. Once per batch. */
void kafka_receive_end(struct batching *b, struct kafka_session *ks);

/* The connection is gone: gives back what was received. */
void kafka_receive_drop(struct batching *b, struct kafka_session *ks);

#endif
