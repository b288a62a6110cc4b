/* gen_consume_options.h - the words of `penstock-perf consume` in, what its consumers do out.
 *
 * Core: main. Memory: strings point into argv.
 */
#ifndef PENSTOCK_GEN_CONSUME_OPTIONS_H
#define PENSTOCK_GEN_CONSUME_OPTIONS_H

#include "dataplane/base/base.h"

enum {
	/* Partitions of all groups together: 28 bytes each. */
	GEN_PLACES_MAX = 1 << 20,
	/* A run drains for ten seconds: a fetch that waits longer would be given up. */
	GEN_MAX_WAIT_MS = 5000,
};

enum gen_from { GEN_FROM_BEGINNING, GEN_FROM_END, GEN_FROM_OFFSET };

struct gen_consume_options {
	const char *topic;
	const char *produce_topic; /* null: the same */
	uint32_t partitions;
	uint32_t producers;         /* connections 0 and following; the consumers come behind */
	uint32_t consumers, groups; /* of a group; groups */
	enum gen_from from;
	int64_t offset; /* of FROM_OFFSET, in every partition */
	bool is_to_end;
	bool is_sessionless;
	uint32_t max_bytes, partition_bytes, min_bytes, max_wait_ms;
};

/* The letters that gen_options.c gives these words: all above those of a keyboard. */
enum gen_consume_word {
	GEN_WORD_CONSUMERS = 256,
	GEN_WORD_GROUPS,
	GEN_WORD_FROM,
	GEN_WORD_TO_END,
	GEN_WORD_NO_SESSIONS,
	GEN_WORD_FETCH_BYTES,
	GEN_WORD_PARTITION_BYTES,
	GEN_WORD_MIN_BYTES,
	GEN_WORD_MAX_WAIT,
	GEN_WORD_PRODUCE_TOPIC,
	GEN_WORDS_END,
};

extern const char gen_consume_usage[];

/* One consumer that reads from the beginning, with the defaults of Kafka's. */
struct gen_consume_options gen_consume_defaults(void);
/* False: it is no such word, or what it says is out of bounds. */
bool gen_consume_word(struct gen_consume_options *o, int word, const char *text);
/* What belongs together, when all has been read. */
bool gen_consume_check(const struct gen_consume_options *o);

static inline uint32_t gen_consume_readers(const struct gen_consume_options *o)
{
	return o->consumers * o->groups;
}

static inline const char *gen_consume_produce_topic(const struct gen_consume_options *o)
{
	return o->produce_topic ? o->produce_topic : o->topic;
}

/* Do the consumers read what the producers write? */
static inline bool gen_consume_is_own(const struct gen_consume_options *o)
{
	return o->producers && strcmp(gen_consume_produce_topic(o), o->topic) == 0;
}

#endif
