/* writer_inspect.h - what producers compressed is opened once, before it has an offset: is its
 * header true? See docs/INSPECTION.md.
 *
 *     take_append ─ compressed, or behind one ─▶ line ─ inspector_turn ─▶ passed
 *          │ everything else                                            │
 *          └───────────────────────▶ log ◀──────────── good ────────────┤
 *                          its requester ◀──── refused: a->error ───────┘
 *
 *     sources in turn ─▶ of one, its lines in turn ─▶ of one, its oldest batch
 *
 * A line is what one connection sends to one partition: whoever comes later by the same way waits
 * behind it, for a connection's batches keep their order. Nobody else does: what other
 * connections send to the partition and need not be opened passes, and what pollers built of
 * frames.
 *
 * Turns go by cost, not by batch: a source has INSPECT_SHARE, and a line of it has, before it is
 * the next one's turn; who took more with a batch that cost more is passed over until the others
 * have had as much.
 *
 * One batch is open at a time, in pieces: a turn ends after INSPECT_COST_PER_TURN, or when its
 * time is over, which is looked at after each piece. A stream may be slow, and open to nothing:
 * where one was, pieces are made of few bytes until they have shown to be quick.
 *
 * A batch whose topic wants another codec than it came with is compressed anew meanwhile, as it is
 * opened (writer_pack.h). What is stored is the writer's then; what came is kept beside it, and is
 * the requester's again when the append goes back.
 *
 * A batch is good when its stream opens to exactly as many records as its header counts, each as
 * long as it says, their offsets one by one from 0, their times within the topic's bounds. Its
 * latest time is made that of its records. It may open to so much (record_batch.h).
 *
 * Core: writer. Memory: the opener's, mapped at creation; a batch stays where it is, lent.
 */
#ifndef PENSTOCK_WRITER_INSPECT_H
#define PENSTOCK_WRITER_INSPECT_H

#include "dataplane/base/stats.h"
#include "dataplane/handoff.h"

enum {
	/* Bytes opened, INSPECT_COST_OF_IN for each byte of the stream (a stream may be long and
	 * open to nothing), INSPECT_COST_OF_BATCH for each batch, INSPECT_COST_OF_TURN for whoever
	 * is passed over. */
	INSPECT_COST_PER_TURN = 128 << 10,
	INSPECT_COST_OF_IN = 4,
	INSPECT_COST_OF_BATCH = 1024,
	INSPECT_COST_OF_TURN = 64,
	/* Each byte that is compressed anew; in one go no more than gzip does in 200 us. */
	INSPECT_COST_OF_PACKED = 4,
	INSPECT_PACKED_PER_STEP = 8 << 10,
	/* Cost that a source, and a line of it, has in one go; what it can be in debt for. */
	INSPECT_SHARE = 64 << 10,
	INSPECT_DEBT_MAX = 64 << 20,
	/* Time is counted in cycles, at 2.4 GHz: to ask the clock costs ten times as much.
	 * To sources a piece costs its time, if that is more: slower than 240 MB/s is dear. */
	INSPECT_CYCLES_OF_COST = 10,
	/* A turn's time (250 us), and where others have work on the same core (100 us). */
	INSPECT_CYCLES_PER_TURN = 600000,
	INSPECT_CYCLES_PER_BUSY_TURN = 240000,
	/* A piece that takes longer (50 us), and longer than its bytes say, is followed by one of
	 * half as many bytes; for a while (0.8 s) batches begin with small ones. */
	INSPECT_CYCLES_PER_PIECE = 120000,
	INSPECT_WARY_CYCLES = 2000000000,
	/* So long after the last batch its memory is given back, bit by bit. */
	INSPECT_REST_NS = 1000000000,
};

struct inspector;

/* Null when there is no memory. */
struct inspector *inspector_create(struct stats *stats);
void inspector_destroy(struct inspector *i);

/* True: the inspector has it, and gives it back by inspector_next(). */
bool inspector_take(struct inspector *i, struct append_msg *a);
/* Does a turn's work; false: there was none. `is_core_busy`: what else turns on the core has
 * some. */
bool inspector_turn(struct inspector *i, bool is_core_busy);
/* The append is on its way back: its bytes are those that came, whatever was stored of them. */
void inspector_restore(struct append_msg *a);
/* The next that is through, in the order of its partition, or null. Its error says how: none, or
 * what it is refused for. */
struct append_msg *inspector_next(struct inspector *i);
/* Nobody waits. */
bool inspector_is_idle(const struct inspector *i);

#endif
