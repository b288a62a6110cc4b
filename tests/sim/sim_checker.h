/* sim_checker.h - reads Kafka log directories out of the simulated disk with a reader of its
 * own: whole batches, CRC, dense offsets, and the indexes due for them. */
#ifndef PENSTOCK_SIM_CHECKER_H
#define PENSTOCK_SIM_CHECKER_H

#include "tests/sim/sim.h"

struct found_record {
	const char *topic;
	int32_t partition;
	int64_t offset;
	int64_t timestamp;
	uint32_t client, seq;
	struct bytes value; /* what sim_value() made */
};

typedef void (*checker_visit)(void *arg, const struct found_record *r);

enum checker_state {
	CHECKER_CRASHED,   /* tails may be torn, indexes behind */
	CHECKER_RECOVERED, /* ready, nothing appended yet: whole, with the indexes due */
	CHECKER_STOPPED,   /* in order: the same, and of exact size */
};

/* Visits every record below `log_dir` in offset order of each partition; `visit` null: only
 * looks whether the files are as they must be. */
void checker_read(const char *log_dir, enum checker_state state, checker_visit visit,
		  void *arg);

/* A segment's batches, be it in its place already or not (.swap). */
bool checker_is_log(const char *path);

/* A whole batch with a good CRC. */
struct checker_batch {
	int64_t base_offset;
	int64_t last_offset;
	int64_t max_timestamp;
	size_t size;
	uint32_t count;
	uint16_t attributes;
	const uint8_t *bytes;
};

/* The batch that begins with `from`; false: there is none. */
bool checker_batch(struct bytes from, struct checker_batch *ret);

/* The records of whole batches as a Fetch response carries them; the last may be cut. */
void checker_records(const char *topic, int32_t partition, struct bytes batches,
		     checker_visit visit, void *arg);

/* Where the value made by sim_value() lies in a record's value: itself, or inside the GB/T
 * 32960 frame that carries it. */
struct bytes checker_payload(struct bytes record_value);

#endif
