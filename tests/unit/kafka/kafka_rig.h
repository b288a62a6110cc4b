/* kafka_rig.h - for tests: the upper half of a poller between peers made of arrays and two
 * writers and a control that keep everything in memory. The poller is the second of two; a
 * message at another writer than its partition's, or of another poller's, fails the test.
 *
 *     peer_send ─▶ struct peer ─▶ rig_turn ─▶ handoff ─▶ fake logs, fake control
 *     peer_answer ◀── sent ◀───── rig_turn ◀── handoff ◀────┘
 *
 * Builders make requests and batches of any version; readers take answers apart. What most tests
 * begin and end with is here, too: a rig, a peer, a batch produced.
 */
#ifndef PENSTOCK_KAFKA_RIG_H
#define PENSTOCK_KAFKA_RIG_H

#include "dataplane/batch/batch.h"
#include "dataplane/kafka/fetch_sessions.h"
#include "dataplane/kafka/kafka_session.h"
#include "dataplane/news.h"
#include "dataplane/session/delivery.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/kafka_header.h"
#include "dataplane/wire/kafka/msg_fetch.h"
#include "dataplane/wire/kafka/msg_produce.h"
#include "tests/unit/session/stream_table.h"

enum {
	RIG_WRITERS = 2,      /* slot by slot in turn */
	RIG_POLLER = 1,
	RIG_TOPICS = 2,       /* "alpha", "beta" */
	RIG_PARTITIONS = 4,   /* of each; slots 0 to 3 and 4 to 7 */
	RIG_SLOTS = RIG_TOPICS * RIG_PARTITIONS,
	/* Of "many", in the slots behind them, if a test has it: each reads one of alpha's logs. */
	RIG_MANY = 10000,
	RIG_MESSAGE_BYTES_MAX = 20000,
	RIG_TIMEOUT_MS = 1000,
	RIG_RATE_MIN = 100,
	RIG_ANSWER_TIMEOUT_MS = 10000,
	RIG_ANSWER_RATE_MIN = 1000,
	RIG_BUFFER_BYTES = 1 << 20,
	RIG_HELD_MAX = 256,
	RIG_READS = 64,
	RIG_CORRELATION_ID = 0x01020304,
	RIG_APPEND_TIME = 1234567, /* where the writer sets it */
};

struct buffer {
	uint8_t *data;
	size_t size;
	size_t capacity;
};

void buffer_add(struct buffer *b, const void *data, size_t size);
void buffer_free(struct buffer *b);

struct peer {
	struct stream stream;
	struct stream **place; /* in the rig */
	struct buffer arrived;
	size_t consumed;
	struct buffer sent; /* answers, not yet taken */
	size_t send_room;
	size_t needed; /* that the session says it must see at once */
	bool is_closed;
	bool is_reset;
	/* One that does not read by itself: what it was sent and has not acknowledged. */
	bool is_deaf;
	bool is_shut; /* and says so */
	struct chain unread;
	uint32_t taken;
	uint64_t took_ns;
	const struct moment *now;
};

/* One partition of the fake writers: its batches back to back. */
struct fake_log {
	struct buffer bytes;
	int64_t next_offset;
	int64_t log_start_offset;
	bool is_closed; /* as its page says */
	struct list watches;
};

struct rig {
	struct ingest in;
	struct transport peers;
	struct frame_vec frames;
	struct topics *topics;
	bool has_many;
	struct fetch_sessions sessions;
	struct wake wakes[2];
	struct handoff writers[RIG_WRITERS];
	struct handoff servers[CALL_SERVERS];
	struct outbox outbox; /* the only sender into the poller's inbox */
	struct stream_table streams;
	struct fake_log logs[RIG_SLOTS];
	struct news_page *news; /* of the logs, as of the turn's beginning */
	/* What the fakes are to do. */
	bool hold_appends;
	bool hold_reads;
	bool hold_calls;
	bool reply_null;
	bool park_calls;
	int16_t append_error;
	bool appends_are_duplicates; /* of what begins the log */
	/* What they saw. */
	struct handoff_msg *held[RIG_HELD_MAX];
	unsigned held_count;
	unsigned appends;
	unsigned reads; /* lists of them */
	unsigned calls;
	unsigned releases;
	uint8_t last_level;
	uint32_t last_call_bytes;
	struct ticket last_ticket;
	unsigned asked[CALL_SERVERS];
};

struct rig_options {
	uint64_t lane_credit_bytes; /* 0: plenty */
	uint64_t writer_credit_bytes;
	uint32_t answers_max;
	uint32_t answer_chunks;
	uint32_t region_chunks; /* of others; 0: there are none */
};

struct rig *rig_create(const struct rig_options *options);
/* Ends the test when a pool has lost something or a ledger does not balance. */
void rig_destroy(struct rig *r);

