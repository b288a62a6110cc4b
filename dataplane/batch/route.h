/* route.h - where the records of a listener go: to which topic by their class, and to which of its
 * partitions by its partitioner.
 *
 *     listener, class ─▶ routes_of ─▶ route ─▶ route_topic ─▶ topic of this turn's snapshot
 *     key, partitioner ────────────────┴────▶ route_partition ─▶ partition
 *
 * A listener has a route for each topic that its settings name: one, unless classes have topics of
 * their own. Lingers are per route (batch.h), since a topic has one.
 *
 * Core: poller. Memory: none; names are the listeners' own.
 */
#ifndef PENSTOCK_ROUTE_H
#define PENSTOCK_ROUTE_H

#include "dataplane/base/murmur2.h"
#include "dataplane/base/remainder.h"
#include "dataplane/batch/topics.h"

enum { ROUTES_MAX = LISTENERS_MAX * RECORD_CLASSES };
static_assert(ROUTES_MAX <= UINT8_MAX + 1, "record.route");

struct route {
	const char *name;              /* of the topic */
	const struct listener *listener;
	const struct topic *topic;     /* looked up in turn `turn`; null: there is none */
	uint64_t turn;
	uint32_t records;              /* taken: where roundrobin goes on */
	uint32_t batches;              /* closed: where records without a key go next */
	uint8_t partitioner;           /* enum partitioner_kind, its listener's */
};

/* What each record asks of its listener's settings, made once: there they lie a kilobyte apart. */
struct listener_routes {
	uint8_t of[RECORD_CLASSES]; /* number of the route, by enum record_class */
	uint8_t level;              /* enum ack_level */
	uint8_t key;                /* enum record_key */
	bool has_headers;
	bool has_frame_time;        /* a record's time is that of its frame */
	bool asks_facts;            /* of a frame: something depends on them */
	bool is_plain;              /* nothing does, and the key is the frame's own */
};

struct routes {
	uint64_t turn;
	uint32_t first;                /* number of the poller: where the counts begin */
	unsigned count;
	struct listener_routes listener[LISTENERS_MAX];
	struct route route[ROUTES_MAX];
};

/* Pollers begin with different partitions where records have no key, so that few pollers do not
 * all fill the same one. */
void routes_init(struct routes *rs, const struct listener *listeners, unsigned count,
		 unsigned poller);

/* Another turn begins, whose snapshot may be another. */
static inline void routes_turn(struct routes *rs)
{
	rs->turn++;
}

/* A topic is looked up once a turn. */
static inline const struct topic *route_topic(struct routes *rs, struct route *r,
					      const struct topics *topics)
{
	if (r->turn != rs->turn) {
		struct bytes name = {(const uint8_t *)r->name, strlen(r->name)};
		r->topic = topics_find(topics, name);
		r->turn = rs->turn;
	}
	return r->topic;
}

/* By other rules than that of nearly all records. */
uint32_t route_partition_otherwise(const struct routes *rs, const struct route *r,
				   struct bytes key);

/* The partition of a record of `key` (data null: none) of route->topic, which is there; one that
 * the topic does not have: there is none. */
static inline uint32_t route_partition(const struct routes *rs, const struct route *r,
				       struct bytes key)
{
	const struct topic *topic = r->topic;
	if (likely(r->partitioner == PARTITIONER_MURMUR2 && key.data))
		return remainder_of(partition_number(key.data, key.size), topic->partitions,
				    topic->partitions_magic);
	return route_partition_otherwise(rs, r, key);
}

#endif
