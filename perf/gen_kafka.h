/* gen_kafka.h - Kafka producers: pre-built Produce requests (version 7) of one batch
 * each, connection i to partition i mod P; every answer is held against its request.
 *
 * Only the correlation id differs between the requests of a connection: batches are
 * built, compressed and summed once, at start.
 */
#ifndef PENSTOCK_GEN_KAFKA_H
#define PENSTOCK_GEN_KAFKA_H

#include "dataplane/wire/record_batch.h"
#include "perf/gen_load.h"

enum { GEN_TOPIC_BYTES_MAX = 64 };

struct gen_kafka_options {
	const char *topic;
	uint32_t partitions;
	uint32_t record_bytes; /* of the value */
	uint32_t records;      /* of a batch */
	int acks;              /* -1, 0 or 1 */
};

struct gen_kafka {
	struct gen_load load;
	struct gen_kafka_options options;
	uint32_t request_bytes;
	uint32_t partition_at; /* where in the request the partition's number lies */
	uint32_t answer_bytes;
	uint32_t error_at; /* where in the answer the error code lies */
	uint8_t *request;
};

/* 0 or -errno with the reason printed. */
int gen_kafka_init(struct gen_kafka *k, const struct gen_kafka_options *options);
void gen_kafka_fini(struct gen_kafka *k);

#endif
