/* lane.h - one partition as one poller sees it: its byte credits, who waits for them, the
 * batch being filled, and who waits for new data.
 *
 *     session ─ credit_take ─▶ credits left? ─ no ─▶ credit->blocked, session stops reading
 *                                  │ yes                  ▲
 *                                  ▼                      │ completion gives credit back: as many
 *                           batch ─▶ handoff              │ are woken as it is enough for
 *
 * Credits are bytes not yet given back by the writer: per (poller, writer), and capped per
 * partition, so that a slow or fenced partition cannot stall its neighbours; of each kind apart.
 * Reserved bytes always find chunks: the batch pool holds the credits of all writers, one chunk
 * of waste per append, and what batches hold that are not whole yet (incoming.h).
 *
 * Core: poller.
 */
#ifndef PENSTOCK_LANE_H
#define PENSTOCK_LANE_H

#include "config/bounds.h"
#include "dataplane/base/list.h"
#include "dataplane/base/require.h"
#include "dataplane/handoff.h"

/* A lane's credit of one kind. */
struct lane_credit {
	uint32_t reserved_bytes; /* not yet given back */
	struct list blocked;     /* struct session_place.blocked: for credit of this lane */
	struct list relieved;    /* on lanes->relieved of its writer, or alone */
};

struct lane {
	struct partition_ref partition;
	uint8_t writer;               /* which of them serves the slot */
	struct lane_credit credit[CREDIT_KINDS];
	uint64_t named_by;            /* number of the last Produce that names the partition */
	uint32_t incoming_chunks;     /* of batches for it that are not on their way (incoming.h) */
	/* The batch being filled from frames; null when there is none. */
	struct append_msg *open;
	uint64_t open_deadline_ns;    /* linger */
	struct list open_node;        /* lanes with an open batch, earliest deadline first */
	uint8_t open_route;           /* whose records it holds: which of those lists */
	int64_t open_base_timestamp;
	int64_t open_max_timestamp;
	/* Fetches parked until the high watermark passes `watch.offset`. */
	struct watch_msg watch;
	bool is_watching;             /* `watch` is on its way, at the writer, or not worked off */
	struct list parked;           /* struct fetch_part.node */
	struct list due;              /* likewise: parked when the watch came back, not woken yet */
	struct list waking;           /* on reading.waking, or alone */
};

struct lanes {
	struct lane *lanes;           /* by slot */
	struct chunk_pool batch_pool; /* all bytes on their way to writers */
	uint32_t writers;
	uint64_t writer_credit_bytes; /* limit per writer and kind */
	uint64_t lane_credit_bytes;   /* limit per partition and kind */
	uint64_t reserved[WRITERS_MAX][CREDIT_KINDS];
	/* Lanes that got credit back while sessions wait for it: struct lane_credit.relieved. */
	struct list relieved[WRITERS_MAX][CREDIT_KINDS];
};

/* Maps the lanes and a batch pool that covers every credit, and `incoming_chunks`; -errno. */
int lanes_init(struct lanes *l, unsigned writers, uint64_t writer_credit_bytes,
	       uint64_t lane_credit_bytes, uint32_t incoming_chunks);
void lanes_fini(struct lanes *l);

/* The lane of a partition; resets a lane whose slot has been given a new generation (the old
 * one's bytes are still counted until its appends come back). */
struct lane *lanes_get(struct lanes *l, struct partition_ref partition);

/* Takes credit for `bytes`; false: there is too little. */
bool lane_reserve(struct lanes *l, struct lane *lane, enum credit_kind kind, uint32_t bytes);
/* Gives `bytes` back; whoever waits for them is admitted in the next turn (waiting.h). */
void lane_release(struct lanes *l, struct lane *lane, enum credit_kind kind, uint32_t bytes);

/* The lane that a poller's append is for. */
static inline struct lane *append_lane(const struct append_msg *a)
{
	require(a->msg.kind == HANDOFF_APPEND);
	return a->owner;
}

/* Credit left. */
static inline uint64_t lane_room(const struct lanes *l, const struct lane_credit *credit)
{
	uint64_t reserved = credit->reserved_bytes;
	return l->lane_credit_bytes > reserved ? l->lane_credit_bytes - reserved : 0;
}

static inline uint64_t writer_room(const struct lanes *l, unsigned writer,
				   enum credit_kind kind)
{
	uint64_t reserved = l->reserved[writer][kind];
	return l->writer_credit_bytes > reserved ? l->writer_credit_bytes - reserved : 0;
}

#endif
