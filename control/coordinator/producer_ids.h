/* producer_ids.h - producer ids by the block in, one after the other out; who asks while there is
 * none waits for the next block.
 *
 *     block under way   ▓▓▓▓▓▓▓▓▓░░░░░░░  at half the next one is wished for (id_blocks.h),
 *     the next one      ░░░░░░░░░░░░░░░░  and lies there before the first is used up
 *
 * Who waits is answered with an id, in the order of asking, or after PRODUCER_ID_WAIT_NS with 14
 * COORDINATOR_LOAD_IN_PROGRESS, which every client retries without looking for another coordinator:
 * the disk may be full for as long as it likes, and the parking is the groups' as well.
 *
 * Nothing is kept of an id that was given. Core: coordinator. Limits: those of parking.h;
 * PARKED_ID_BYTES_MAX for each who waits.
 */
#ifndef PENSTOCK_PRODUCER_IDS_H
#define PENSTOCK_PRODUCER_IDS_H

#include "control/calls/id_blocks.h"
#include "control/calls/kafka_request.h"
#include "control/calls/parking.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/stats.h"

#define PRODUCER_ID_WAIT_NS (500 * NS_PER_MS)

enum { PARKED_ID_BYTES_MAX = 160 };

struct producer_ids {
	struct id_blocks *blocks; /* null: there are none */
	struct parking *parking;
	struct stats *stats;
	int64_t next, end;   /* of the block under way */
	struct list waiting; /* struct parked_id.node */
};

void producer_ids_init(struct producer_ids *p, struct id_blocks *blocks, struct parking *parking,
		       struct stats *stats);

/* An id that nobody has; NO_PRODUCER_ID: there is none now. */
int64_t producer_ids_take(struct producer_ids *p);
/* The request waits for one. False: it cannot, and is to be answered. */
bool producer_ids_park(struct producer_ids *p, const struct kafka_request *r, uint64_t now_ns);

/* Answers who waits, as far as there are ids, or has waited long enough; true when it found any. */
bool producer_ids_turn(struct producer_ids *p, uint64_t now_ns);
/* Until when nothing is due; `limit_ns` at most. */
uint64_t producer_ids_idle_ns(const struct producer_ids *p, uint64_t now_ns, uint64_t limit_ns);
/* Has what somebody waits for come? Asked before the coordinator sleeps. */
bool producer_ids_has_news(const struct producer_ids *p);

/* What a client reads: an id with its first epoch, or an error. */
enum kafka_outcome producer_ids_answer(struct kafka_request *r, int64_t id, int16_t error);

#endif
