/* lane.h - one partition as one poller sees it: its byte credits, who waits for them, the
 * batch being filled, and who waits for new data.
 *
 *     session ─ credit_take ─▶ credits left? ─ no ─▶ lane->blocked, session stops reading
 *                                  │ yes                  ▲
 *                                  ▼                      │ completion gives credit back: as many
 *                           batch ─▶ handoff              │ are woken as it is enough for
 *
 * Credits are bytes not yet given back by the writer: per (poller, writer), and capped per
 * partition, so that a slow or fenced partition cannot stall its neighbours. Reserved bytes
 * always find chunks: the batch pool holds the credits of all writers, one chunk of waste per
 * append, and the reserve of the oldest incomplete batch (see lanes_init).
 *
 * Core: poller.
 */
#ifndef PENSTOCK_LANE_H
#define PENSTOCK_LANE_H

#include "config/bounds.h"
#include "dataplane/base/list.h"
#include "dataplane/base/require.h"
#include "dataplane/handoff.h"

struct lane {
	struct partition_ref partition;
	uint32_t reserved_bytes;      /* of this lane, not yet given back */
	uint8_t writer;               /* which of them serves the slot */
	struct list blocked;          /* struct session.blocked: for credit of this lane */
	struct list relieved;         /* on lanes->relieved of its writer, or alone */
	/* The batch being filled from frames; null when there is none. */
	struct append_msg *open;
	uint64_t open_deadline_ns;    /* linger */
	struct list open_node;        /* lanes with an open batch, earliest deadline first */
	uint8_t open_listener;        /* whose records it holds: which of those lists */
	int64_t open_base_timestamp;
	int64_t open_max_timestamp;
	/* Fetches parked until the high watermark passes `watch.offset`. */
	struct watch_msg watch;
	bool is_watching;             /* `watch` is on its way or at the writer */
	struct list parked;           /* struct fetch_part.node */
};

struct lanes {
	struct lane *lanes;           /* by slot */
	struct chunk_pool batch_pool; /* all bytes on their way to writers */
	uint32_t writers;
	uint64_t writer_credit_bytes; /* limit per writer */
	uint64_t lane_credit_bytes;   /* limit per partition */
	uint64_t reserved[WRITERS_MAX];
	/* Lanes that got credit back while sessions wait for it: struct lane.relieved. */
	struct list relieved[WRITERS_MAX];
	uint32_t reserve_bytes;       /* extra, for the oldest incomplete batch only */
};

/* Maps the lanes and a batch pool that covers every credit; -errno. */
int lanes_init(struct lanes *l, unsigned writers, uint64_t writer_credit_bytes,
	       uint64_t lane_credit_bytes, uint32_t reserve_bytes);
void lanes_fini(struct lanes *l);

/* The lane of a partition; resets a lane whose slot has been given a new generation (the old
 * one's bytes are still counted until its appends come back). */
struct lane *lanes_get(struct lanes *l, struct partition_ref partition);

/* Is there credit for `bytes`? `may_use_reserve`: of the oldest incomplete batch. */
bool lane_has_credit(const struct lanes *l, const struct lane *lane, uint32_t bytes,
		     bool may_use_reserve);
/* Takes it; false: there is too little. */
bool lane_reserve(struct lanes *l, struct lane *lane, uint32_t bytes, bool may_use_reserve);
/* Gives `bytes` back; whoever waits for them is admitted in the next turn (waiting.h). */
void lane_release(struct lanes *l, struct lane *lane, uint32_t bytes);

/* The lane that a poller's append is for. */
static inline struct lane *append_lane(const struct append_msg *a)
{
	require(a->msg.kind == HANDOFF_APPEND);
	return a->owner;
}

/* Credit left, without the reserve. */
static inline uint64_t lane_room(const struct lanes *l, const struct lane *lane)
{
	uint64_t reserved = lane->reserved_bytes;
	return l->lane_credit_bytes > reserved ? l->lane_credit_bytes - reserved : 0;
}

static inline uint64_t writer_room(const struct lanes *l, unsigned writer)
{
	uint64_t reserved = l->reserved[writer];
	return l->writer_credit_bytes > reserved ? l->writer_credit_bytes - reserved : 0;
}

#endif
