/* log_rig.h - one log in a directory of its own, driven turn by turn: what the log tests
 * share. The disk is whichever implementation is linked. */
#ifndef PENSTOCK_TESTS_LOG_RIG_H
#define PENSTOCK_TESTS_LOG_RIG_H

#include "dataplane/store/log/log.h"
#include "dataplane/store/log/log_service.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/record/record_batch.h"

enum { RIG_APPENDS_MAX = 4096, RIG_DIRECTORY_BYTES = 128,
       RIG_SMALL_WRITE_BYTES = 32 << 10 };

/* Whose batches rig_append() makes; the sequence goes on with them. */
struct rig_producer {
	int64_t id;
	int16_t epoch;
	int32_t sequence;
};

struct rig {
	char root[64];
	char directory[RIG_DIRECTORY_BYTES]; /* of the partition, below root */
	struct log_options options;
	int64_t log_start_offset; /* as control keeps it; -1: it does not know */
	bool is_compacted;
	struct mark_key key;
	int64_t durable_mark; /* control's, of the last orderly end; -1: none */
	struct log_dir dir; /* root; no rule: each log is synced by itself */
	struct log_service_options service_options;
	uint64_t turn_ns; /* what a turn takes: a millisecond */
	struct stats stats;
	struct disk *disk;
	struct disk *control;
	struct log_service service;
	struct log *log;
	struct log_recovery found;
	struct chunk_pool pool;
	unsigned answered;     /* appends given back since rig_open */
	unsigned failed;       /* of them with an error */
	struct append_msg appends[RIG_APPENDS_MAX];
	unsigned append_count;
	struct rig_producer *producer; /* of the next batch; null: nobody with an id */
	const char *record_key; /* of the next batch's records; null: none */
	bool has_no_value; /* of the next batch's records */
	int64_t time_ms; /* of the next batch; 0: each is a millisecond after the last */
	bool is_answered[RIG_APPENDS_MAX];
	uint8_t *expected;     /* every batch appended, back to back, as the log must hold it */
	size_t expected_bytes;
};

/* A directory, buffers and options; no log yet. Fields may be changed before rig_open. */
struct rig *rig_create(void);
void rig_destroy(struct rig *r);

/* Opens and serves the log; false: log_open failed. `recovery_point` as control keeps it. */
bool rig_open(struct rig *r, int64_t recovery_point, bool is_clean);
/* Its two parts. */
void rig_take_marks(struct rig *r);
bool rig_open_log(struct rig *r, int64_t recovery_point, bool is_clean);
/* As a killed process leaves it: what is under way is completed, nothing more is done. */
void rig_abandon(struct rig *r);
/* As ADMIN_CLOSE does. */
void rig_finish(struct rig *r);

/* What the mark file says of the log; -1: nothing. */
int64_t rig_noted_mark(struct rig *r);
/* As if nothing that was durable had been noted. */
void rig_forget_marks(struct rig *r);

/* Appends one batch of `count` records with values of `value_bytes`. */
struct append_msg *rig_append(struct rig *r, uint32_t count, size_t value_bytes,
			  enum ack_level level);
/* One turn, turn_ns later; true when something completed. */
bool rig_turn(struct rig *r);
/* Turns until nothing is under way and all is synced (an eager or real disk). */
void rig_drain(struct rig *r);

/* Reads with `chunks` empty chunks and waits; the caller gives read.bytes back. */
struct read_msg rig_read(struct rig *r, int64_t offset, unsigned chunks, uint32_t bytes_max);
/* Reads everything from the start and compares it with what was appended. */
void rig_check_content(struct rig *r);

struct log_marks rig_marks(const struct rig *r);

/* Whole file of the partition, to be freed; null when there is none. */
uint8_t *rig_load(const struct rig *r, const char *name, size_t *ret_size);
void rig_store(const struct rig *r, const char *name, const void *data, size_t size);
bool rig_has(const struct rig *r, const char *name);

#endif
