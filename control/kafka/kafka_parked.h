/* kafka_parked.h - Metadata that waits for topics: who waits for which, and what became of it.
 *
 *     kafka_park ─▶ one creation per name, shared ─▶ registry ─▶ the last one is done
 *                ─▶ api's ready list ─▶ handled again (kafka_waiting.h)
 *
 * Core: control. Limits: KAFKA_CREATIONS_MAX topics of one request; TOPICS_MAX being created for
 * parked requests at a time; what is more is not waited for. parking.h bounds the requests.
 */
#ifndef PENSTOCK_KAFKA_PARKED_H
#define PENSTOCK_KAFKA_PARKED_H

#include "control/catalog/registry.h"
#include "control/kafka/creation_quota.h"
#include "control/kafka/kafka_waiting.h"

enum {
	/* Topics one request may have created; the client's next refresh brings the others. */
	KAFKA_CREATIONS_MAX = 64,
	CREATION_BUCKETS = 256,
};

/* One name a parked request waits for. */
struct kafka_creation_wait {
	struct list node; /* creation->waits; alone when it is over */
	struct kafka_parked *parked;
	int16_t error;    /* enum kafka_error */
	struct bytes name; /* within the request's bytes */
};

struct kafka_parked {
	struct kafka_waiting waiting;
	unsigned outstanding; /* waits; one more while they are begun */
	unsigned count;
	struct kafka_creation_wait waits[]; /* then the request's bytes */
};

/* Topics being created for parked requests. Outlives the registry's jobs for them. */
struct kafka_creations {
	struct registry *registry;
	struct parking *parking;
	struct list buckets[CREATION_BUCKETS]; /* struct creation.node, by name */
	unsigned count;
	struct list ready; /* struct kafka_waiting.node: nothing is outstanding */
	struct creation_quota quota;
};

void kafka_creations_init(struct kafka_creations *c, struct registry *registry,
			  struct parking *parking);

/* May the topic be waited for? Whoever has it created pays for it; who joins does not. */
bool kafka_may_create(struct kafka_creations *c, const struct kafka_request *r,
		      struct bytes name);

/* Parks the request until each of the `count` topics is there or refused; false: it cannot wait,
 * and is to be answered as things are. `names` are in order: a request may name a hundred thousand,
 * and each is asked for when it is answered. */
bool kafka_park(struct kafka_creations *c, const struct kafka_request *r,
		const struct bytes *names, unsigned count);

/* The next request that has nothing to wait for any more, or null. */
struct kafka_waiting *kafka_parked_next(struct kafka_creations *c);

/* What became of a topic; KAFKA_ERROR_NONE also when it was not waited for. */
int16_t kafka_parked_error(const struct kafka_parked *k, struct bytes name);

#endif
