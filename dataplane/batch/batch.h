/* batch.h - records into batches, per partition, in the poller's own memory.
 *
 *     ingest ─▶ record_vec ─▶ batch_input ─▶ lane->open ─ full ─┐
 *                                    linger over ─ batch_flush ─┴─▶ finished ─▶ handoff_submit
 *
 * A record is encoded straight into the chunk chain of its lane's open batch (the one copy
 * of its bytes on the poller). Header fields that need the whole batch (length, count,
 * timestamps) are written when it is closed; length and CRC again by the writer when it
 * compresses. Credit for the bytes was reserved by ingest, so nothing here can fail.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_BATCH_H
#define PENSTOCK_BATCH_H

#include "config/bounds.h"
#include "dataplane/base/slab.h"
#include "dataplane/base/stats.h"
#include "dataplane/batch/incoming.h"
#include "dataplane/batch/lane.h"
#include "dataplane/batch/route.h"

struct answers;
struct moment;
struct record;
struct record_vec;
struct topic;

enum { APPEND_EPOCHS = 2 };

/* All batches of a poller, and what they are made of. */
struct batching {
	struct stats *stats;
	const struct moment *now;
	uint8_t poller; /* which one: appends name their sender */
	struct lanes lanes;
	uint64_t requests; /* Produce requests begun: struct lane.named_by */
	struct incoming incoming;
	struct slab appends;         /* open, being received, or on their way */
	uint32_t taken[WRITERS_MAX][CREDIT_KINDS]; /* of them */
	struct list finished;        /* struct append_msg.node: complete, for handoff */
	/* Per route, so that one linger rules each: struct lane.open_node, earliest deadline
	 * first. */
	struct list open_lanes[ROUTES_MAX];
	struct routes routes;
	uint32_t begun[APPEND_EPOCHS]; /* of `appends`, by the epoch they were taken in */
	uint8_t epoch;                 /* see fence.h */
};

struct batching_bounds {
	uint8_t poller;
	unsigned writers;
	uint32_t appends;
	uint64_t writer_credit_bytes;
	uint64_t lane_credit_bytes;
	uint32_t message_bytes_max;
};

/* -errno. */
int batching_init(struct batching *b, const struct batching_bounds *bounds,
		  struct stats *stats, const struct moment *now);
void batching_fini(struct batching *b);

/* The codec (enum record_codec) of what is stored in the topic: of what is built here, and of what
 * producers send if the topic does not leave that to them. */
uint8_t topic_codec(const struct topic *topic);

/* Bytes of credit a record takes whose key, value and headers have so many: its encoding, at its
 * longest, and a share of a batch header. */
uint32_t record_reserve_bytes(size_t bytes);

void batch_input(struct batching *b, struct answers *as, const struct record_vec *records);
/* Closes the lane's open batch: queued for handoff_submit, credit it did not need back. */
void batch_close(struct batching *b, struct lane *lane);
/* Closes batches whose linger is over; all of them when `all`. */
void batch_flush(struct batching *b, bool all);
/* Nanoseconds until a linger is over, at most `limit_ns`. */
uint64_t batch_idle_ns(const struct batching *b, uint64_t now_ns, uint64_t limit_ns);
/* Gives the finished batches to their writers. */
void handoff_submit(struct batching *b, struct handoff *const writers[]);

/* Nothing that was begun before this epoch is under way any more. */
static inline bool batching_is_settled(const struct batching *b)
{
	return b->begun[!b->epoch] == 0;
}

/* What is begun from now on is told from what was before; the epoch before has settled. */
static inline void batching_new_epoch(struct batching *b)
{
	b->epoch = !b->epoch;
}

/* There is an append object for `lane`, `others` more being taken first: each writer has as
 * many as its handoff holds, of each kind its own, so that a slow one does not stall the
 * others. */
bool append_is_sure(const struct batching *b, const struct lane *lane, enum credit_kind kind,
		    uint32_t others);
/* Takes one; null when the budget of the lane's writer is used up. */
struct append_msg *append_take(struct batching *b, struct lane *lane, enum credit_kind kind);
/* The append is complete: queue it for handoff_submit. */
void append_finish(struct batching *b, struct append_msg *give);
/* Gives object, bytes and credit back. */
void append_give(struct batching *b, struct append_msg *a);

#endif
