/* gen_kafka.h - Kafka producers: pre-built Produce requests of one batch each, message m of
 * connection i to partition (i + m * connections) mod P, so that few connections reach many
 * partitions; every answer is held against its request.
 *
 * Only correlation id and partition differ between requests: the batch is built and summed
 * once, at start (perf/produce_request.h).
 */
#ifndef PENSTOCK_GEN_KAFKA_H
#define PENSTOCK_GEN_KAFKA_H

#include "perf/gen_load.h"
#include "perf/produce_request.h"

struct gen_kafka_options {
	const char *topic;
	uint32_t connections, partitions;
	uint32_t record_bytes; /* of the value */
	uint32_t records;      /* of a batch */
	enum record_codec codec;
	int acks;              /* -1, 0 or 1 */
};

struct gen_kafka {
	struct gen_load load;
	struct gen_kafka_options options;
	struct produce_body body;
	uint32_t answer_bytes;
};

void gen_kafka_init(struct gen_kafka *k, const struct gen_kafka_options *options);
void gen_kafka_fini(struct gen_kafka *k);

#endif
