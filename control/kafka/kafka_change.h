/* kafka_change.h - Kafka requests that change topics or settings: a job of the registry for each
 * topic, or whatever else has settings, that a request names, a few at a time, and its answer.
 *
 *     kafka_change ─▶ parked, kept ─▶ jobs ─▶ a result ─▶ next job ... ─▶ answered, freed
 *                                      └─ its time is over ─▶ answered; the jobs go on
 *
 * What is not done when the time is over is answered REQUEST_TIMED_OUT, and done all the same:
 * whoever looks later finds it. A request has jobs_max of its kind in the registry's line at most,
 * whether it names one topic or ten thousand: all who change something take turns. Each
 * kind of request is a table of functions, and what it names are its items.
 *
 * Core: control. Ownership: a change keeps its request's bytes, and what they were decoded to,
 * until its last job is over. Limits: CHANGES_MAX, CHANGES_BYTES_MAX, CHANGE_JOBS_MAX; who comes
 * later is told to come again. A request has CHANGE_ITEMS_MAX items at most, and waits between
 * CHANGE_WAIT_MS_MIN and CHANGE_WAIT_MS_MAX, whatever it says.
 */
#ifndef PENSTOCK_KAFKA_CHANGE_H
#define PENSTOCK_KAFKA_CHANGE_H

#include "control/catalog/registry.h"
#include "control/kafka/kafka_waiting.h"

enum {
	/* Requests under way, answered or not: each has jobs of a kilobyte in the line. */
	CHANGES_MAX = 4096,
	CHANGES_BYTES_MAX = 72 << 20, /* that they keep: five of CHANGE_ITEMS_MAX */
	CHANGE_ITEMS_MAX = 4 * TOPICS_MAX, /* of a request: more than there can be */
	/* What makes partitions shares its syncs: so many cost little more of them than one. */
	CHANGE_CREATIONS_AT_ONCE = 1024,
	/* Of all requests together. Where there are so many, each request has one. */
	CHANGE_JOBS_MAX = 2048,
	/* A client that wants no wait is answered all the same when what he asks for is quick. */
	CHANGE_WAIT_MS_MIN = 100,
	/* Five minutes: no client's own patience is longer. */
	CHANGE_WAIT_MS_MAX = 300000,
	/* What one who is told to come again shall wait. */
	CHANGE_THROTTLE_MS = 1000,
};

struct kafka_change;

/* What an item is called: two of the same key are one that is named twice. */
struct kafka_change_key {
	int8_t type; /* the kind's own */
	struct bytes name;
};

struct kafka_change_kind {
	const struct kafka_message *request;
	size_t request_bytes; /* of its struct */
	/* Under way at a time. */
	uint32_t jobs_max;
	/* First version whose clients know THROTTLING_QUOTA_EXCEEDED. */
	int16_t throttled_since;
	/* How many items the request has, and how long it waits for them. */
	int32_t (*count)(const void *request);
	int32_t (*timeout_ms)(const void *request);
	struct kafka_change_key (*key)(const void *request, uint32_t i);
	/* Asks the registry (kafka_change_job) for item `i`; false: it was refused. */
	bool (*ask)(struct kafka_change *c, uint32_t i);
	enum kafka_outcome (*answer)(struct kafka_request *r, const struct kafka_change *c);
};

struct kafka_change_item {
	/* What follows all items lies behind them, aligned. */
	alignas(max_align_t) struct registry_result *result; /* null: not over yet */
	struct kafka_change *change;    /* whose it is, once it has a job */
	bool is_repeated;               /* named before, and answered there */
};

struct kafka_change {
	struct list node; /* changes->running or ->over */
	struct kafka_changes *changes;
	const struct kafka_change_kind *kind;
	const void *request;   /* decoded: `kind`'s struct */
	struct bytes bytes;    /* and as it came */
	struct kafka_waiting *waiting; /* null: it was answered */
	uint64_t deadline_ns;
	size_t charged;
	uint32_t at;           /* items before it have been asked for, */
	uint32_t jobs;         /* and of so many the job is under way */
	uint32_t count;
	struct kafka_change_item *items;
	int16_t unfinished;    /* enum kafka_error: of an item without a result */
};

struct kafka_changes {
	struct registry *registry;
	struct parking *parking;
	struct list running; /* struct kafka_change.node */
	struct list over;    /* have no job any more, and are to be answered */
	uint32_t count;
	uint32_t jobs; /* of all of them */
	size_t bytes;
	uint64_t look_at_ns; /* when deadlines are looked at next */
};

void kafka_changes_init(struct kafka_changes *s, struct registry *registry,
			struct parking *parking);
/* The registry has ended all jobs. */
void kafka_changes_fini(struct kafka_changes *s);

/* A handler's whole work: begins, refuses, or when it was waited for answers. */
enum kafka_outcome kafka_change(struct kafka_request *r, const struct kafka_change_kind *kind);

/* The next one to be answered, over or late, or null. */
struct kafka_waiting *kafka_change_next(struct kafka_changes *s, uint64_t now_ns);
/* It was: what has no job left is freed. */
void kafka_change_answered(struct kafka_change *c);

/* ---- for the kinds ---------------------------------------------------------------------- */

/* Who hears of the end of item `i`'s job. */
void kafka_change_job(struct kafka_change *c, uint32_t i, struct registry_request *request);
/* Item `i` is over, without a job; false, for ask() to return. */
__attribute__((format(printf, 4, 5))) bool kafka_change_refuse(struct kafka_change *c, uint32_t i,
							       int16_t error,
							       const char *format, ...);
/* What became of item `i`: a number, and a sentence; null when nothing is wrong. */
int16_t kafka_change_error(const struct kafka_change *c, uint32_t i);
struct bytes kafka_change_message(const struct kafka_change *c, uint32_t i);
/* Those that are answered: each item once. */
uint32_t kafka_change_answers(const struct kafka_change *c);
/* Ours, of a request that was told to come again. */
int32_t kafka_change_throttle_ms(const struct kafka_change *c);
/* A name as a text; false when no topic can have it. */
bool kafka_change_name(struct bytes name, char ret[TOPIC_NAME_BYTES_MAX + 1]);

#endif
