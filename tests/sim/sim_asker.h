/* sim_asker.h - a Kafka client that only asks: what control answers, in every version, several
 * questions on their way at a time.
 *
 *     sim_asker.c         the client: questions out, answers to the one that is due
 *     sim_ask_versions.c  ApiVersions: the same answer always; FindCoordinator
 *     sim_ask_metadata.c  Metadata: topics that are there stay, those asked for appear
 *     sim_ask_offsets.c   ListOffsets: ends and times, held against history and files
 *     sim_ask_groups.c    OffsetCommit, OffsetFetch: what was committed is there, after a crash too
 *     sim_ask_ids.c       InitProducerId: no id twice, after a crash neither
 */
#ifndef PENSTOCK_SIM_ASKER_H
#define PENSTOCK_SIM_ASKER_H

#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_kafka.h"

enum {
	ASKER_CREATED_TOPICS = 2, /* of each asker, made by asking for them */
	ASKER_TOPICS = 3 + ASKER_CREATED_TOPICS,
	ASKER_PARTITIONS_MAX = 3, /* of one ListOffsets request */
	ASKER_UUID_BYTES = 16,
	ASKER_GROUPS = 8, /* that are asked about; each connection commits to one of its own */

	KAFKA_UNKNOWN_TOPIC = 3,
	KAFKA_COORDINATOR_LOADING = 14,
	KAFKA_COORDINATOR_NOT_AVAILABLE = 15,
	KAFKA_INVALID_TOPIC = 17,
	KAFKA_UNSUPPORTED_VERSION = 35,
	KAFKA_INVALID_REQUEST = 42,
	KAFKA_NO_TRANSACTIONS = 53,
	KAFKA_STORAGE_ERROR = 56,
	KAFKA_UNKNOWN_LEADER_EPOCH = 75,
	KAFKA_OFFSET_NOT_AVAILABLE = 78,
	KAFKA_UNKNOWN_TOPIC_ID = 100,
};

/* A topic that nobody deletes, and what was said of it, in this life or an earlier one. */
struct asker_topic {
	char name[32];
	bool is_there;
	uint32_t partitions; /* at least */
	bool has_id;
	uint8_t id[ASKER_UUID_BYTES];
};

/* What a connection has committed: 0, 1 and so on. */
struct asker_group {
	uint32_t number;
	int64_t sent;  /* the last one; -1: none */
	int64_t acked; /* the last one that was answered as stored */
};

struct question;
struct asker;

struct question_kind {
	int16_t api_key;
	int16_t version_max, version_flexible;
	int16_t version_min;
	bool has_plain_answer_header; /* in every version */
	/* The body of the request; the answer's, which must be used up. */
	void (*ask)(struct asker *a, struct question *q, struct emitter *e);
	void (*check)(struct asker *a, const struct question *q, struct cursor *c);
};

struct asked_partition {
	int32_t partition;
	int32_t epoch;
	int64_t timestamp;
	int64_t acked_end; /* of what was acknowledged as durable by then */
};

struct question {
	const struct question_kind *kind;
	int16_t version;
	bool is_flexible;
	int32_t correlation;
	uint64_t asked_ns;
	/* Metadata: none of them: all topics. */
	struct asker_topic *topic;
	const char *name;
	bool is_by_id, is_creating;
	/* ListOffsets */
	uint32_t deletions;
	unsigned partition_count;
	struct asked_partition partitions[ASKER_PARTITIONS_MAX];
	/* ApiVersions */
	bool has_bad_name;
	/* FindCoordinator */
	uint8_t key_type;
	/* InitProducerId */
	bool is_transactional;
	/* OffsetCommit, OffsetFetch */
	uint32_t group;
	int64_t committed;
	int64_t acked; /* by then */
};

enum { ASKER_QUESTIONS_MAX = 5, ASKER_APIS_MAX = 64 };

struct asker_api {
	int16_t key, min, max;
};

struct asker {
	struct sim_client client;
	struct question questions[ASKER_QUESTIONS_MAX];
	unsigned first, count;
	int32_t next_correlation;
	uint8_t *scratch;
	struct asker_topic topics[ASKER_TOPICS];
	struct asker_api apis[ASKER_APIS_MAX]; /* as heard first */
	int64_t api_count;
	int64_t time; /* of the record found last: also a time to ask for */
	struct asker_group groups[ASKER_GROUPS]; /* by number */
	uint32_t group; /* of this connection */
	int32_t node_id; /* -1: not heard yet */
	char cluster_id[32];
};

extern const struct question_kind ask_api_versions;
extern const struct question_kind ask_find_coordinator;
extern const struct question_kind ask_metadata;
extern const struct question_kind ask_list_offsets;
extern const struct question_kind ask_commit;
extern const struct question_kind ask_committed;
extern const struct question_kind ask_producer_id;

/* The next connection begins: its commits are another group's. */
void asker_next_group(struct asker *a);

#endif
