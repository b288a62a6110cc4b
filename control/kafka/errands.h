/* errands.h - requests that only the writers of partitions can answer: in a line, until the
 * registry's jobs for them are over.
 *
 *     handler ─▶ errand_ask ─▶ parked, in line ─▶ job ─▶ job ... ─▶ over ─▶ handler once more
 *
 * What a request names is a list, sorted, each partition once: the handler makes the same one of
 * the same bytes again when there are answers. One request of all is asked for at a time, so that
 * what its writers tell lies in memory once; of one that asks for producers, a partition at a time,
 * so that who changes topics has his turn in between. Starts of logs move in one job for all, which
 * writes them down once.
 *
 * Core: control. Ownership: what waits is the parking's (kafka_waiting.h), but for what was told of
 * producers. Limits: those of the parking; ERRAND_PRODUCERS_MAX.
 */
#ifndef PENSTOCK_ERRANDS_H
#define PENSTOCK_ERRANDS_H

#include "control/catalog/registry.h"
#include "control/kafka/kafka_waiting.h"

enum {
	/* Producers that one answer tells of: three mebibytes. */
	ERRAND_PRODUCERS_MAX = 65536,
};

/* A partition that a request names. */
struct errand_asked {
	struct bytes topic;
	int32_t partition;
	int64_t offset;
	uint32_t place; /* in the request: of those of one partition the last counts */
};

struct errand {
	struct kafka_waiting waiting; /* its node: errands->line, or ->over */
	enum registry_errand kind;
	uint32_t at;      /* parts below this are over */
	uint32_t count;
	uint32_t told;    /* producers, so far */
	struct registry_part parts[]; /* then the request's bytes */
};

struct errands {
	struct registry *registry;
	struct parking *parking;
	struct list line; /* the registry has a job for the first of them */
	struct list over;
};

void errands_init(struct errands *s, struct registry *registry, struct parking *parking);
/* The registry ends no more jobs. */
void errands_fini(struct errands *s);

/* Sorts what is asked for, `*count` of them, each once. KAFKA_ANSWERED: `*ret` has a part for
 * each, with its answer. KAFKA_PARKED: it will have. KAFKA_CLOSE: the arena is full. */
enum kafka_outcome errand_ask(struct kafka_request *r, enum registry_errand kind,
			      struct errand_asked *asked, uint32_t *count,
			      const struct registry_part **ret);

/* One that is to be handled again, or null; when it was, what it was told is given up. */
struct kafka_waiting *errands_next(struct errands *s);
void errand_forget(struct errand *e);

#endif
