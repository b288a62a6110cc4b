/* kafka_fetch.h - Fetch requests: read piece by piece into a list of partitions, served pass
 * by pass until there is enough, or it is time.
 *
 *     request ─▶ parts ─▶ pass: one read after the other ─▶ enough? ─ yes ─▶ answer
 *                          ▲                                  │ no
 *                          │                                  ▼
 *                          └── watch fired, or max_wait ◀── parked on every part's lane
 *
 * A connection has one fetch at a time, for nothing overlaps it; it has the session's timer
 * while it lasts. Per (poller, partition) one watch is at the writer, for the earliest offset
 * that a parked fetch waits for. What a pass has read is forgotten when the fetch is parked:
 * waiting fetches hold a request, never data. Nor does one that waits for answer chunks, in line
 * with all others (waiting.h); one that waits for a place to read may, for those come back
 * whatever it holds.
 *
 * The bytes of the batches travel from the writer's read to the stream in the same chunks.
 * The first partition that has data gives one whole batch whatever the limits say (KIP-74).
 *
 * Without fetch sessions (KIP-227): session id 0 in every answer, which tells clients to go
 * on with full requests; a request within a session is answered FETCH_SESSION_ID_NOT_FOUND.
 *
 * Core: poller. Memory: parts and names in request chunks, answers in answer chunks.
 */
#ifndef PENSTOCK_KAFKA_FETCH_H
#define PENSTOCK_KAFKA_FETCH_H

#include "dataplane/kafka/kafka_session.h"
#include "dataplane/wire/kafka/msg_fetch.h"

enum {
	/* Kafka's fetch.max.bytes; an answer also stays within a share of the answer pool. */
	FETCH_BYTES_MAX = 57671680,
	FETCH_POOL_SHARE = 8,
	/* One read takes this much at most. */
	FETCH_READ_BYTES_MAX = 1 << 20,
};

enum fetch_state {
	FETCH_PARTIAL, /* its request is being read */
	FETCH_RUNNING, /* in a pass, or in line for memory or a read */
	FETCH_READING, /* a read is at the writer */
	FETCH_PARKED,  /* on the lanes of its parts */
};

/* One partition of a fetch. */
struct fetch_part {
	struct list node; /* lane->parked while the fetch is */
	struct fetch *fetch;
	int64_t offset;
	int64_t high_watermark; /* as the last pass saw it: what a watch has to pass */
	struct partition_ref ref;
	int32_t partition;
	uint32_t bytes_max;
	uint32_t name_at;            /* in fetch->names */
	uint32_t topic_parts;        /* of its topic in the request; 0: not the first of them */
	uint16_t name_bytes;
	int16_t error;               /* known before any read */
};

/* What is known about the part the pass is at. */
struct fetch_found {
	bool is_ready;
	int16_t error;
	int64_t high_watermark;
	int64_t log_start_offset;
	struct chain bytes;
};

struct fetch {
	struct kafka_session *session; /* null: gone, a read is still at the writer */
	struct answer *answer;
	struct chain parts; /* struct fetch_part, whole ones per chunk */
	struct chain names;
	struct chunk *chunk;         /* where the pass is: part `index` of this chunk */
	uint32_t index;
	uint32_t topics;             /* with partitions: the others are not answered */
	uint32_t partitions;
	uint32_t topic_left;         /* parts of the topic not answered, or not read, yet */
	uint32_t topics_left;        /* of the request, not read yet */
	const struct topic *topic;   /* of `topics_version`; null: unknown */
	uint64_t topics_version;
	uint32_t topic_parts;        /* of the topic being read; 0 behind its first part */
	uint16_t name_bytes;         /* of its name, the last in `names` */
	uint32_t bytes;              /* of batches in the answer so far */
	uint32_t bytes_needed;       /* the next read must hold this much */
	uint32_t min_bytes;
	uint32_t max_bytes;
	uint64_t deadline_ns;
	int32_t correlation_id;
	int16_t version;
	int16_t error;               /* of the whole request */
	int8_t isolation;
	uint8_t state;               /* enum fetch_state */
	bool is_flexible;
	bool has_error;              /* in some part: answered at once */
	struct fetch_found found;
};

/* First step of a fetch request, behind its header. */
kafka_step kafka_fetch_head;

/* The part the pass is at, or null at its end. */
static inline struct fetch_part *fetch_part_at(const struct fetch *f)
{
	if (!f->chunk)
		return NULL;
	return (struct fetch_part *)(void *)chunk_at(f->chunk) + f->index;
}

static inline void fetch_rewind(struct fetch *f)
{
	f->chunk = f->parts.head;
	f->index = 0;
}

static inline void fetch_next_part(struct fetch *f)
{
	if (++f->index < f->chunk->len / sizeof(struct fetch_part))
		return;
	f->chunk = f->chunk->next;
	f->index = 0;
}

#endif
