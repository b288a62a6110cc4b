/* gen_kafka.h - Kafka producers: pre-built Produce requests of one batch each, connection
 * i to partition i mod P; every answer is held against its request.
 *
 * Only the correlation id differs between the requests of a connection: batches are built
 * and summed once, at start (perf/produce_request.h).
 */
#ifndef PENSTOCK_GEN_KAFKA_H
#define PENSTOCK_GEN_KAFKA_H

#include "perf/gen_load.h"
#include "perf/produce_request.h"

struct gen_kafka_options {
	const char *topic;
	uint32_t partitions;
	uint32_t record_bytes; /* of the value */
	uint32_t records;      /* of a batch */
	enum record_codec codec;
	int acks;              /* -1, 0 or 1 */
};

struct gen_kafka {
	struct gen_load load;
	struct gen_kafka_options options;
	struct produce_body *bodies; /* per partition */
	uint32_t answer_bytes;
};

/* 0 or -errno. */
int gen_kafka_init(struct gen_kafka *k, const struct gen_kafka_options *options);
void gen_kafka_fini(struct gen_kafka *k);

#endif
