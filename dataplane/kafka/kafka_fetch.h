/* kafka_fetch.h - Fetch requests: read piece by piece into a list of partitions, answered when
 * there is enough, or it is time.
 *
 *     request ─▶ parts ─▶ look: any news? ─ yes ─▶ pass: windows of reads ─▶ enough? ─▶ answer
 *                          ▲    │ no                                           │ no
 *                          │    ▼                                              │
 *                          │   parked on every part's lane ◀───────────────────┘
 *                          └── watch fired, or max_wait
 *
 *     kafka_fetch.c         the request's pieces in, parts out
 *     kafka_fetch_parts.c   the list of parts: each partition once, who may not ask
 *     kafka_fetch_session.c the list that a session has kept, and what of it is news
 *     kafka_fetch_park.c    looks at what writers have published (news.h), parks, watches
 *     kafka_fetch_pass.c    one step after the other, as many a turn as it can finish
 *     kafka_fetch_window.c  the next parts with news: one list of reads for each writer
 *     kafka_fetch_answer.c  what was found, encoded; the chunks it was promised
 *
 * A connection has one fetch at a time, for nothing overlaps it; it has the session's timer
 * while it lasts. Per (poller, partition) one watch is at the writer, for the earliest offset
 * that a parked fetch waits for. What a pass has read is forgotten when the fetch is parked:
 * waiting fetches hold a request, never data. What a pass lacked of `min_bytes` is remembered:
 * until its partitions have so much more, by the bytes that writers publish, nothing is read again.
 *
 * A pass begins when it is promised the chunks of everything but its batches, and those of a first
 * read; what it takes beyond that nobody waits for. So it never stops for memory half way, and one
 * that waits for some holds none. What its share has no room for is answered without records.
 *
 * A partition that there is none of is told so, and nobody is answered sooner for its sake, unless
 * the request has no other: an error of any other kind is told at once.
 *
 * The bytes of the batches travel from the writer's read to the stream in the same chunks.
 * The first partition that has data gives one whole batch whatever the limits say (KIP-74).
 *
 * Sessions (KIP-227): fetch_sessions.h.
 *
 * Core: poller. Memory: parts and names in chunks of their own (reading.h), answers in answer
 * chunks. A large fetch that is parked gives way to who waits for those of the former: its
 * `max_wait` is over.
 */
#ifndef PENSTOCK_KAFKA_FETCH_H
#define PENSTOCK_KAFKA_FETCH_H

#include "dataplane/base/chunk.h"
#include "dataplane/kafka/kafka_session.h"
#include "dataplane/wire/kafka/msg_fetch.h"

enum {
	/* Kafka's fetch.max.bytes; an answer also stays within a share of the answer pool. */
	FETCH_BYTES_MAX = 57671680,
	FETCH_POOL_SHARE = 8,
	/* Parts that all fetches of a turn look at, unless there are more fetches than that. */
	FETCH_STEPS_PER_TURN = 2048,
	/* Fetches that a turn wakes whose watches have fired. */
	FETCH_WAKES_PER_TURN = 64,
	/* A fetch whose parts and names take no more finds memory whatever larger ones hold. */
	FETCH_SMALL_BYTES = 4096,
	/* One read takes this much at most. */
	FETCH_READ_BYTES_MAX = 1 << 20,
};

enum fetch_state {
	FETCH_PARTIAL, /* its request is being read */
	FETCH_LOOKING, /* for news; parts before this one are on their lanes */
	FETCH_RUNNING, /* in a pass, or in line for memory or a read */
	FETCH_READING, /* a window of reads is at the writers */
	FETCH_PARKED,  /* on the lanes of its parts */
};

/* One partition of a fetch. */
struct fetch_part {
	struct list node; /* lane->parked while the fetch is */
	struct fetch *fetch;
	int64_t offset;
	int64_t high_watermark; /* as last seen: what a watch has to pass; -1: not yet */
	int64_t told_high_watermark; /* in its session; -1: nothing that holds */
	int64_t told_log_start;
	struct partition_ref ref;
	int32_t partition;
	uint32_t bytes_max;
	uint32_t name_at;            /* in fetch->names */
	uint32_t topic_parts;        /* of its topic in the request; 0: not the first of them */
	uint16_t name_bytes;
	int16_t error;               /* known before any read */
	int16_t asked_error;         /* in the request that named it last */
	bool is_absent;              /* there was none when it was asked for */
	bool is_negative;            /* its limit: it is given no records, and told so */
	bool has_epoch;              /* its leader's was given */
	bool is_gone;                /* to be left out of the list */
	bool is_forgotten;           /* its session is to have it no longer */
	bool is_due;                 /* its session's client has not been told its news */
	uint32_t bytes;              /* its news' when a pass looked at it last; low bits */
};
static_assert(CHUNK_PARTS_BYTES / sizeof(struct fetch_part) == 5, "of a chunk little is left");

