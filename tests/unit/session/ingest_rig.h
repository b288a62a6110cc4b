/* ingest_rig.h - for tests: the upper half of a poller with streams made of arrays and two
 * writers that keep what they are given in memory. The poller is the second of two, and each
 * writer ends the test when it is given another's partition or another poller's message.
 *
 *     wire_send ─▶ struct wire ─▶ rig_turn ─▶ handoff ─▶ rig_write ─▶ records, checked
 *     wire.sent ◀──────────────── rig_turn ◀── handoff ◀────┘
 */
#ifndef PENSTOCK_INGEST_RIG_H
#define PENSTOCK_INGEST_RIG_H

#include "dataplane/batch/batch.h"
#include "dataplane/batch/ingest.h"
#include "dataplane/fleet/jt808_parts.h"
#include "dataplane/session/delivery.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/wire/fleet/gbt32960.h"
#include "tests/unit/session/stream_table.h"
#include "tests/unit/wire/fleet/gbt32960_sample.h"

/* The listeners of every rig. */
enum {
	RIG_TERMINAL,
	RIG_PLATFORM,
	RIG_ECHO,
	RIG_UDP,
	RIG_UDP_BY_ADDRESS,
	RIG_JT808,     /* who authenticates */
	RIG_JT808_ANY, /* anybody */
	RIG_LISTENERS
};

enum {
	RIG_WRITERS = 2, /* slot by slot in turn */
	RIG_POLLER = 1,
	RIG_VEHICLE_PARTITIONS = 8, /* slots 0 to 7; linger 5 ms */
	RIG_DATAGRAM_PARTITIONS = 4, /* slots 8 to 11; linger 1 ms */
	RIG_SLOTS = RIG_VEHICLE_PARTITIONS + RIG_DATAGRAM_PARTITIONS,
	RIG_FRAME_BYTES_MAX = GBT32960_FRAME_BYTES_MAX,
	RIG_FRAME_TIMEOUT_MS = 1000,
	RIG_BATCH_BYTES = 16384,
	RIG_PARTS_RETRY_MS = 10000,
	RIG_PARTS_RETRIES = 3,
};

/* A peer's end of a stream. */
struct wire {
	struct stream stream;
	struct stream **place; /* in the rig */
	struct soup arrived; /* all it ever sent */
	size_t consumed;
	struct soup sent;    /* all we sent */
	size_t peek_left;    /* scratch of this turn; SIZE_MAX: no bound */
	size_t send_room;
	bool was_reset;
};

struct rig_record {
	uint32_t slot;
	int64_t timestamp;
	uint8_t level;
	bool has_key;
	size_t key_size;
	uint8_t key[RECORD_KEY_BYTES_MAX];
	size_t value_size;
	uint8_t *value;
	size_t headers_size;
	uint8_t headers[RECORD_HEADERS_BYTES_MAX];
};

struct rig {
	struct ingest in;
	struct jt808_parts jt808_parts;
	struct transport wires;
	struct frame_vec frames;
	struct datagram_vec datagrams;
	struct record_vec records;
	struct wake wakes[2];
	struct handoff writers[RIG_WRITERS];
	struct handoff servers[CALL_SERVERS];
	struct outbox outbox; /* the only sender into the poller's inbox */
	struct stream_table streams;
	struct topics *topics;
	int16_t error;        /* what the writers answer */
	unsigned appends;     /* batches seen by the writers */
	uint32_t batch_bytes_max; /* of those */
	uint8_t codec;        /* of the last: what its writer compresses it with */
	struct rig_record *stored;
	size_t stored_count;
	size_t stored_capacity;
};

struct rig_options {
	uint64_t lane_credit_bytes; /* 0: plenty */
	uint32_t answers_max;
	uint32_t answer_chunks; /* small ones */
	uint32_t appends_max;
	uint32_t batch_bytes;
};

struct rig *rig_create(const struct rig_options *options);
/* Ends the test when a pool has lost something or a ledger does not balance. */
void rig_destroy(struct rig *r);

/* One turn of the poller's stages, `after_us` after the last one; then the writers'. */
void rig_turn(struct rig *r, uint64_t after_us);
void rig_turn_without_writer(struct rig *r, uint64_t after_us);
void rig_write(struct rig *r);
/* Turns until nothing moves any more: lingers are over, all is stored and answered. */
void rig_settle(struct rig *r);
void rig_set_topic(struct rig *r, unsigned listener, const char *name);
uint64_t rig_stat(const struct rig *r, enum stat_id id);

/* `count` vehicles of the listener PLATFORM, and the end of all of them and of the rig. */
void rig_open_vehicles(struct rig *r, struct wire **vehicles, unsigned count);
void rig_close_vehicles(struct rig *r, struct wire **vehicles, unsigned count);
/* What a vehicle's login takes of its lane's credit. */
uint32_t rig_login_credit(void);

struct wire *wire_open(struct rig *r, uint8_t listener);
void wire_send(struct wire *w, const void *data, size_t size);
void wire_end(struct wire *w);
void wire_lose(struct wire *w);
void wire_free(struct wire *w);

#endif
