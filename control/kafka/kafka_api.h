/* kafka_api.h - the Kafka requests that data cores pass on: everything but Produce and Fetch.
 *
 *     poller ─▶ struct call_msg (bytes) ─▶ kafka_api_turn ─▶ handler ─▶ reply (bytes) ─▶ poller
 *     poller ─▶ the same call, is_release ─▶ reply freed ─▶ poller
 *     parked: the call goes back without a reply, which comes through the inbox (parking.h)
 *
 * One handler per row of wire/kafka/kafka_apis.def that names CONTROL. A request that no row takes,
 * or that is malformed, comes back without a reply, and the poller closes the connection, as
 * Kafka does. A Metadata request that creates topics is parked, and answered when they are served,
 * not before: what it names can be written to at once. So is a request that changes topics or
 * settings, until all is done or its time is over (kafka_change.h), one that writers of partitions
 * have to be asked for (errands.h), and ListOffsets for an end, while what has been written is not
 * durable (offsets_waits.h).
 *
 * Core: control; blocks only in disk_run(), for ListOffsets by time and for producer ids.
 * Ownership: a call and its request are the poller's, lent until completed; a reply is ours until
 * its release.
 * Limits: KAFKA_API_ARENA_BYTES for one request and its answer, decoded; larger ones lose
 * their connection. Those that are parked: parking.h.
 */
#ifndef PENSTOCK_CONTROL_KAFKA_API_H
#define PENSTOCK_CONTROL_KAFKA_API_H

#include "control/catalog/registry.h"
#include "dataplane/inbox.h"

enum { KAFKA_API_ARENA_BYTES = 16 << 20 };

/* Where clients of a listener are told to come back to. */
struct kafka_api_listener {
	char host[SETTING_HOST_BYTES];
	uint16_t port;
};

struct id_blocks;
struct topic_wish;

struct kafka_api_options {
	struct registry *registry;
	struct handoff *pollers[POLLERS_MAX]; /* we are the server */
	struct outbox *outboxes[POLLERS_MAX]; /* control's own, to each poller */
	unsigned poller_count;
	struct kafka_api_listener listeners[LISTENERS_MAX]; /* by index, as in struct call_msg */
	uint32_t auto_create_topics_rate; /* of each source, a second; 0: no limit */
	struct stats_page *stats_page;
	/* One line for the operator; null: nobody hears it. */
	void (*say)(void *say_owner, const char *line);
	void *say_owner;
	const struct log_dir *dir; /* where the producer ids lie; outlives the kafka_api */
	struct topic_wish *wish;   /* the coordinator's; null: it has none */
	int32_t offsets_topic_partitions; /* offsets.topic.num.partitions */
	uint32_t offsets_topic_segment_bytes; /* offsets.topic.segment.bytes; 0: the gateway's */
	struct id_blocks *ids; /* the coordinator's producer ids; null: it has none */
};

struct kafka_api;

/* Copies the options. Null when there is no memory. */
struct kafka_api *kafka_api_create(const struct kafka_api_options *options);
/* The cores have ended. Ends the registry's jobs, of which some are on behalf of requests; answers
 * still owed are forgotten. The registry is closed later. */
void kafka_api_destroy(struct kafka_api *api);

/* Takes calls, answers those that can be answered; true when it found work. */
bool kafka_api_turn(struct kafka_api *api);
/* Would it find messages? Asked before control sleeps. */
bool kafka_api_has_messages(const struct kafka_api *api);
/* Does it wait for what wakes nobody? Then control sleeps briefly. */
bool kafka_api_is_busy(const struct kafka_api *api);

#endif
