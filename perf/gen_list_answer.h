/* gen_list_answer.h - an answer to ListOffsets of version 1 about one topic in, piece by piece;
 * partitions and their offsets out.
 *
 *     size 4 | correlation 4 | topics 4 | name 2 + n | partitions 4
 *         per partition: index 4 | error 2 | time 8 | offset 8
 *
 * Core: any. Memory: the struct.
 */
#ifndef PENSTOCK_GEN_LIST_ANSWER_H
#define PENSTOCK_GEN_LIST_ANSWER_H

#include "perf/gen_gather.h"

enum {
	GEN_LIST_VERSION = 1,
	GEN_LIST_HEAD_BYTES = 18, /* without the name */
	GEN_LIST_RESULT_BYTES = 22,
};

enum gen_list_event {
	GEN_LIST_MORE,
	GEN_LIST_PARTITION,
	GEN_LIST_END,
	GEN_LIST_BAD, /* it is no such answer */
};

struct gen_list_answer {
	struct bytes topic;
	bool has_head;
	uint32_t left; /* partitions */
	struct gen_gather gather;
	uint32_t correlation;
	/* PARTITION */
	uint32_t partition;
	int16_t error;
	int64_t offset;
};

void gen_list_answer_init(struct gen_list_answer *a, struct bytes topic);
/* Takes from the front of `at` up to the next event. */
enum gen_list_event gen_list_answer_next(struct gen_list_answer *a, struct bytes *at);

/* How long one is that tells of `partitions`. */
static inline uint32_t gen_list_answer_bytes(size_t topic_bytes, uint32_t partitions)
{
	return GEN_LIST_HEAD_BYTES + (uint32_t)topic_bytes + partitions * GEN_LIST_RESULT_BYTES;
}

#endif
