/* offsets_waits.h - ListOffsets for the end of a partition that records are about to pass: it
 * waits for their sync.
 *
 *     offsets_wait ─▶ parked ─▶ high watermark where `written` was, or a second ─▶ handled again
 *
 * Who was answered at acks=1 and asks for the end finds what he wrote before it, which readers are
 * shown no sooner. What is written is synced within milliseconds, whoever asks.
 *
 * Core: control. Ownership: what waits is the parking's (parking.h). Cost: OFFSETS_LOOKS of them a
 * turn, one partition of each.
 */
#ifndef PENSTOCK_OFFSETS_WAITS_H
#define PENSTOCK_OFFSETS_WAITS_H

#include "control/catalog/registry.h"
#include "control/kafka/kafka_waiting.h"

enum {
	OFFSETS_LOOKS = 256,
	/* A disk that takes longer is not waited for: the end is where it is. */
	OFFSETS_WAIT_MS_MAX = 1000,
};

/* An end that is awaited. */
struct offsets_end {
	struct bytes topic; /* within the request's bytes */
	int32_t partition;
	int64_t offset;
};

struct offsets_wait {
	struct kafka_waiting waiting; /* its node: offsets_waits->all */
	uint64_t deadline_ns;
	uint32_t count, passed;
	struct offsets_end ends[]; /* then the request's bytes */
};

struct offsets_waits {
	struct registry *registry;
	struct parking *parking;
	struct list all;
};

void offsets_waits_init(struct offsets_waits *w, struct registry *registry,
			struct parking *parking);

/* False: as much is parked as may be, and the request is to be answered at once. */
bool offsets_wait(struct offsets_waits *w, const struct kafka_request *r,
		  const struct offsets_end *ends, uint32_t count);

/* One that is to be handled again, or null. `looks` go down to 0 in a turn. */
struct kafka_waiting *offsets_waits_next(struct offsets_waits *w, uint64_t now_ns,
					 unsigned *looks);

/* Somebody waits: nothing will wake control for it. */
static inline bool offsets_waits_any(const struct offsets_waits *w)
{
	return !list_is_empty(&w->all);
}

#endif
