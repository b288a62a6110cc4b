/* gen_commit.h - consumers without a group's membership that commit: each connection for a group of
 * its own, message m of connection i for partition (i + m * connections) mod P of one topic, one
 * partition a request; every answer is held against its request.
 *
 * OffsetCommit 7, the last version that is not flexible. What is committed is the message's number.
 */
#ifndef PENSTOCK_GEN_COMMIT_H
#define PENSTOCK_GEN_COMMIT_H

#include "perf/gen_load.h"

/* Of a topic's name, so that an answer is one that the generator keeps. */
enum { GEN_COMMIT_TOPIC_BYTES_MAX = 128 };

struct gen_commit_options {
	const char *topic;
	uint32_t connections, partitions;
};

struct gen_commit {
	struct gen_load load;
	struct gen_commit_options options;
};

void gen_commit_init(struct gen_commit *c, const struct gen_commit_options *options);

#endif
