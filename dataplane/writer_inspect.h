/* writer_inspect.h - what producers compressed is opened once, before it has an offset: is its
 * header true? See docs/INSPECTION.md.
 *
 *     take_append ─ compressed, or behind one ─▶ line of its partition ─ inspector_turn ─▶ passed
 *          │ everything else                                                                │
 *          └──────────────────────────────────▶ log ◀──────────────── good ────────────────┤
 *                                       its requester ◀──── refused: a->error ──────────────┘
 *
 * One batch is open at a time, the partitions' in turn, in pieces: a turn costs
 * INSPECT_COST_PER_TURN at most, but for the block that takes it there (writer_open.h). Whoever has
 * the same partition and comes later waits behind it, for a connection's batches keep their order;
 * what pollers built of frames does not: no vehicle shares its connection with a producer.
 *
 * A batch is good when its stream opens to exactly as many records as its header counts, each as
 * long as it says, their offsets one by one from 0, their times within the topic's bounds. Its
 * latest time is made that of its records. It may open to INSPECT_BYTES_FREE, or else to
 * INSPECT_RATIO_MAX times its own size.
 *
 * Core: writer. Memory: the opener's, mapped at creation; a batch stays where it is, lent.
 */
#ifndef PENSTOCK_WRITER_INSPECT_H
#define PENSTOCK_WRITER_INSPECT_H

#include "dataplane/base/stats.h"
#include "dataplane/handoff.h"

enum {
	INSPECT_BYTES_FREE = 4 << 20,
	INSPECT_RATIO_MAX = 64,
	/* Bytes opened, INSPECT_COST_OF_IN for each byte of the stream (a stream may be long and
	 * open to nothing), INSPECT_COST_OF_BATCH for each batch. */
	INSPECT_COST_PER_TURN = 128 << 10,
	INSPECT_COST_OF_IN = 4,
	INSPECT_COST_OF_BATCH = 1024,
};

struct inspector;

/* Null when there is no memory. */
struct inspector *inspector_create(struct stats *stats);
void inspector_destroy(struct inspector *i);

/* True: the inspector has it, and gives it back by inspector_next(). */
bool inspector_take(struct inspector *i, struct append_msg *a);
/* Does a turn's work; false: there was none. */
bool inspector_turn(struct inspector *i);
/* The next that is through, in the order of its partition, or null. Its error says how: none, or
 * what it is refused for. */
struct append_msg *inspector_next(struct inspector *i);
/* Nobody waits. */
bool inspector_is_idle(const struct inspector *i);

#endif
