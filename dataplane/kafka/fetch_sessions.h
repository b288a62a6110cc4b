/* fetch_sessions.h - what consumers read again and again, kept between their requests (KIP-227).
 *
 *     id: random 13 | place 14 | poller 4       used: who was used longest ago ─ ... ─ who was last
 *                                                      └── gives way, as Kafka's rule says
 *
 * A session holds the list of partitions that its consumer fetches; while one of its requests is
 * under way that fetch has the list, and the session only says so. It lives on one poller and is
 * known to no other: an id names its poller, and elsewhere is that of no session, with which every
 * client begins anew. So nothing here is shared.
 *
 * Kafka's rule, for who comes when there is no room: a session that was not used for
 * `min.incremental.fetch.session.eviction.ms` goes; if there is none, the smallest that was in use
 * for longer than that, when it is smaller than the one that comes; otherwise that one gets none,
 * and its consumer goes on with full requests. Where the memory of lists is short only the former
 * go: a long list does not end many that are short.
 *
 * Core: poller. Memory: places and lists are mapped at start. Limits: the poller's part of
 * `max.incremental.fetch.session.cache.slots`, FETCH_SESSION_BYTES for each on average,
 * FETCH_SESSION_PARTITIONS_MAX in one.
 */
#ifndef PENSTOCK_FETCH_SESSIONS_H
#define PENSTOCK_FETCH_SESSIONS_H

#include "dataplane/base/chunk.h"
#include "dataplane/base/list.h"
#include "dataplane/base/stats.h"

struct fetch;

enum {
	FETCH_SESSION_POLLER_BITS = 4,
	FETCH_SESSION_PLACE_BITS = 14,
	FETCH_SESSION_RANDOM_BITS = 31 - FETCH_SESSION_POLLER_BITS - FETCH_SESSION_PLACE_BITS,
	FETCH_SESSION_BYTES = 4096,
	/* A list is looked through in one turn when its request changes it. */
	FETCH_SESSION_PARTITIONS_MAX = 4096,
};

struct fetch_session {
	struct list node;    /* sessions->used or sessions->free */
	struct fetch *fetch; /* that has the list; null: it is here */
	struct chain parts;  /* struct fetch_part */
	struct chain names;
	uint64_t created_ns;
	uint64_t used_ns;
	uint64_t topics_version; /* that the parts' partitions are of */
	struct chunk *first; /* where the list begins, at `first_index`; null: at its first part */
	uint32_t first_index;
	uint32_t partitions;
	uint32_t part_names; /* bytes of all parts' names, each for itself */
	int32_t id;          /* 0: none has this place */
	int32_t epoch;       /* that the next request has to have */
	bool has_ids;
};

struct fetch_sessions {
	struct fetch_session *places;
	uint32_t place_count;
	uint32_t poller;
	struct chunk_pool pool; /* CHUNK_PARTS_BYTES: the lists */
	struct list used;
	struct list free;
	uint32_t count;
	uint64_t eviction_ns;
	uint64_t random;
	/* Whoever comes with so many partitions, or fewer, before this time finds none smaller. */
	uint32_t refused_partitions;
	uint64_t refused_until_ns;
	struct stats *stats;
};

struct fetch_sessions_bounds {
	uint32_t poller;
	uint32_t places; /* of this poller; 0: there are no sessions */
	uint32_t eviction_ms;
};
/* -errno when there is no memory. */
int fetch_sessions_init(struct fetch_sessions *fs, const struct fetch_sessions_bounds *bounds,
			struct stats *stats);
void fetch_sessions_fini(struct fetch_sessions *fs);

/* Null: there is none of this id here. */
struct fetch_session *fetch_session_find(struct fetch_sessions *fs, int32_t id);

/* A new session for so many partitions, in so many chunks that are there to be taken, its epoch 1;
 * null: there is no room, and nobody gives way. */
struct fetch_session *fetch_session_take(struct fetch_sessions *fs, uint32_t partitions,
					 uint32_t chunks, uint64_t now_ns);

/* It has been used. */
void fetch_session_touch(struct fetch_sessions *fs, struct fetch_session *s, uint64_t now_ns);

/* Its place and its list are free. What a fetch has of it is that fetch's alone from now on. */
void fetch_session_end(struct fetch_sessions *fs, struct fetch_session *s);

static inline int32_t fetch_session_next_epoch(int32_t epoch)
{
	return epoch == INT32_MAX ? 1 : epoch + 1;
}

#endif
