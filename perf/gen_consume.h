/* gen_consume.h - consumers, and producers beside them: connections 0 and following produce as
 * those of gen_kafka.h do, all behind them read (gen_reader.h).
 *
 *     connections   0 ... P-1     P ... P+N-1          P+N ... P+2N-1
 *                   producers     group 0, N members   group 1 ...
 *
 * All greet with ListOffsets: consumers learn where their partitions begin, producers that their
 * topic is there. Producers number their batches, so that a consumer that is given one can say
 * which it was. What producers were told is stored, consumers have to read: has_all.
 *
 * Core: the generator's, one lcore. Memory: mapped at start; 28 bytes per group and
 * partition, 8 per partition, less than 1 KiB per consumer.
 */
#ifndef PENSTOCK_GEN_CONSUME_H
#define PENSTOCK_GEN_CONSUME_H

#include "perf/gen_kafka.h"
#include "perf/gen_reader.h"

struct gen_consume {
	struct gen_load load;
	struct gen_readers readers;
	struct gen_consume_options options;
	struct gen_kafka producers;
	uint32_t reader_count;
	struct gen_reader *all; /* of the next two each has a part */
	struct gen_place *places;
	uint32_t *named;
	int64_t *ends; /* per partition: behind what producers were told is stored */
};

/* Of `producers` batch and acks count: how many there are, and their topic, is `options`' to
 * say. 0 or -ENOMEM. */
int gen_consume_init(struct gen_consume *c, const struct gen_consume_options *options,
		     const struct gen_kafka_options *producers);
void gen_consume_fini(struct gen_consume *c);

#endif
