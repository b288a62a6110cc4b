/* sim_history.h - what was sent, what was acknowledged, what a consumer saw: the oracle
 * outside the system.
 *
 * Every record carries (client, seq) and bytes that follow from them. The checker reads the
 * log files, and says of each record whether it is where it was promised, once, whole, in
 * order; and of each offset a consumer saw, whether it still holds the same record. What is
 * promised as durable, or shown to a consumer, must be such at that moment: sim_kept.h.
 */
#ifndef PENSTOCK_SIM_HISTORY_H
#define PENSTOCK_SIM_HISTORY_H

#include "dataplane/handoff.h"
#include "tests/sim/sim.h"

enum {
	SIM_VALUE_BYTES_MIN = 8,
	SIM_VALUE_BYTES_MAX = 3000,
	SIM_CLIENTS_MAX = 128,
	/* Clients from here on send datagrams: the wire may double and reorder them. */
	SIM_DATAGRAM_CLIENTS = 112,
};

struct history *history_create(const char *log_dir);
void history_destroy(struct history *h);

/* The bytes of record (client, seq), at least SIM_VALUE_BYTES_MIN: two be32 first. Returns
 * the size. */
size_t sim_value(uint32_t client, uint32_t seq, uint8_t *ret);
/* Which of its client's keys the record has, where records have keys. */
uint32_t sim_key(uint32_t seq);

/* A new record of `client` on its `connection`-th connection, sent to `partition` (-1: the
 * gateway chooses). Returns its seq. */
uint32_t history_sent(struct history *h, uint32_t client, uint32_t connection,
		      const char *topic, int32_t partition);
/* Acknowledged at `level`, at `offset` (-1: not told). */
void history_acked(struct history *h, uint32_t client, uint32_t seq, enum ack_level level,
		   int64_t offset);
/* Refused with an error that says it was not stored. */
void history_refused(struct history *h, uint32_t client, uint32_t seq);
/* A consumer was given this; `asked` is what history_deletions() was when it asked. */
struct history_sight {
	const char *topic;
	int32_t partition;
	int64_t offset;
	uint32_t client, seq;
	uint32_t asked;
};
void history_seen(struct history *h, const struct history_sight *seen);

/* The fleeting topic: its deletion begins; it is done, and what was acknowledged before must
 * not be seen again; it was refused, or a crash came before anything of it was done: every
 * record is still there. */
void history_deleting(struct history *h);
void history_deleted(struct history *h);
void history_not_deleted(struct history *h);
bool history_is_deleting(const struct history *h);

/* Somebody asks that a topic have so many partitions (0: that it be gone); it was answered that
 * it has; it is found with so many after a start, which must be what it was or what was asked
 * for. */
void history_topic_asked(struct history *h, const char *topic, uint32_t partitions);
void history_topic_is(struct history *h, const char *topic, uint32_t partitions);
bool history_topic_may_be(struct history *h, const char *topic, uint32_t partitions);
void history_topic_found(struct history *h, const char *topic, uint32_t partitions);
uint32_t history_deletions(const struct history *h);

/* A client was given this producer id, which nobody was given before, in this life or an earlier
 * one. */
void history_id_given(struct history *h, int64_t id);

/* A consumer was told this high watermark; `asked` as in history_sight. */
void history_high_watermark(struct history *h, const char *topic, int32_t partition,
			    int64_t offset, uint32_t asked);

/* Behind the last record that no power cut can take from the partition any more. */
int64_t history_durable_end(struct history *h, const char *topic, int32_t partition);

/* Behind the last offset of "events" that was told with a durable answer; 0 for others. */
int64_t history_acked_end(const struct history *h, const char *topic, int32_t partition);

/* The gateway starts, on what a stop or a crash has left. */
void history_begins(struct history *h);
/* What only reached `written` may be gone from now on. */
void history_power_lost(struct history *h);

/* Reads every log below `log_dir`; sim_fail() says what is not as promised. `is_stopped`:
 * in order, so sizes and indexes are exact. */
void history_check(struct history *h, const char *log_dir, bool is_stopped);

/* The weather is calm from here on: whoever sends datagrams reaches the gateway with each... */
void history_calm(struct history *h);
/* ... which is among the records of the last history_check(). */
void history_check_calm(const struct history *h);

uint64_t history_records(const struct history *h);
uint64_t history_acks(const struct history *h);

#endif
