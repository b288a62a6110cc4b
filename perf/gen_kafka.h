/* gen_kafka.h - Kafka producers: pre-built Produce requests of one batch each, message m of
 * connection i to partition (i + m * connections) mod P, so that few connections reach many
 * partitions; every answer is held against its request.
 *
 * Only correlation id and partition differ between requests: the batch is built and summed
 * once, at start (perf/produce_request.h). With a tag each has its number in it, too, by which
 * who reads it knows it (perf/produce_stamp.h): tag << 40 | m * connections + i.
 */
#ifndef PENSTOCK_GEN_KAFKA_H
#define PENSTOCK_GEN_KAFKA_H

#include "perf/gen_load.h"
#include "perf/produce_stamp.h"

struct gen_kafka_options {
	const char *topic;
	uint32_t connections, partitions;
	uint32_t record_bytes; /* of the value */
	uint32_t records;      /* of a batch */
	enum record_codec codec;
	int acks;              /* -1, 0 or 1 */
	uint32_t tag;          /* 24 bits; 0: batches are not numbered */
};

struct gen_kafka {
	struct gen_load load;
	struct gen_kafka_options options;
	struct produce_body body;
	struct produce_stamp stamp;
	uint32_t front_bytes; /* of a message: up to what all of them have in common */
	uint32_t answer_bytes;
};

enum { GEN_NUMBER_BITS = 40, GEN_TAG_MAX = (1 << 24) - 1 };

/* With a tag the records are not compressed, and PRODUCE_STAMP_BYTES long at least. */
void gen_kafka_init(struct gen_kafka *k, const struct gen_kafka_options *options);
void gen_kafka_fini(struct gen_kafka *k);

#endif