/* Where a slot's partition was seen last; of an earlier round: it was not seen. */
struct fetch_mark {
	struct fetch_part *part;
	uint64_t round;
};
enum { FETCH_MARKS_BYTES = PARTITIONS_MAX * sizeof(struct fetch_mark) };

/* What is known about the part the pass is at. */
struct fetch_found {
	int16_t error;
	int64_t high_watermark;
	int64_t log_start_offset;
	struct chain bytes;
};

/* A part in the order of the request: `index` of its chunk. A session's list may be gone through
 * from another part on, in a circle: behind its last chunk the first follows, and `count` parts are
 * all. */
struct fetch_place {
	struct chunk *chunk; /* null: behind the last */
	struct chunk *again; /* the list's first chunk; null: no circle */
	uint32_t index;
	uint32_t number;
	uint32_t count;      /* in a circle */
};

struct fetch_session;

struct fetch {
	struct kafka_session *session; /* null: gone, reads are still at the writers */
	struct answer *answer;
	struct list large;           /* on reading.large, or alone */
	struct chain parts; /* struct fetch_part, whole ones per chunk */
	struct chain names;          /* of topics; since version 13 their ids */
	struct fetch_place place;    /* where look or pass is */
	uint32_t planned;            /* the first part that no window has looked at */
	struct list reads;           /* struct read_msg.of_request: the window's, in order */
	uint32_t lists_out;          /* of them, at writers */
	uint32_t read_chunks;        /* a read is given so many at most: what the last took */
	enum answer_region region;   /* that its chunks are of */
	uint32_t promised;           /* chunks, not taken yet */
	uint32_t pieces;             /* of them, for what is not records */
	uint32_t chunks;             /* taken, for its answer and its reads */
	uint32_t topics;             /* with partitions: the others are not answered */
	uint32_t topics_told;        /* of an answer that names them one by one */
	uint32_t partitions;
	uint32_t absent;             /* of them */
	uint32_t forgotten;          /* parts behind them: what a session shall have no longer */
	uint32_t part_names;         /* incremental: bytes of all parts' names, each for itself */
	struct fetch_session *kept_in; /* whose list of parts this is; null: the fetch's own */
	struct fetch_place first;    /* where its list begins; no chunk: at the first part */
	struct fetch_place starved;  /* the first part with news that the answer has no room for */
	int32_t told_session_id;     /* in the answer; 0: there is none, or it ends */
	int32_t session_id;          /* of the request, as the next */
	int32_t session_epoch;
	uint32_t topic_left;         /* parts of the topic not answered, or not read, yet */
	uint32_t topics_left;        /* of the request, not read yet */
	const struct topic *topic;   /* of `topics_version`; null: unknown */
	uint64_t topics_version;
	uint64_t topics_begun;       /* when the request began: no topic of it is of an older one */
	uint32_t topic_parts;        /* of the topic being read; 0 behind its first part */
	uint16_t name_bytes;         /* of its name, the last in `names` */
	uint32_t bytes;              /* of batches in the answer so far */
	uint32_t bytes_needed;       /* the first read must hold this much */
	uint32_t min_bytes;
	uint32_t max_bytes;
	uint32_t lacking;            /* of min_bytes, in the last pass; 0: there was none */
	uint32_t lacking_found;      /* of these, what has come to the parts looked at since */
	uint64_t deadline_ns;
	uint64_t started_ns;
	int32_t correlation_id;
	int32_t replica_id;          /* who asks: a broker that follows, when it is not negative */
	int16_t version;
	int16_t error;               /* of the whole request */
	int8_t isolation;
	uint8_t state;               /* enum fetch_state */
	bool is_flexible;
	bool is_negative;            /* its max_bytes: as if it were every part's */
	bool is_bare;                /* an error of the whole request stands alone */
	bool is_incremental;         /* only parts with news are answered */
	bool is_promised;            /* this pass has its chunks */
	bool has_error;              /* in some part: answered at once */
	bool is_full;                /* the parts that are left get no records */
};

/* First step of a fetch request, behind its header. */
kafka_step kafka_fetch_head;

/* Its topics are named by their ids. */
static inline bool fetch_has_ids(const struct fetch *f)
{
	return f->version >= FETCH_IDS_SINCE;
}

/* The part at a place, or null behind the last. */
static inline struct fetch_part *fetch_part_at(const struct fetch_place *p)
{
	if (!p->chunk)
		return NULL;
	return (struct fetch_part *)(void *)chunk_at(p->chunk) + p->index;
}

static inline void fetch_rewind(struct fetch *f)
{
	f->place = f->first.chunk ? f->first : (struct fetch_place){.chunk = f->parts.head};
}

static inline void fetch_next_part(struct fetch_place *p)
{
	if (++p->number == p->count) {
		p->chunk = NULL;
		return;
	}
	if (++p->index < p->chunk->len / sizeof(struct fetch_part))
		return;
	p->chunk = p->chunk->next ? p->chunk->next : p->again;
	p->index = 0;
}

#endif
