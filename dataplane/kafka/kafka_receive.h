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
 * What is checked, and what a producer is told, is kafka_batch_check.h's. Compressed batches are
 * not opened here: the writer does that, or nobody does (docs/INSPECTION.md). On a CreateTime topic
 * a LogAppendTime bit is cleared, and a latest time that is not the records' own is made so, as
 * Kafka does (Sarama before 1.45 leaves it at -1); then the CRC is made anew. On a LogAppendTime
 * topic the writer does this. Every other batch passes byte for byte.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_KAFKA_RECEIVE_H
#define PENSTOCK_KAFKA_RECEIVE_H

#include "dataplane/kafka/kafka_batch_check.h"
#include "dataplane/kafka/kafka_session.h"

struct batching;

/* Begins a batch of `bytes` for a partition; `refused`: it is skipped, or BATCH_GOOD. */
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
