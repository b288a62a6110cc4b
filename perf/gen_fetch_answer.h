/* gen_fetch_answer.h - a Fetch answer of version 11 in, piece by piece as it comes; what is in
 * it out, one event after the other.
 *
 *     size 4 | correlation 4 | throttle 4 | error 2 | session 4 | topics 4         HEAD
 *     per topic: name 2 + n | partitions 4
 *         per partition: index 4 | error 2 | high watermark 8 | stable offset 8
 *             | log start 8 | aborted 4, 16 each | replica 4 | size of records 4   PARTITION
 *             records: batches back to back                                        BATCH
 *                                                                                  END
 *
 * A batch is an event when its last byte has come and its CRC is known; of its bytes only the
 * first GEN_FRONT_BYTES_MAX are kept. A batch that is longer than what its partition has left,
 * or shorter than its header, is no event: it is counted as cut, and what is left of the
 * partition with it.
 *
 * A decoder of the generator's own: what it finds is held against the gateway's encoder.
 *
 * Core: any. Memory: the struct.
 */
#ifndef PENSTOCK_GEN_FETCH_ANSWER_H
#define PENSTOCK_GEN_FETCH_ANSWER_H

#include "dataplane/wire/record/record_batch.h"
#include "perf/gen_gather.h"

enum {
	GEN_FETCH_VERSION = 11, /* the last that is not flexible: all fields have their places */
	GEN_TOPIC_BYTES_MAX = 249, /* Kafka's limit for a name */
	/* Of a batch: its header, and what comes before the first record's value. */
	GEN_FRONT_BYTES_MAX = RECORD_BATCH_HEADER_BYTES + 32,
};

enum gen_fetch_event {
	GEN_FETCH_MORE, /* everything has been taken, and the answer goes on */
	GEN_FETCH_HEAD,
	GEN_FETCH_PARTITION,
	GEN_FETCH_BATCH,
	GEN_FETCH_END,
	GEN_FETCH_BAD, /* it is no such answer: nothing behind it can be read */
};

struct gen_fetch_answer {
	struct bytes topic; /* the one that was asked for */
	uint8_t stage;
	uint32_t left; /* bytes of the answer that have not been taken */
	uint32_t topics_left, partitions_left, records_left, batch_left;
	uint32_t name_bytes, skip;
	uint32_t crc; /* of the batch, as far as it has come */
	struct gen_gather gather;

	/* HEAD */
	uint32_t correlation;
	int16_t error;
	uint32_t session_id;
	/* PARTITION */
	uint32_t partition;
	int16_t partition_error;
	int64_t high_watermark;
	uint32_t records_bytes;
	/* BATCH */
	uint32_t front_bytes;
	uint8_t front[GEN_FRONT_BYTES_MAX];
	bool is_sound; /* header and CRC */

	uint64_t cut; /* batches, since the owner set it to 0 */
};

void gen_fetch_answer_init(struct gen_fetch_answer *a, struct bytes topic);
/* Takes from the front of `at` up to the next event. Behind END the next answer begins. */
enum gen_fetch_event gen_fetch_answer_next(struct gen_fetch_answer *a, struct bytes *at);

static inline const struct record_batch_header *
gen_fetch_answer_batch(const struct gen_fetch_answer *a)
{
	return record_batch_header_of(a->front);
}

#endif