/* One turn of the poller's stages, `after_ms` after the last one; then the fakes'. */
void rig_turn(struct rig *r, uint64_t after_ms);
void rig_turns(struct rig *r, unsigned turns);
/* Completes what is held, oldest first (or the n-th alone). */
void rig_release(struct rig *r);
void rig_release_one(struct rig *r, unsigned n);
/* Calls under way, and chunks that keep requests. */
uint32_t rig_calls_in_use(const struct rig *r);
uint32_t rig_chunks_in_use(const struct rig *r);
/* Of the common region for long answers, taken or promised. */
uint32_t rig_large_in_use(const struct rig *r);
/* The writer that serves a slot. */
struct handoff *rig_writer(struct rig *r, uint32_t slot);
uint64_t rig_stat(const struct rig *r, enum stat_id id);
/* Another snapshot of the same topics, without the last one if `without_beta`. */
void rig_new_topics(struct rig *r, bool without_beta);
/* From now on so many fetch sessions are kept. */
enum { RIG_EVICTION_MS = 120000 };
void rig_have_sessions(struct rig *r, uint32_t places);
/* From now on there is "many" as well. */
void rig_have_many(struct rig *r);
/* Stores `records` records in a slot's log, as another producer would. */
void rig_store(struct rig *r, uint32_t slot, unsigned records, size_t value_bytes);

struct peer *peer_open(struct rig *r);
void peer_send(struct peer *p, const void *data, size_t size);
void peer_end(struct peer *p);
void peer_lose(struct peer *p);
/* A deaf one takes so many bytes, or all there are. */
void peer_takes(struct peer *p, size_t bytes);
void peer_free(struct peer *p);
/* The next whole answer behind its size field, or nothing. */
struct bytes peer_answer(struct peer *p);
/* The answer has been looked at. */
void peer_answer_done(struct peer *p, struct bytes answer);
/* Takes the next whole answer away; it is the rig's request's. False: there is none. */
bool peer_is_answered(struct peer *p);

/* ---- a test ---------------------------------------------------------------------------- */

/* A test's own, for each is a process: its rig, and the peer that most are about. */
extern struct rig *rig;
extern struct peer *peer;

/* Makes both. */
void rig_begin(void);
/* Ends the peer, if the test has not, and the rig. */
void rig_end(void);
int64_t wall(void);

/* A further connection to the rig. */
struct peer *open_peer(void);
void end_peer(struct peer *p);
void send_all(struct peer *p, struct buffer *give);
/* Produces a batch of `records` records to a partition of "alpha". */
void send_batch(struct peer *p, int32_t partition, unsigned records, size_t value_bytes);
/* The error of the only partition of the peer's next answer, a produce's, which is used up. */
int16_t next_error(int version);

/* ---- requests -------------------------------------------------------------------------- */

/* A batch of `records` records of `value_bytes` each, times around `wall_ms`. */
struct buffer batch_make(unsigned records, size_t value_bytes, int64_t wall_ms);
/* The CRC after somebody changed the batch. */
void batch_seal(struct buffer *batch);

struct produce_spec {
	int version;
	int16_t acks;
	const char *transactional_id;
	const char *client_id;
};

struct produce_item {
	const char *topic;
	int32_t partition;
	struct buffer records;
	bool is_null;
};

/* Items of the same topic in a row share it. */
struct buffer produce_make(const struct produce_spec *spec, const struct produce_item *items,
			   unsigned count);

/* One partition's batch in a request of its own. */
struct buffer request_of(int version, int16_t acks, int32_t partition, struct buffer *give);

struct fetch_item {
	const char *topic;
	int32_t partition;
	int64_t offset;
	int32_t bytes_max; /* 0: 1 MiB */
	int32_t epoch;     /* 0 is the leader's */
	int32_t read_epoch; /* of the last record read: one more than it, 0: none */
};

/* The id of a topic of this name, there or not. */
void rig_topic_id(const char *name, uint8_t ret[KAFKA_UUID_BYTES]);

struct fetch_spec {
	int version;
	int32_t max_wait_ms;
	int32_t min_bytes;
	int32_t max_bytes; /* 0: plenty */
	int32_t session_id;
	int32_t session_epoch; /* as sent; 0: full */
	int8_t isolation;
	bool is_follower; /* broker 7 */
	const struct fetch_item *forgotten; /* topics and partitions: out of the session */
	unsigned forgotten_count;
};

struct buffer fetch_make(const struct fetch_spec *spec, const struct fetch_item *items,
			 unsigned count);
/* Any other request: header and `body_bytes` of body. */
struct buffer call_make(int16_t key, int16_t version, unsigned body_bytes);

/* ---- answers --------------------------------------------------------------------------- */

/* Reads an answer to its last byte; returns the number of outcomes. */
unsigned produce_read(int version, struct bytes answer, struct produce_outcome *ret,
		      unsigned max);

struct fetch_part_read {
	char topic; /* the first letter of its name */
	struct fetch_result result;
	struct bytes records;
};

struct fetch_read {
	struct fetch_answer_head head;
	unsigned count;
	unsigned with_records, errors, unknown; /* of them; unknown: without a watermark */
	struct fetch_part_read parts[16]; /* the first ones */
};

void fetch_read(int version, struct bytes answer, struct fetch_read *ret);

/* ---- a test's fetches ------------------------------------------------------------------ */

void fetch_send(struct peer *p, const struct fetch_spec *spec, const struct fetch_item *items,
		unsigned count);
/* The peer's next answer, a fetch's, which is used up; what it held is good until the next is read.
 * False: there is none. */
bool fetch_answered(struct peer *p, int version, struct fetch_read *ret);
/* Are these the batches of the log from byte `at` on? */
bool fetch_is_of_log(struct bytes records, uint32_t slot, size_t at);

#endif
